#include "checks/iprev_check.h"

#include "checks/field_text.h"
#include "checks/iprev.h"
#include "model/text.h"

namespace postern {

IprevCheck::IprevCheck() {
  description_.name = "iprev";
  description_.values = {"pass", "fail", "permerror", "temperror"};
  description_.kind = QuestionKind::reverse_dns;
  description_.meaning = "whether the client has a host name that leads back to its address";
}

CheckOutcome IprevCheck::evaluate(const Transaction& transaction, const Facts& facts) const {
  CheckOutcome result;
  const auto& client = transaction.client;
  if (!client.address) return result;
  if (client.name.is_told() && !client.name.value().empty()) {
    result.values.emplace_back("pass");
    result.source.note = client.name.value() + ", as the mail server says";
    return result;
  }
  auto outcome =
      iprev(*client.address, [&](const Question& question) { return facts.find(question); });
  if (outcome.state == IprevOutcome::State::open) {
    result.state = CheckOutcome::State::open;
    result.questions = std::move(outcome.questions);
    return result;
  }
  result.values.emplace_back(to_text(outcome.result));
  switch (outcome.result) {
    case IprevResult::pass:
      result.source.note = std::move(outcome.name);
      break;
    case IprevResult::fail:
      result.source.note = joined(outcome.names, ", ");
      break;
    case IprevResult::permerror:
      result.source.note = "it has no name";
      break;
    case IprevResult::temperror:
      result.source.note = std::move(outcome.cause);
      break;
  }
  return result;
}

bool IprevCheck::speaks(FieldForm form) const noexcept {
  return form == FieldForm::authentication_results;
}

FieldText IprevCheck::field_text(FieldForm form, const Transaction& transaction,
                                 const Facts& facts) const {
  FieldText result;
  if (!speaks(form) || !transaction.client.address) return result;
  auto outcome = evaluate(transaction, facts);
  if (outcome.state == CheckOutcome::State::open) {
    result.state = FieldText::State::open;
    result.questions = std::move(outcome.questions);
    return result;
  }
  if (outcome.values.empty()) return result;
  result.state = FieldText::State::told;
  result.text = "iprev=" + outcome.values.front() +
                " policy.iprev=" + field_value(transaction.client.address->text());
  return result;
}

}  // namespace postern
