#include "checks/helo_check.h"

#include <utility>

namespace postern {
namespace {

using ToldName = Told<std::string>;

CheckOutcome not_told() {
  CheckOutcome result;
  result.state = CheckOutcome::State::unavailable;
  result.cause = "the mail server did not tell";
  return result;
}

/// For what needs the name's form alone: DNS says nothing.
const Answer* nothing_asked(const Question& /*question*/) { return nullptr; }

}  // namespace

HeloCheck::HeloCheck(std::string name, OurSelves ours) : ours_(std::move(ours)) {
  description_.name = std::move(name);
  description_.values = {"missing", "malformed", "unusual", "unqualified",
                         "literal", "name",      "ours"};
  description_.earliest = Stage::helo;
  description_.kind = QuestionKind::helo_dns;
  description_.meaning = "the form of the HELO name, and whether it is our own";
}

CheckOutcome HeloCheck::evaluate(const Transaction& transaction, const Facts& /*facts*/) const {
  if (!transaction.client.address) return {};
  if (transaction.helo.state() == ToldName::State::not_told) return not_told();
  // One that comes from the address it came to is on this host, whatever else that is called.
  const auto server = IpAddress::parse(transaction.server_address);
  const bool is_us = server && *server == *transaction.client.address;
  const auto outcome = helo(transaction.helo.value(), *transaction.client.address,
                            is_us ? OurSelves() : ours_, nothing_asked);
  CheckOutcome result;
  result.values.emplace_back(to_text(outcome.form));
  if (outcome.claim == HeloOutcome::Claim::ours) result.values.emplace_back("ours");
  return result;
}

HeloDnsCheck::HeloDnsCheck() {
  description_.name = "helo_dns";
  description_.values = {"matches", "mismatch", "unresolvable", "none", "temperror"};
  description_.earliest = Stage::helo;
  description_.kind = QuestionKind::helo_dns;
  description_.meaning = "whether the HELO name exists in DNS and leads to the client";
}

CheckOutcome HeloDnsCheck::evaluate(const Transaction& transaction, const Facts& facts) const {
  if (!transaction.client.address) return {};
  if (transaction.helo.state() == ToldName::State::not_told) return not_told();
  auto outcome = helo(transaction.helo.value(), *transaction.client.address, {},
                      [&](const Question& question) { return facts.find(question); });
  CheckOutcome result;
  if (outcome.state == HeloOutcome::State::open) {
    result.state = CheckOutcome::State::open;
    result.questions = std::move(outcome.questions);
    return result;
  }
  switch (outcome.dns) {
    case HeloDns::not_asked:
      result.values.emplace_back("none");
      break;
    case HeloDns::resolves:
      // With the answer that is missing it might match, and trouble must not look worse than that.
      result.values.emplace_back(to_text(HeloDns::temperror));
      result.source.note = "it exists";
      break;
    default:
      result.values.emplace_back(to_text(outcome.dns));
      result.source.note = std::move(outcome.cause);
  }
  return result;
}

}  // namespace postern
