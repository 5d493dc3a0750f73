#include "rules/scores.h"

#include "model/text.h"
#include "rules/needs.h"
#include "rules/program.h"
#include "rules/rule.h"
#include "rules/rule_index.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace postern {
namespace {

constexpr std::int64_t one = 1000;

}  // namespace

std::string points_text(std::int64_t points) {
  const auto size = points < 0 ? -points : points;
  std::string text = (points < 0 ? "-" : "") + std::to_string(size / one);
  if (size % one == 0) return text;
  auto decimals = std::to_string(one + size % one).substr(1);
  decimals.erase(decimals.find_last_not_of('0') + 1);
  return text + '.' + decimals;
}

std::string words_of(const ScorePoints& added) {
  if (added.from) {
    const std::string_view prefix = added.from->of == MapPoints::Of::map ? "map." : "";
    return "add {" + std::string(prefix) + added.from->map + "} to score." + added.score;
  }
  const auto size = points_text(added.points < 0 ? -added.points : added.points);
  const auto score = "score." + added.score;
  return added.points < 0 ? "take " + size + " from " + score : "add " + size + " to " + score;
}

std::optional<std::int64_t> points_from_text(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (negative || text.front() == '+')) text.remove_prefix(1);
  const auto dot = std::min(text.find('.'), text.size());
  const auto whole = text.substr(0, dot);
  const auto decimals = text.substr(std::min(dot + 1, text.size()));
  // Nine digits are beyond what a rule may add already.
  if (whole.empty() || whole.size() > 9 || decimals.size() > 3 ||
      (dot < text.size() && decimals.empty())) {
    return std::nullopt;
  }
  std::int64_t points = 0;
  for (const auto& part : {whole, decimals}) {
    for (const char c : part) {
      if (!is_digit(c)) return std::nullopt;
      points = points * 10 + (c - '0');
    }
  }
  for (auto digits = decimals.size(); digits < 3; ++digits) points *= 10;
  return negative ? -points : points;
}

std::optional<std::int64_t> added_points_from_text(std::string_view text) {
  const auto points = points_from_text(text);
  if (!points || *points > most_points || *points < -most_points) return std::nullopt;
  return points;
}

namespace {

using expression::BoundScore;
using expression::ScoreBook;
using expression::ScoreSum;

ScoreBook::Terms terms_of(const Rule& rule) {
  return {rule.place.name, rule.place.stage, rule.share, rule.expires};
}

using expression::Program;

/// What is bound together. Every test of a score owns all of it; nothing in it owns a part of it,
/// or it would never go: an accept in the book may itself test a score.
struct Bindings {
  ScoreBook book;
  std::map<std::pair<std::string, RuleMode>, ScoreSum> sums;
};

template <typename T>
std::shared_ptr<const T> unowned(const T& part) {
  return {std::shared_ptr<const void>(), &part};
}

/// A condition for the book.
std::shared_ptr<const Program> condition_of(const Rule& rule) {
  auto program = rule.condition.shared_program();
  if (program->scores.empty()) return program;
  auto kept = std::make_shared<Program>(*program);
  for (auto& test : kept->tests) {
    if (test.sum.sum) test.sum.sum = unowned(*test.sum.sum);
  }
  return kept;
}

/// Goes by the rules in their order. What a test is bound to may still grow behind what it sees.
class Binder {
 public:
  explicit Binder(const std::vector<Rule*>& rules) {
    for (const auto* rule : rules) {
      for (const auto& score : rule->condition.scores()) {
        auto& sum = bound_->sums[{score, rule->mode}];
        sum.book = unowned(bound_->book);
        sum.counts_watching = rule->mode == RuleMode::shadow;
      }
    }
  }

  bool any() const { return !bound_->sums.empty(); }

  void go_by(Rule& rule) {
    // First its own test: as a settler it stands in the book with what it tests.
    if (!rule.condition.scores().empty()) {
      rule.condition.bind_scores([&](const std::string& score) -> BoundScore {
        const auto& sum = bound_->sums.at({score, rule.mode});
        return {std::shared_ptr<const ScoreSum>(bound_, &sum),
                static_cast<std::uint32_t>(sum.adders.size())};
      });
    }
    const bool enforced = rule.mode == RuleMode::enforce;
    if (enforced && rule.verdict == Verdict::accept && rule.scope == AcceptScope::stage) {
      bound_->book.settlers.push_back(
          {terms_of(rule), condition_of(rule), rule.unavailable == WhenUnavailable::match});
    }
    if (!rule.scores.empty()) add(rule);
  }

  /// When all have been gone by.
  void finish() {
    bound_->book.settler_index = index_of(bound_->book.settlers);
    bound_->book.adding_index = index_of(bound_->book.adding);
  }

 private:
  template <typename Entry>
  static std::shared_ptr<const RuleIndex> index_of(const std::vector<Entry>& entries) {
    std::vector<std::optional<std::vector<expression::Need>>> needs;
    needs.reserve(entries.size());
    for (const auto& entry : entries) needs.push_back(expression::needs_of(*entry.condition));
    return std::make_shared<const RuleIndex>(needs);
  }

  /// What it adds may hang on a check that its condition does not name.
  static bool asks(const Program& condition, const ScorePoints& added, QuestionKind kind) {
    return expression::asks(condition, kind) ||
           (added.from && added.from->look_up && expression::asks(*added.from->look_up, kind));
  }

  void add(const Rule& rule) {
    bool noted = false;
    for (const auto& added : rule.scores) {
      for (const auto mode : {RuleMode::enforce, RuleMode::shadow}) {
        if (mode == RuleMode::enforce && rule.mode == RuleMode::shadow) continue;
        const auto found = bound_->sums.find({added.score, mode});
        if (found == bound_->sums.end()) continue;
        if (!noted) note(rule);
        noted = true;
        add(found->second, added);
      }
    }
  }

  void note(const Rule& rule) {
    bound_->book.adding.push_back({terms_of(rule), condition_of(rule),
                                   static_cast<std::uint32_t>(bound_->book.settlers.size())});
  }

  /// The rule that was noted last.
  void add(ScoreSum& sum, const ScorePoints& added) const {
    const auto& condition = *bound_->book.adding.back().condition;
    const auto at = static_cast<std::uint32_t>(sum.adders.size());
    for (const auto& name : condition.names) {
      const bool known = std::any_of(sum.names.begin(), sum.names.end(), [&](const auto& each) {
        return each.first.name == name.name;
      });
      if (!known) sum.names.push_back({{name.name, 0, 1, name.kind}, at});
    }
    for (int kind = 0; kind <= static_cast<int>(QuestionKind::recipients); ++kind) {
      const auto each = static_cast<QuestionKind>(kind);
      const bool known = std::any_of(sum.kinds.begin(), sum.kinds.end(),
                                     [&](const auto& seen) { return seen.first == each; });
      if (!known && asks(condition, added, each)) sum.kinds.emplace_back(each, at);
    }
    sum.adders.push_back(
        {static_cast<std::uint32_t>(bound_->book.adding.size() - 1), added.points, added.from});
  }

  std::shared_ptr<Bindings> bound_ = std::make_shared<Bindings>();
};

}  // namespace

void bind_scores(const std::vector<Rule*>& rules) {
  Binder binder(rules);
  if (!binder.any()) return;
  for (auto* rule : rules) binder.go_by(*rule);
  binder.finish();
}

void bind_scores(std::vector<Rule>& rules) {
  std::vector<Rule*> all;
  all.reserve(rules.size());
  for (auto& rule : rules) all.push_back(&rule);
  bind_scores(all);
}

}  // namespace postern
