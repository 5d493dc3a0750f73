// Walk: the way through a list of rules. Behind evaluate(), apart from it so that rules can be
// walked without a compiled policy. Pure; any thread.
#pragma once

#include "postern/decision.h"
#include "rules/rule.h"
#include "rules/settings.h"

#include <variant>
#include <vector>

namespace postern::walk {

/// evaluate() of decision.h. `rules` stand in stage order, then file order.
std::variant<Decision, NeedsMore> evaluate(const std::vector<Rule>& rules,
                                           const IdentitySettings& identity,
                                           const Transaction& transaction, const Facts& facts,
                                           Detail detail = Detail::full);

/// trail_of(), shadow_questions() and questions_ahead() of decision.h.
std::vector<TrailEntry> trail_of(const std::vector<Rule>& rules, const Transaction& transaction,
                                 const Facts& facts, TrailDetail detail = TrailDetail::full);
std::vector<Question> shadow_questions(const std::vector<Rule>& rules,
                                       const Transaction& transaction, const Facts& facts);
std::vector<Question> questions_ahead(const std::vector<Rule>& rules,
                                      const Transaction& transaction, const Facts& facts);

}  // namespace postern::walk
