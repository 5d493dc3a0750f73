// Scores that cannot get where a test looks for them.

#include "rules/loader_reviews.h"
#include "rules/logic.h"
#include "rules/program.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace postern {
namespace {

using expression::Comparison;
using expression::Test;

std::string text_of(const Test& test) {
  return expression::to_text(expression::Literal{&test, false});
}

/// What a score can be, in thousandths, both ends included.
struct Range {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

/// nullopt: points of a map are among them, and a table may change at any moment. Weights do not.
std::optional<Range> range_of(const expression::BoundScore& bound) {
  Range range;
  for (std::uint32_t i = 0; i < bound.adders; ++i) {
    const auto& adder = bound.sum->adders[i];
    if (adder.from && adder.from->of == MapPoints::Of::map) return std::nullopt;
    if (adder.from) {
      range.least += adder.from->least;
      range.most += adder.from->most;
      continue;
    }
    (adder.points < 0 ? range.least : range.most) += adder.points;
  }
  return range;
}

/// The truth of the test whatever the score is; nullopt: that depends.
std::optional<bool> fixed(const Test& test, const Range& range) {
  const auto decided = [](bool always, bool never) -> std::optional<bool> {
    if (always) return true;
    if (never) return false;
    return std::nullopt;
  };
  const auto number = test.numbers.front();
  switch (test.comparison) {
    case Comparison::less:
      return decided(range.most < number, range.least >= number);
    case Comparison::less_equal:
      return decided(range.most <= number, range.least > number);
    case Comparison::greater:
      return decided(range.least > number, range.most <= number);
    case Comparison::greater_equal:
      return decided(range.least >= number, range.most < number);
    default: {
      const auto within = [&](std::int64_t each) {
        return range.least <= each && each <= range.most;
      };
      const bool any = std::any_of(test.numbers.begin(), test.numbers.end(), within);
      return decided(any && range.least == range.most, !any);
    }
  }
}

/// Where the score stands in the condition; of a named condition, the whole.
Span score_span(const DraftRule& draft, const std::string& score) {
  const auto* when = draft.source->find("when");
  if (when == nullptr) return draft.name_span;
  const auto name = "score." + score;
  const auto at = when->value.string.find(name);
  return at == std::string::npos ? when->value.span : when->value.part(at, name.size());
}

/// True if rules in shadow before `draft` add to the score, which is nothing to a test in force.
bool watched(const std::vector<DraftRule>& rules, const DraftRule& draft,
             const std::string& score) {
  if (draft.rule.mode == RuleMode::shadow) return false;
  const auto end = rules.begin() + (&draft - rules.data());
  return std::any_of(rules.begin(), end, [&](const DraftRule& before) {
    return before.rule.mode == RuleMode::shadow &&
           std::any_of(before.rule.scores.begin(), before.rule.scores.end(),
                       [&](const ScorePoints& added) { return added.score == score; });
  });
}

std::string range_words(const Range& range) {
  if (range.least == range.most) return points_text(range.least);
  return "from " + points_text(range.least) + " to " + points_text(range.most);
}

void look_at(const std::vector<DraftRule>& rules, const DraftRule& draft, const Test& test,
             Diagnostics& diagnostics) {
  const bool shadows = watched(rules, draft, test.score);
  const auto range = range_of(test.sum);
  const auto always = range ? fixed(test, *range) : std::nullopt;
  if (!always) return;
  const bool nothing = test.sum.adders == 0;
  // That rules which add stand behind this one is told where they stand.
  if (nothing && !shadows) return;
  std::string message = '\'' + text_of(test) + "' is " + (*always ? "always" : "never") + " true: ";
  message +=
      nothing ? "only rules in shadow add to that score before this one, which counts for "
                "tests in shadow alone"
              : "with all that the rules before this one add, that score is " + range_words(*range);
  std::string hint = *always ? "take the test out, or compare with another number"
                             : "compare with another number, or put more rules that add before it";
  if (shadows) hint = "what rules in shadow add counts here once they are enforced";
  diagnostics.warning(score_span(draft, test.score), std::move(message), std::move(hint));
}

}  // namespace

void review_scores(const std::vector<DraftRule>& rules, Diagnostics& diagnostics) {
  for (const auto& draft : rules) {
    std::set<std::string> said;
    for (const auto& test : draft.rule.condition.program().tests) {
      if (test.score.empty() || test.numbers.empty()) continue;
      if (said.insert(text_of(test)).second) look_at(rules, draft, test, diagnostics);
    }
  }
}

}  // namespace postern
