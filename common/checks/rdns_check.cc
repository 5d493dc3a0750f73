#include "checks/rdns_check.h"

#include "checks/generic_name.h"
#include "checks/iprev.h"

#include <utility>

namespace postern {

RdnsCheck::RdnsCheck() {
  description_.name = "rdns";
  description_.values = {"none", "named", "generic", "unconfirmed", "temperror"};
  description_.kind = QuestionKind::reverse_dns;
  description_.meaning = "what kind of host name the client's address has";
}

CheckOutcome RdnsCheck::evaluate(const Transaction& transaction, const Facts& facts) const {
  CheckOutcome result;
  const auto& client = transaction.client;
  if (!client.address) return result;
  const auto found = [&](std::string name) {
    result.values.emplace_back(is_generic_name(name, *client.address) ? "generic" : "named");
    result.source.note = std::move(name);
  };
  if (client.name.is_told() && !client.name.value().empty()) {
    found(client.name.value());
    return result;
  }
  auto outcome =
      iprev(*client.address, [&](const Question& question) { return facts.find(question); });
  if (outcome.state == IprevOutcome::State::open) {
    result.state = CheckOutcome::State::open;
    result.questions = std::move(outcome.questions);
    return result;
  }
  // What the first name is like is not known (semantics 8).
  if (outcome.rank == IprevOutcome::Rank::perhaps_second) outcome.result = IprevResult::temperror;
  switch (outcome.result) {
    case IprevResult::pass:
      found(std::move(outcome.name));
      break;
    case IprevResult::fail:
      if (!outcome.names.empty()) found(std::move(outcome.names.front()));
      result.values.emplace_back("unconfirmed");
      break;
    case IprevResult::permerror:
      result.values.emplace_back("none");
      break;
    case IprevResult::temperror:
      result.values.emplace_back("temperror");
      result.source.note = std::move(outcome.cause);
      break;
  }
  return result;
}

}  // namespace postern
