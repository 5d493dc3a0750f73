// What conditions name and nobody tells: host names that the mail server has not found, and macros
// at a door that has none.

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
bool only_modifies(const DraftRule& draft) { return draft.rule.verdict == Verdict::pass; }
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

/// A rule behind `adder` and in force that tests the score.
const DraftRule* tester_of(const std::vector<DraftRule>& rules, const DraftRule& adder,
                           const std::string& score) {
  const auto found = std::find_if(
      rules.begin() + (&adder - rules.data()) + 1, rules.end(), [&](const DraftRule& later) {
        const auto& scores = later.rule.condition.scores();
        return enforced(later) && std::find(scores.begin(), scores.end(), score) != scores.end();
      });
  return found == rules.end() ? nullptr : &*found;
}

/// What comes of points that are neither added nor not; empty: nothing.
std::string fate_of_points(const std::vector<DraftRule>& rules, const DraftRule& adder,
                           const std::string& answer) {
  std::string fate;
  for (const auto& added : adder.rule.scores) {
    const auto* tester = tester_of(rules, adder, added.score);
    if (tester == nullptr) continue;
    const auto name = quoted(tester->rule.place.name);
    // A discount that never comes is the worse of the two.
    const auto least = added.from ? added.from->least : added.points;
    if (least < 0 && is_harm(*tester)) {
      return "gets " + answer +
             " at every attempt where these points might spare it a refusal by " + name;
    }
    fate = "leaves the test of score." + added.score + " in " + name +
           " without an answer wherever these points decide it";
  }
  return fate;
}

/// What comes of a client without a name; empty: nothing worth a word.
std::string fate_of_client(const std::vector<DraftRule>& rules, const DraftRule& draft) {
  const std::string answer(find_reason("client-rdns-temp")->reply);
  switch (draft.rule.unavailable) {
    case WhenUnavailable::defer:
      return "gets " + answer + " from this rule at every attempt";
    case WhenUnavailable::match:
      return "is accepted by this rule";
    case WhenUnavailable::skip:
      break;
  }
  if (!draft.rule.scores.empty()) return fate_of_points(rules, draft, answer);
  if (is_harm(draft) || only_modifies(draft) || !stands_before_rejects(rules, draft)) return {};
  return "gets " + answer + " instead of each permanent refusal by a later rule";
}

/// Nobody but the mail server is asked for these names, so one that it has not confirmed stays
/// unavailable for ever: the rule's `unavailable`, or the softening of semantics 6, becomes the
/// everyday answer to hosts without good reverse DNS instead of one for bad days.
void warn_of_host_names(const std::vector<DraftRule>& rules, const DraftRule& draft,
                        Diagnostics& diagnostics) {
  const auto& names = draft.rule.condition.names();
  const auto name = std::find_if(names.begin(), names.end(), [](const ConditionName& each) {
    return each.kind == QuestionKind::reverse_dns;
  });
  if (name == names.end() || !enforced(draft) || draft.rule.condition.bound_to_networks()) return;
  const auto fate = fate_of_client(rules, draft);
  if (fate.empty()) return;
  std::string message = quoted(name->name);
  message += " stays unknown for every client without ";
  if (name->name != "client.reverse_name") message += "confirmed ";
  message += "reverse DNS, because only the mail server tells it: such a client ";
  message += fate;
  std::string hint = "test the client's network instead, or as well: client.ip in TABLE and ";
  hint += name->name;
  hint += " ..., where TABLE is of kind \"cidr\"";
  diagnostics.warning(draft.source->find("when")->value.part(name->offset, name->length),
                      std::move(message), std::move(hint));
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
    warn_of_host_names(rules, draft, diagnostics);
    warn_of_macros(rules, draft, settings.listen, diagnostics);
    note_missing_facts(draft, diagnostics);
  }
}

}  // namespace postern
