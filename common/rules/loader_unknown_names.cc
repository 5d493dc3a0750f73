// What conditions name and nobody may tell: answers that do not come, and macros at a door that has
// none.

#include "postern/reason.h"
#include "rules/loader_reviews.h"
#include "rules/logic.h"
#include "rules/names.h"
#include "rules/program.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace postern {
namespace {

using expression::Name;

bool enforced(const DraftRule& draft) { return draft.rule.mode == RuleMode::enforce; }
/// What an answer might spare the message.
bool is_harm(const DraftRule& draft) {
  return draft.rule.verdict == Verdict::reject || draft.rule.verdict == Verdict::discard ||
         draft.rule.verdict == Verdict::quarantine;
}

/// True if a later enforced rule refuses for good what `draft`, had it said yes, would have spared.
bool stands_before_rejects(const std::vector<DraftRule>& rules, const DraftRule& draft) {
  const bool stage_only =
      draft.rule.verdict == Verdict::accept && draft.rule.scope == AcceptScope::stage;
  return std::any_of(rules.begin() + (&draft - rules.data()) + 1, rules.end(),
                     [&](const DraftRule& later) {
                       return is_harm(later) && enforced(later) &&
                              (!stage_only || later.rule.place.stage == draft.rule.place.stage);
                     });
}

/// True if the condition is no at the policy door wherever it names a macro: `door == "milter" and`
/// stands before each.
bool only_at_milter(const DraftRule& draft) {
  const auto excludes_policy = [](const expression::Literal& literal) {
    const auto& test = *literal.test;
    if (test.name != Name::door || test.comparison != expression::Comparison::equal) return false;
    const auto& doors = test.texts;
    const bool named = std::find(doors.begin(), doors.end(), to_text(Door::policy)) != doors.end();
    return literal.negated == named;
  };
  const auto names_macro = [](const expression::Literal& literal) {
    return literal.test->name == Name::macro || literal.test->other == Name::macro;
  };
  const auto products = products_of(draft.rule.condition.program());
  return products && std::all_of(products->begin(), products->end(), [&](const auto& product) {
           return std::none_of(product.begin(), product.end(), names_macro) ||
                  std::any_of(product.begin(), product.end(), excludes_policy);
         });
}

/// What comes of a rule on macros at the policy door when the milter has them; empty: it is skipped
/// there, as was to be expected.
std::string fate_at_policy_door(const std::vector<DraftRule>& rules, const DraftRule& draft) {
  if (!enforced(draft) || only_at_milter(draft)) return {};
  switch (draft.rule.unavailable) {
    case WhenUnavailable::defer:
      return "puts all mail off that reaches it";
    case WhenUnavailable::match:
      return "accepts all mail that reaches it";
    case WhenUnavailable::skip:
      break;
  }
  if (draft.rule.verdict != Verdict::accept || !stands_before_rejects(rules, draft)) return {};
  return "makes each permanent refusal by a later rule a temporary one";
}

/// The policy protocol has no macros.
void warn_of_macros(const std::vector<DraftRule>& rules, const DraftRule& draft,
                    const ListenSettings& listen, Diagnostics& diagnostics) {
  if (listen.policy.empty()) return;
  std::string fate;
  if (listen.milter) {
    fate = fate_at_policy_door(rules, draft);
    if (fate.empty()) return;
  }
  for (const auto& test : draft.rule.condition.program().tests) {
    const auto* macro = test.name == Name::macro    ? &test.macro
                        : test.other == Name::macro ? &test.other_macro
                                                    : nullptr;
    if (macro == nullptr || test.check) continue;
    diagnostics.warning(condition_span(draft),
                        "the policy service is never told of macros, so what this says of macro(" +
                            quoted(*macro) + ") is unavailable for ever" +
                            (fate.empty() ? fate : " there: this rule then " + fate),
                        fate.empty() ? "add listen.milter, or take the comparison out"
                                     : "write door == \"milter\" and ... before it");
    return;
  }
}

/// `skip` is the safe choice, and still a choice: whoever wants the refusal wants to know that it
/// stays out when the answer does.
void note_missing_facts(const DraftRule& draft, Diagnostics& diagnostics) {
  const auto& rule = draft.rule;
  if (rule.verdict != Verdict::reject || rule.mode != RuleMode::enforce) return;
  if (draft.source->find("unavailable") != nullptr) return;
  std::set<std::string> facts;
  const auto add = [&](std::optional<Name> name) {
    if (!name || expression::row_of(*name).kind != QuestionKind::reverse_dns) return;
    facts.emplace(expression::row_of(*name).name);
  };
  for (const auto& test : rule.condition.program().tests) {
    if (test.check) {
      facts.insert(test.check->description().name);
    } else {
      add(test.name);
      add(test.other);
    }
  }
  if (facts.empty()) return;
  diagnostics.note(condition_span(draft),
                   "when " + list_text(std::vector<std::string>(facts.begin(), facts.end()), "or") +
                       " cannot be had, this rule is skipped and the mail goes on to the next",
                   "say so with unavailable = \"skip\", or refuse for now with unavailable = "
                   "\"defer\"");
}

}  // namespace

void review_unknown_names(const std::vector<DraftRule>& rules, const Settings& settings,
                          Diagnostics& diagnostics) {
  for (const auto& draft : rules) {
    warn_of_macros(rules, draft, settings.listen, diagnostics);
    note_missing_facts(draft, diagnostics);
  }
}

}  // namespace postern
