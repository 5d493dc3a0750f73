#include "rules/situation.h"

#include "reply/compose.h"
#include "rules/program.h"

#include <algorithm>

namespace postern::walk {

bool refuses(const Rule& rule) {
  return rule.verdict != Verdict::accept && rule.verdict != Verdict::pass;
}

AcceptScope scope_of(const Rule& rule) { return rule.scope.value_or(AcceptScope::message); }

Situation::Situation(const Transaction& transaction, const Facts& facts, CheckMemo* checks)
    : transaction_(transaction), facts_(facts), scores_(transaction, facts, checks) {
  const auto& recipients = transaction.recipients;
  all_settled_ = transaction.stage >= Stage::data && recipients.is_told() &&
                 !recipients.value().empty() &&
                 std::all_of(recipients.value().begin(), recipients.value().end(),
                             [](const auto& recipient) { return recipient.settled; });
}

ConditionOutcome Situation::outcome(const expression::Program& condition) const {
  ConditionOutcome outcome;
  expression::run(condition, transaction_, facts_, &outcome);
  return outcome;
}

bool Situation::refuses_for_good(const Rule& rule) const {
  if (rule.verdict != Verdict::reject || !rule.reason) return false;
  if (const auto form = form_at(*rule.reason, rule.form, reply_stage(transaction_.stage))) {
    return form->code.first_digit() == 5;
  }
  return rule.reason->kind == ReasonClass::permanent;
}

bool Situation::is_permanent(const Rule& rule) const {
  return rule.verdict == Verdict::discard || rule.verdict == Verdict::quarantine ||
         refuses_for_good(rule);
}

}  // namespace postern::walk
