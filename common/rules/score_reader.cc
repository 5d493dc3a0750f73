#include "rules/score_reader.h"

#include "rules/map_values.h"
#include "rules/program.h"
#include "rules/rule_index.h"
#include "rules/share.h"

#include <algorithm>
#include <cassert>
#include <string>

namespace postern::expression {
namespace {

constexpr std::uint8_t not_asked = 0xff;

}  // namespace

/// Adds one rule after the other to a sum.
class ScoreReader::Counting {
 public:
  Counting(ScoreReader& reader, const ScoreSum& sum, ScoreDetail detail, Count& count)
      : reader_(reader), sum_(sum), full_(detail == ScoreDetail::full), count_(count) {
    if (!count.marks.empty()) now_ = count.marks.back().reading;
  }

  void add(std::uint32_t at) {
    const auto& adder = sum_.adders[at];
    const auto& rule = sum_.book->adding[adder.rule];
    if (!counts(adder, rule)) return;
    count_.marks.push_back({at, now_, count_.free_questions.size()});
  }

 private:
  /// False if it changes nothing.
  bool counts(const ScoreSum::Adder& adder, const ScoreBook::Adding& rule) {
    const auto& transaction = reader_.transaction_;
    const auto& terms = rule.terms;
    if (terms.stage > transaction.stage || reader_.is_off(terms)) return false;
    if (!reader_.is_asked(*rule.condition)) return false;
    if (terms.stage == Stage::rcpt && transaction.stage > Stage::rcpt &&
        !transaction.recipient.is_told()) {
      // What was added for one of several recipients is that one's own. Of those we do not know
      // of, there may have been one alone.
      if (transaction.recipients.is_told()) return false;
      open(whatever(adder));
      note_cause(terms, "which recipients were accepted is not known", QuestionKind::recipients);
      return true;
    }
    if (!sum_.counts_watching && reader_.watches(terms)) return false;
    const auto spared = transaction.stage > terms.stage ? reader_.spared(rule) : Spared();
    if (spared.truth == Truth::yes) return false;
    if (spared.truth == Truth::unknown) {
      wait(whatever(adder), settler(spared));
      return true;
    }
    const auto truth = reader_.ask(reader_.rules_said_[adder.rule], *rule.condition);
    if (truth == Truth::no) return false;
    const auto points = reader_.points(adder);
    if (points.least == 0 && points.most == 0) return false;
    // A weight whose answer may still come keeps the sum open whatever the rule has to say.
    const bool weighed = !points.unanswered || points.unanswered->truth != Truth::unknown;
    if (truth == Truth::unknown || !weighed) {
      wait(points, truth == Truth::unknown ? *rule.condition : *adder.from->look_up);
      if (truth == Truth::unknown && !weighed) ask_besides(*adder.from->look_up);
    } else if (truth == Truth::yes && spared.truth == Truth::no && !points.unanswered) {
      now_.least += points.least;
      now_.most += points.most;
      now_.answered += points.answered;
      return true;
    } else {
      // With its answer, an accept might have kept the rule from being asked, or not. What acts now
      // as if it had been no is what adds now.
      if (truth == Truth::yes && !spared.matched) now_.answered += points.answered;
      open(points);
    }
    if (spared.truth == Truth::unavailable) {
      note_cause(terms, settler(spared));
    } else if (truth == Truth::unavailable) {
      note_cause(terms, *rule.condition);
    } else if (truth == Truth::yes) {
      note_cause(terms, *adder.from->look_up);
    }
    return true;
  }

  /// All that it may add.
  static Points whatever(const ScoreSum::Adder& adder) {
    if (adder.from) return {adder.from->least, adder.from->most, 0, nullptr};
    return {adder.points, adder.points, 0, nullptr};
  }

  const Program& settler(const Spared& spared) const {
    return *sum_.book->settlers[spared.settler].condition;
  }

  void widen(const Points& points) {
    now_.least += std::min<std::int64_t>(points.least, 0);
    now_.most += std::max<std::int64_t>(points.most, 0);
  }

  /// Whether it adds will not be known.
  void open(const Points& points) {
    widen(points);
    now_.unavailable = true;
  }

  /// Whether it adds is not known before `condition` has its answers.
  void wait(const Points& points, const Program& condition) {
    widen(points);
    now_.unknown = true;
    if (!full_) return;
    const auto& outcome = reader_.outcome(condition);
    for (const auto& question : outcome.free_questions) {
      if (count_.known_questions.insert(question).second) count_.free_questions.push_back(question);
    }
    if (outcome.free_questions.empty() && now_.costly_questions.empty()) {
      now_.costly_questions = outcome.questions;
    }
  }

  /// Free questions alone: a costly one of what is added waits until the rule has said yes.
  void ask_besides(const Program& condition) {
    if (!full_) return;
    for (const auto& question : reader_.outcome(condition).free_questions) {
      if (count_.known_questions.insert(question).second) count_.free_questions.push_back(question);
    }
  }

  void note_cause(const ScoreBook::Terms& terms, const Program& condition) {
    if (!full_) return note_cause(terms, {}, QuestionKind::sample);
    const auto& outcome = reader_.outcome(condition);
    note_cause(terms, outcome.cause, outcome.cause_kind);
  }

  void note_cause(const ScoreBook::Terms& terms, std::string_view why, QuestionKind kind) {
    // What somebody can see to comes before what must be so for several recipients.
    const bool better =
        now_.cause_kind == QuestionKind::recipients && kind != QuestionKind::recipients;
    if (!now_.unanswered_rule.empty() && !better) return;
    now_.unanswered_rule = terms.rule;
    now_.cause_kind = kind;
    now_.cause = why;
  }

