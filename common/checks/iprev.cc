#include "checks/iprev.h"

#include "model/dns_name.h"

#include <algorithm>

namespace postern {

std::string_view to_text(IprevResult result) noexcept {
  switch (result) {
    case IprevResult::pass:
      return "pass";
    case IprevResult::fail:
      return "fail";
    case IprevResult::permerror:
      return "permerror";
    case IprevResult::temperror:
      break;
  }
  return "temperror";
}

Question pointer_question(const IpAddress& client) {
  return {QuestionKind::reverse_dns, "PTR", reverse_dns_name(client), QuestionCost::free};
}

std::vector<std::string> client_names(const Answer& pointers) {
  std::vector<std::string> names;
  const auto count = std::min(pointers.values.size(), most_client_names);
  for (std::size_t i = 0; i < count; ++i) {
    auto name = dns_name(pointers.values[i]);
    if (!name || !is_name_of_host(*name)) continue;
    if (std::find(names.begin(), names.end(), *name) == names.end()) {
      names.push_back(*std::move(name));
    }
  }
  return names;
}

IprevOutcome iprev(const IpAddress& client,
                   const std::function<const Answer*(const Question&)>& lookup) {
  IprevOutcome outcome;
  const auto look_up = [&](Question question) {
    const auto* answer = lookup(question);
    if (answer == nullptr) {
      outcome.state = IprevOutcome::State::open;
      outcome.questions.push_back(std::move(question));
    }
    return answer;
  };
  const auto* pointers = look_up(pointer_question(client));
  if (pointers == nullptr) return outcome;
  if (pointers->state == Answer::State::unavailable) {
    outcome.result = IprevResult::temperror;
    outcome.cause = pointers->cause;
    return outcome;
  }
  if (pointers->state == Answer::State::empty) return outcome;

  outcome.result = IprevResult::fail;
  const auto* type = client.family() == IpAddress::Family::v4 ? "A" : "AAAA";
  for (auto& name : client_names(*pointers)) {
    outcome.names.push_back(name);
    const auto* addresses = look_up({QuestionKind::reverse_dns, type, name, QuestionCost::free});
    if (addresses == nullptr || outcome.state == IprevOutcome::State::open) continue;
    if (addresses->state == Answer::State::unavailable) {
      outcome.result = IprevResult::temperror;
      if (outcome.cause.empty()) outcome.cause = addresses->cause;
      continue;
    }
    const bool leads_back =
        std::any_of(addresses->values.begin(), addresses->values.end(),
                    [&](const auto& text) { return IpAddress::parse(text) == client; });
    if (!leads_back) continue;
    const bool trouble = outcome.result == IprevResult::temperror;
    if (trouble) outcome.rank = IprevOutcome::Rank::perhaps_second;
    outcome.result = IprevResult::pass;
    outcome.name = std::move(name);
    break;
  }
  return outcome;
}

}  // namespace postern
