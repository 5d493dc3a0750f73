// What a rule makes of the word for trouble, `temperror`. It is a value that conditions may name,
// and so the one way for a missing answer to make something certain (semantics 6, 8).

#include "rules/loader.h"
#include "rules/program.h"
#include "rules/trouble_word.h"

#include <algorithm>
#include <string>

namespace postern {
namespace {

using expression::Program;
using expression::Step;
using expression::Test;

/// How a condition names trouble: so that it is true in trouble, or so that it is false.
struct Named {
  const Test* when_true = nullptr;
  const Test* when_false = nullptr;
};

bool names_trouble(const Test& test) {
  return test.check &&
         std::find(test.texts.begin(), test.texts.end(), trouble_word) != test.texts.end();
}

void look_at(const Program& program, std::uint32_t at, bool negated, Named& named) {
  const auto& step = program.steps[at];
  switch (step.kind) {
    case Step::Kind::constant:
      return;
    case Step::Kind::test:
      if (const auto& test = program.tests[step.first]; names_trouble(test)) {
        auto& slot = negated ? named.when_false : named.when_true;
        if (slot == nullptr) slot = &test;
      }
      return;
    case Step::Kind::negate:
      return look_at(program, step.first, !negated, named);
    case Step::Kind::all_of:
    case Step::Kind::any_of:
      for (std::uint32_t i = 0; i < step.count; ++i) {
        look_at(program, program.children[step.first + i], negated, named);
      }
      return;
  }
}

}  // namespace

void RuleCompiler::check_trouble(const Node& source, const Action& action,
                                 const Condition& condition) const {
  const auto& program = condition.program();
  const auto* when = source.find("when");
  if (when == nullptr || program.steps.empty()) return;
  Named named;
  look_at(program, static_cast<std::uint32_t>(program.steps.size() - 1), false, named);
  const auto name_of = [](const Test* test) { return quoted(test->check->description().name); };
  const auto word = quoted(trouble_word);
  auto& diagnostics = values_.diagnostics();
  const auto& span = when->value.span;

  if (!action.scores.empty() && (named.when_true != nullptr || named.when_false != nullptr)) {
    const auto* test = named.when_true != nullptr ? named.when_true : named.when_false;
    diagnostics.error(span,
                      word + " of " + name_of(test) +
                          " cannot count for a score: it is an answer that did not come, and the "
                          "score may decide for good",
                      "leave " + word + " out: without its answer the rule is skipped");
    return;
  }
  const bool takes_away =
      action.refuses() && action.verdict != Verdict::defer && action.verdict != Verdict::pass;
  if (takes_away && named.when_true != nullptr) {
    const std::string_view what = action.verdict == Verdict::reject    ? "refuse"
                                  : action.verdict == Verdict::discard ? "discard"
                                                                       : "hold";
    diagnostics.error(span,
                      "this would " + std::string(what) + " mail because of " + word + " of " +
                          name_of(named.when_true) +
                          ", which is an answer that did not come and no fault of the sender",
                      "leave " + word +
                          " out; unavailable = \"defer\" puts the mail off while an answer is "
                          "missing");
    return;
  }
  const bool spares = action.accepts() || (action.refuses() && action.verdict != Verdict::pass &&
                                           action.verdict != Verdict::reject);
  if (spares && named.when_false != nullptr) {
    diagnostics.error(span,
                      "without an answer (" + word + " of " + name_of(named.when_false) +
                          ") this would be false for certain, and a later rule could refuse for "
                          "good what this one spares",
                      "leave " + word +
                          " out: without its answer the rule is skipped, and a later refusal is "
                          "for now");
  }
}

}  // namespace postern
