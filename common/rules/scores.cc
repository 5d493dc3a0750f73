#include "rules/scores.h"

#include "model/text.h"
#include "rules/program.h"
#include "rules/rule.h"
#include "rules/share.h"

#include <algorithm>
#include <cstdlib>
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

namespace {

expression::ScoreSum::Terms terms_of(const Rule& rule) {
  return {rule.place.name, rule.place.stage, rule.share, rule.expires};
}

}  // namespace

void bind_scores(const std::vector<Rule*>& rules) {
  using expression::ScoreSum;
  for (std::size_t at = 0; at < rules.size(); ++at) {
    auto& test = *rules[at];
    if (test.condition.scores().empty()) continue;
    test.condition.bind_scores([&](const std::string& score) {
      ScoreSum sum;
      std::vector<ScoreSum::Settler> settlers;
      for (std::size_t before = 0; before < at; ++before) {
        const auto& rule = *rules[before];
        if (before == 0 || rules[before - 1]->place.stage != rule.place.stage) settlers.clear();
        const bool enforced = rule.mode == RuleMode::enforce;
        if (enforced && rule.verdict == Verdict::accept && rule.scope == AcceptScope::stage) {
          settlers.push_back({rule.condition.shared_program(),
                              rule.unavailable == WhenUnavailable::match, terms_of(rule)});
        }
        if (!enforced && test.mode == RuleMode::enforce) continue;
        for (const auto& added : rule.scores) {
          if (added.score != score) continue;
          sum.adders.push_back({terms_of(rule), rule.condition.shared_program(), added.points,
                                test.mode == RuleMode::shadow, settlers});
        }
      }
      return std::make_shared<const ScoreSum>(std::move(sum));
    });
  }
}

void bind_scores(std::vector<Rule>& rules) {
  std::vector<Rule*> all;
  all.reserve(rules.size());
  for (auto& rule : rules) all.push_back(&rule);
  bind_scores(all);
}

namespace expression {
namespace {

/// Asks one condition after the other and sums up.
class Reader {
 public:
  Reader(const Transaction& transaction, const Facts& facts, ScoreDetail detail)
      : transaction_(transaction), facts_(facts), full_(detail == ScoreDetail::full) {}

  void add(const ScoreSum::Adder& adder) {
    if (adder.terms.stage > transaction_.stage || is_off(adder.terms)) return;
    // Content is never seen at the policy door, and rules on it are not asked (semantics 9).
    if (transaction_.door == Door::policy && adder.condition->subjects.content) return;
    if (adder.terms.stage == Stage::rcpt && transaction_.stage > Stage::rcpt &&
        !transaction_.recipient.is_told()) {
      // What was added for one of several recipients is that one's own. Of those we do not know
      // of, there may have been one alone.
      if (transaction_.recipients.is_told()) return;
      open(adder, Truth::unavailable);
      note_cause(adder, "which recipients were accepted is not known", QuestionKind::recipients);
      return;
    }
    if (!adder.counts_watching && watches(adder.terms)) return;
    const auto spared = transaction_.stage > adder.terms.stage ? settled(adder) : Spared();
    if (spared.truth == Truth::yes) return;
    if (spared.truth == Truth::unknown) return open(adder, Truth::unknown);
    const auto truth = ask(*adder.condition);
    if (truth == Truth::no) return;
    if (spared.truth == Truth::unavailable) {
      // With its answer, an accept might have kept the rule from being asked, or not. What acts now
      // as if it had been no is what adds now.
      if (truth == Truth::yes && !spared.matched) reading_.answered += adder.points;
      open(adder, truth == Truth::unknown ? truth : Truth::unavailable);
      note_cause(adder, spared.cause, spared.kind);
      return;
    }
    if (truth == Truth::yes) {
      reading_.least += adder.points;
      reading_.most += adder.points;
      reading_.answered += adder.points;
      return;
    }
    open(adder, truth);
    if (truth == Truth::unavailable) note_cause(adder, outcome_.cause, outcome_.cause_kind);
  }

  ScoreReading take() { return std::move(reading_); }

 private:
  /// Whether an accept for its stage alone kept an adder from being asked.
  struct Spared {
    Truth truth = Truth::no;
    bool matched = false;  ///< unavailable, and acts as if it were yes
    std::string cause;
    QuestionKind kind = QuestionKind::sample;
  };
  Spared settled(const ScoreSum::Adder& adder) {
    Spared spared;
    for (const auto& settler : adder.settlers) {
      if (is_off(settler.terms) || watches(settler.terms)) continue;
      const auto truth = ask(*settler.condition);
      if (truth == Truth::yes) return {truth, false, {}, {}};
      if (truth == Truth::unknown) spared.truth = truth;
      if (truth != Truth::unavailable) continue;
      if (spared.truth == Truth::no) {
        spared.truth = truth;
        spared.cause = outcome_.cause;
        spared.kind = outcome_.cause_kind;
      }
      spared.matched = spared.matched || settler.matches_unanswered;
    }
    return spared;
  }

  bool is_off(const ScoreSum::Terms& terms) const {
    return terms.expires && *terms.expires <= transaction_.time;
  }

  /// Of whom we do not know, it may act on.
  bool watches(const ScoreSum::Terms& terms) const {
    if (terms.share == 0) return false;
    if (terms.stage == Stage::rcpt && !transaction_.recipient.is_told()) return false;
    return share_place(terms.rule, terms.stage, transaction_) >= terms.share;
  }

  Truth ask(const Program& condition) {
    if (!full_) return run(condition, transaction_, facts_, nullptr);
    outcome_ = {};
    return run(condition, transaction_, facts_, &outcome_);
  }

  /// Whether it adds is not known: outcome_ says what it waits for.
  void open(const ScoreSum::Adder& adder, Truth truth) {
    (adder.points < 0 ? reading_.least : reading_.most) += adder.points;
    if (truth == Truth::unavailable) {
      reading_.unavailable = true;
      return;
    }
    reading_.unknown = true;
    for (auto& question : outcome_.free_questions) {
      reading_.free_questions.push_back(std::move(question));
    }
    if (outcome_.free_questions.empty() && reading_.costly_questions.empty()) {
      reading_.costly_questions = std::move(outcome_.questions);
    }
  }

  void note_cause(const ScoreSum::Adder& adder, std::string_view why, QuestionKind kind) {
    // What somebody can see to comes before what must be so for several recipients.
    const bool better =
        reading_.cause_kind == QuestionKind::recipients && kind != QuestionKind::recipients;
    if (!reading_.unanswered_rule.empty() && !better) return;
    reading_.unanswered_rule = adder.terms.rule;
    reading_.cause_kind = kind;
    if (full_) reading_.cause = why;
  }

  const Transaction& transaction_;
  const Facts& facts_;
  bool full_;
  ScoreReading reading_;
  ConditionOutcome outcome_;
};

}  // namespace

ScoreReading read_score(const ScoreSum& sum, const Transaction& transaction, const Facts& facts,
                        ScoreDetail detail) {
  Reader reader(transaction, facts, detail);
  for (const auto& adder : sum.adders) reader.add(adder);
  return reader.take();
}

}  // namespace expression
}  // namespace postern
