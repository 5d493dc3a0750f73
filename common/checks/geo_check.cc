#include "checks/geo_check.h"

#include <utility>

namespace postern {

std::string geo_check_name(GeoFact fact) { return "client." + std::string(to_text(fact)); }

GeoCheck::GeoCheck(GeoFact fact) : fact_(fact) {
  const bool country = fact == GeoFact::country;
  description_.name = geo_check_name(fact);
  description_.values = {std::string(geo_unknown)};
  description_.kind = QuestionKind::geo;
  description_.meaning = country ? "the country that the client's address is said to be in"
                                 : "the network that announces the client's address";
  description_.further_value = country ? is_country_code : is_network_text;
  description_.further_hint =
      country ? "it is \"unknown\", or the two capital letters of a country (ISO 3166-1), as in "
                "\"DE\""
              : "it is \"unknown\", or the number of a network, as in \"AS64496\"";
}

CheckOutcome GeoCheck::evaluate(const Transaction& transaction, const Facts& facts) const {
  CheckOutcome result;
  if (!transaction.client.address) return result;
  Question question{QuestionKind::geo, std::string(to_text(fact_)),
                    transaction.client.address->text(), QuestionCost::free};
  const auto* answer = facts.find(question);
  if (answer == nullptr) {
    result.state = CheckOutcome::State::open;
    result.questions.push_back(std::move(question));
    return result;
  }
  result.source = answer->source;
  switch (answer->state) {
    case Answer::State::value:
      result.values = answer->values;
      break;
    case Answer::State::empty:
      result.values.emplace_back(geo_unknown);
      break;
    case Answer::State::unavailable:
      result.state = CheckOutcome::State::unavailable;
      result.cause = answer->cause;
      break;
  }
  return result;
}

}  // namespace postern
