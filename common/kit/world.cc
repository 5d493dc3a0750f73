#include "kit/world.h"

namespace postern {
namespace {

Answer from_test(Answer answer) {
  answer.source.name = "test";
  return answer;
}

Answer dns_answer(const DnsWorld& dns, const Question& question) {
  const auto type = dns_type_from_text(question.subject);
  if (!type) return Answer::unavailable("not part of the test's world");
  auto result = dns.look_up({question.key, *type});
  switch (result.kind) {
    case DnsResult::Kind::servfail:
      return Answer::unavailable("servfail");
    case DnsResult::Kind::timeout:
      return Answer::unavailable("timeout");
    case DnsResult::Kind::no_name:
      break;
    case DnsResult::Kind::records:
      if (!result.records.empty()) return Answer::found(std::move(result.records));
      break;
  }
  auto nothing = Answer::nothing();
  nothing.source.note = result.kind == DnsResult::Kind::no_name ? "NXDOMAIN" : "no such record";
  return nothing;
}

}  // namespace

std::variant<CounterKey, KitFault> counter_key(std::string_view text) {
  const auto space = text.find(' ');
  if (space == 0 || space == std::string_view::npos || space + 1 == text.size()) {
    return KitFault{'"' + std::string(text) + "\" is not the name of a check and a key",
                    "as in \"per_client 192.0.2.1\""};
  }
  return CounterKey{std::string(text.substr(0, space)), std::string(text.substr(space + 1))};
}

std::variant<std::string, KitFault> geo_value(GeoFact fact, std::string_view text) {
  if (text == geo_unknown) return std::string();
  const bool country = fact == GeoFact::country;
  if (country ? is_country_code(text) : is_network_text(text)) return std::string(text);
  return KitFault{'"' + std::string(text) + "\" is not " + (country ? "a country" : "a network"),
                  country ? "two capital letters (ISO 3166-1), as in \"DE\", or \"unknown\""
                          : "as in \"AS64496\", or \"unknown\""};
}

Answer World::answer(const Question& question) const {
  switch (question.kind) {
    case QuestionKind::dns:
    case QuestionKind::spf:
    case QuestionKind::reverse_dns:
    case QuestionKind::helo_dns:
    case QuestionKind::sender_dns:
      return from_test(dns_answer(dns, question));
    case QuestionKind::store: {
      const auto found = counters.find({question.subject, question.key});
      if (found == counters.end()) return from_test(Answer::nothing());
      return from_test(Answer::found({std::to_string(found->second)}));
    }
    case QuestionKind::geo: {
      const auto fact = geo_fact_from_text(question.subject);
      if (!fact || geo[place_of(*fact)].empty()) return from_test(Answer::nothing());
      return from_test(Answer::found({geo[place_of(*fact)]}));
    }
    case QuestionKind::table:
    case QuestionKind::upstream:
    case QuestionKind::sample:
    case QuestionKind::recipients:
      break;
  }
  return from_test(Answer::unavailable("not part of the test's world"));
}

}  // namespace postern
