#include "postern/decision.h"
#include "postern/policy.h"
#include "rules/rule.h"
#include "rules/settings.h"
#include "rules/walk.h"

namespace postern {

std::variant<Decision, NeedsMore> evaluate(const Policy& policy, const Transaction& transaction,
                                           const Facts& facts, Detail detail, CheckMemo* checks) {
  return walk::evaluate({policy.rules(), &policy.rule_index()}, policy.settings().identity,
                        transaction, facts, detail, checks);
}

std::vector<TrailEntry> trail_of(const Policy& policy, const Transaction& transaction,
                                 const Facts& facts, TrailDetail detail) {
  return walk::trail_of({policy.rules(), &policy.rule_index()}, transaction, facts, detail);
}

std::vector<Question> shadow_questions(const Policy& policy, const Transaction& transaction,
                                       const Facts& facts, CheckMemo* checks) {
  return walk::shadow_questions({policy.rules(), &policy.rule_index()}, transaction, facts, checks);
}

std::vector<Question> questions_to_come(const Policy& policy, const Transaction& transaction,
                                        const Facts& facts, CheckMemo* checks) {
  const auto& asking = policy.rules_that_ask_dns();
  if (asking.empty()) return {};
  return walk::questions_to_come({policy.rules(), &policy.rule_index()}, asking, transaction, facts,
                                 checks);
}

std::vector<Question> questions_ahead(const Policy& policy, const Transaction& transaction,
                                      const Facts& facts, CheckMemo* checks) {
  return walk::questions_ahead({policy.rules(), &policy.rule_index()}, transaction, facts, checks);
}

}  // namespace postern