  ScoreReader& reader_;
  const ScoreSum& sum_;
  bool full_;
  Count& count_;
  ScoreReading now_;
};

std::vector<std::uint8_t> ScoreReader::to_ask(const RuleIndex& index, std::size_t count) const {
  std::vector<std::uint8_t> said(count, static_cast<std::uint8_t>(Truth::no));
  auto finds = index.finds(transaction_);
  for (auto at = finds.next(0); at < count; at = finds.next(at + 1)) said[at] = not_asked;
  return said;
}

ScoreReading ScoreReader::read(const BoundScore& score, ScoreDetail detail) {
  if (!score.sum || score.adders == 0) return {};
  const auto& sum = *score.sum;
  if (book_ == nullptr) {
    book_ = sum.book.get();
    rules_said_ = to_ask(*book_->adding_index, book_->adding.size());
    settlers_said_ = to_ask(*book_->settler_index, book_->settlers.size());
    spared_.resize(book_->settlers.size());
  }
  assert(book_ == sum.book.get());
  auto& count = counts_[{&sum, detail}];
  if (count.next < score.adders) {
    // An accept that is asked on the way may itself test a score: it sees what stands before it,
    // which has been counted.
    Counting counting(*this, sum, detail, count);
    for (; count.next < score.adders; ++count.next) counting.add(count.next);
  }
  const auto behind =
      std::partition_point(count.marks.begin(), count.marks.end(),
                           [&](const Mark& mark) { return mark.adder < score.adders; });
  if (behind == count.marks.begin()) return {};
  const auto& mark = *std::prev(behind);
  auto reading = mark.reading;
  reading.free_questions =
      std::span<const Question>(count.free_questions).first(mark.free_questions);
  return reading;
}

bool ScoreReader::is_off(const ScoreBook::Terms& terms) const {
  return terms.expires && *terms.expires <= transaction_.time;
}

/// Of whom we do not know, it may act on.
bool ScoreReader::watches(const ScoreBook::Terms& terms) const {
  if (terms.share == 0) return false;
  if (terms.stage == Stage::rcpt && !transaction_.recipient.is_told()) return false;
  return share_place(terms.rule, terms.stage, transaction_) >= terms.share;
}

/// Content is never seen at the policy door, and rules on it are not asked (semantics 9).
bool ScoreReader::is_asked(const Program& condition) const {
  return transaction_.door != Door::policy || !condition.subjects.content;
}

Truth ScoreReader::ask(std::uint8_t& said, const Program& condition) {
  if (said == not_asked) {
    said = static_cast<std::uint8_t>(
        run(condition, transaction_, facts_, nullptr, Unanswered::open, this));
  }
  return static_cast<Truth>(said);
}

const ConditionOutcome& ScoreReader::outcome(const Program& condition) {
  const auto known = outcomes_.find(&condition);
  if (known != outcomes_.end()) return known->second;
  ConditionOutcome outcome;
  run(condition, transaction_, facts_, &outcome, Unanswered::open, this);
  return outcomes_.emplace(&condition, std::move(outcome)).first->second;
}

const ScoreReader::Spared& ScoreReader::spared(const ScoreBook::Adding& rule) {
  static const Spared not_at_all;
  const auto& settlers = book_->settlers;
  const auto stage = rule.terms.stage;
  if (rule.settlers == 0 || settlers[rule.settlers - 1].terms.stage != stage) return not_at_all;
  auto& known = settled_up_to_[static_cast<std::size_t>(stage)];
  const auto first =
      static_cast<std::uint32_t>(std::partition_point(settlers.begin(), settlers.end(),
                                                      [&](const ScoreBook::Settler& each) {
                                                        return each.terms.stage < stage;
                                                      }) -
                                 settlers.begin());
  for (auto at = std::max(known, first); at < rule.settlers; ++at) {
    spared_[at] = with_settler(at == first ? not_at_all : spared_[at - 1], at);
    known = at + 1;
  }
  return spared_[rule.settlers - 1];
}

ScoreReader::Spared ScoreReader::with_settler(const Spared& before, std::uint32_t at) {
  const auto& settler = book_->settlers[at];
  if (before.truth == Truth::yes || is_off(settler.terms) || watches(settler.terms) ||
      !is_asked(*settler.condition)) {
    return before;
  }
  const auto truth = ask(settlers_said_[at], *settler.condition);
  if (truth == Truth::no) return before;
  if (truth == Truth::yes) return {truth, false, at};
  auto spared = before;
  if (before.truth == Truth::no || (truth == Truth::unknown && before.truth != Truth::unknown)) {
    spared.truth = truth;
    spared.settler = at;
  }
  if (truth == Truth::unavailable && settler.matches_unanswered) spared.matched = true;
  return spared;
}

ScoreReader::Points ScoreReader::points(const ScoreSum::Adder& adder) {
  if (!adder.from) return {adder.points, adder.points, adder.points, nullptr};
  const auto& found = outcome(*adder.from->look_up);
  if (found.truth == Truth::no) return {};
  if (found.truth != Truth::yes) return {adder.from->least, adder.from->most, 0, &found};
  const auto points = points_found(found.evidence, *adder.from).value_or(0);
  return {points, points, points, nullptr};
}

}  // namespace postern::expression
