// Scores: sums that rules add to and later rules test (semantics 25). A test knows the rules that
// may have added before it and asks them itself, so that a condition stays a function of the
// transaction and the facts alone. Pure; immutable once bound, any thread may read.
#pragma once

#include "postern/decision.h"
#include "postern/facts.h"
#include "postern/transaction.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

struct Rule;

/// What a rule adds to one score when it says yes.
struct ScorePoints {
  std::string score;
  std::int64_t points = 0;  ///< thousandths
};

/// Thousandths one rule may add or take away: no sum over all rules can then leave its range.
inline constexpr std::int64_t most_points = 1'000'000'000;

/// "2.5", "-1", "0.125".
std::string points_text(std::int64_t points);
/// Of "2.5" and the like, with at most three decimals; nullopt for anything else.
std::optional<std::int64_t> points_from_text(std::string_view text);

/// "add 2.5 to score.spam", "take 1 from score.spam".
std::string words_of(const ScorePoints& added);

/// Binds the tests of scores in `rules`, which stand in the order in which they are asked, to the
/// rules before each that add. Rules in shadow add for tests in shadow alone. To be called once the
/// list is complete; the bound conditions do not refer to it.
void bind_scores(const std::vector<Rule*>& rules);
void bind_scores(std::vector<Rule>& rules);

namespace expression {

struct Program;

/// The rules before a test that add to its score.
struct ScoreSum {
  /// When a rule is more than a watcher (semantics 18, 19).
  struct Terms {
    std::string rule;
    Stage stage = Stage::connect;
    unsigned share = 0;
    std::optional<std::chrono::system_clock::time_point> expires;
  };
  /// An accept for its stage alone, which at later stages keeps the rules behind it from being
  /// asked.
  struct Settler {
    std::shared_ptr<const Program> condition;
    bool matches_unanswered = false;
    Terms terms;
  };
  struct Adder {
    Terms terms;
    std::shared_ptr<const Program> condition;
    std::int64_t points = 0;
    bool counts_watching = false;  ///< for a test in shadow
    std::vector<Settler> settlers;
  };
  std::vector<Adder> adders;
};

/// What a score can be, as far as it is known.
struct ScoreReading {
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::int64_t answered = 0;         ///< what was certainly added
  bool unknown = false;              ///< an answer may still come that changes it
  bool unavailable = false;          ///< and one that will not
  std::string_view unanswered_rule;  ///< the first of these
  std::string cause;                 ///< why it has no answer
  QuestionKind cause_kind = QuestionKind::sample;
  std::vector<Question> free_questions;
  std::vector<Question> costly_questions;  ///< of the first rule that can ask them
};

/// How much of a reading is wanted: texts and questions cost more than the sum.
enum class ScoreDetail : std::uint8_t { sum, full };

ScoreReading read_score(const ScoreSum& sum, const Transaction& transaction, const Facts& facts,
                        ScoreDetail detail);

}  // namespace expression
}  // namespace postern
