// Walk: the way through a list of rules. Behind evaluate(), apart from it so that rules can be
// walked without a compiled policy. Pure; any thread.
#pragma once

#include "postern/decision.h"
#include "rules/rule.h"
#include "rules/rule_index.h"
#include "rules/settings.h"

#include <variant>
#include <vector>

namespace postern::walk {

/// Rules in stage order, then file order, and the index that was made of them. Without one every
/// rule is looked at; the outcome is the same.
struct RuleList {
  RuleList(const std::vector<Rule>& rules_in, const RuleIndex* index_in = nullptr)
      : rules(rules_in), index(index_in) {}
  const std::vector<Rule>& rules;
  const RuleIndex* index;
};

/// evaluate() of decision.h. `checks`: of earlier rounds with the same transaction.
std::variant<Decision, NeedsMore> evaluate(const RuleList& list, const IdentitySettings& identity,
                                           const Transaction& transaction, const Facts& facts,
                                           Detail detail = Detail::full,
                                           CheckMemo* checks = nullptr);

/// trail_of(), shadow_questions(), questions_to_come() and questions_ahead() of decision.h.
std::vector<TrailEntry> trail_of(const RuleList& list, const Transaction& transaction,
                                 const Facts& facts, TrailDetail detail = TrailDetail::full);
std::vector<Question> shadow_questions(const RuleList& list, const Transaction& transaction,
                                       const Facts& facts, CheckMemo* checks = nullptr);
/// `asking`: the places of rules that may ask DNS.
std::vector<Question> questions_to_come(const RuleList& list,
                                        const std::vector<std::size_t>& asking,
                                        const Transaction& transaction, const Facts& facts,
                                        CheckMemo* checks = nullptr);
std::vector<Question> questions_ahead(const RuleList& list, const Transaction& transaction,
                                      const Facts& facts, CheckMemo* checks = nullptr);

}  // namespace postern::walk
