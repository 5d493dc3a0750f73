#include "postern/decision.h"
#include "postern/policy.h"
#include "rules/rule.h"
#include "rules/settings.h"
#include "rules/walk.h"

namespace postern {

std::variant<Decision, NeedsMore> evaluate(const Policy& policy, const Transaction& transaction,
                                           const Facts& facts, Detail detail) {
  return walk::evaluate({policy.rules(), &policy.rule_index()}, policy.settings().identity,
                        transaction, facts, detail);
}

std::vector<TrailEntry> trail_of(const Policy& policy, const Transaction& transaction,
                                 const Facts& facts, TrailDetail detail) {
  return walk::trail_of({policy.rules(), &policy.rule_index()}, transaction, facts, detail);
}

std::vector<Question> shadow_questions(const Policy& policy, const Transaction& transaction,
                                       const Facts& facts) {
  return walk::shadow_questions({policy.rules(), &policy.rule_index()}, transaction, facts);
}

std::vector<Question> questions_ahead(const Policy& policy, const Transaction& transaction,
                                      const Facts& facts) {
  return walk::questions_ahead({policy.rules(), &policy.rule_index()}, transaction, facts);
}

}  // namespace postern
