// Scores: sums that rules add to and later rules test (semantics 25). A test knows the rules that
// may have added before it and asks them itself (score_reader.h), so that a condition stays a
// function of the transaction and the facts alone. Pure; immutable once bound, any thread may read.
#pragma once

#include "postern/facts.h"
#include "postern/transaction.h"
#include "rules/condition.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern {

class RuleIndex;
struct Rule;

/// Points that the entries of a map give, or what a check has found.
struct MapPoints {
  enum class Of : std::uint8_t { map, check };
  std::string map;  ///< its name; of a check, "zen.weight"
  /// The condition's own look-up in the map, and nothing else; of a check, its weight, which holds
  /// if it is not 0.
  std::shared_ptr<const expression::Program> look_up = {};
  std::int64_t least = 0;  ///< of all entries and of no entry, which adds nothing
  std::int64_t most = 0;
  Of of = Of::map;
};

/// What a rule adds to one score when it says yes.
struct ScorePoints {
  std::string score;
  std::int64_t points = 0;                     ///< thousandths
  std::shared_ptr<const MapPoints> from = {};  ///< instead of `points`; null: they count
};

/// Thousandths one rule may add or take away: no sum over all rules can then leave its range.
inline constexpr std::int64_t most_points = 1'000'000'000;

/// "2.5", "-1", "0.125".
std::string points_text(std::int64_t points);
/// Of "2.5" and the like, with at most three decimals; nullopt for anything else.
std::optional<std::int64_t> points_from_text(std::string_view text);
/// As points_from_text, of what one rule may add.
std::optional<std::int64_t> added_points_from_text(std::string_view text);
/// What that may be, for messages.
inline constexpr std::string_view points_allowed =
    "a number from -1000000 to 1000000 with three decimals at most";

/// "add 2.5 to score.spam", "take 1 from score.spam", "add {map.doubts} to score.spam",
/// "add {zen.weight} to score.spam".
std::string words_of(const ScorePoints& added);

/// Binds the tests of scores in `rules`, which stand in the order in which they are asked, to the
/// rules before each that add. Rules in shadow add for tests in shadow alone. To be called once the
/// list is complete; the bound conditions do not refer to it. Time and memory grow with the number
/// of rules, not with that of tests times rules.
void bind_scores(const std::vector<Rule*>& rules);
void bind_scores(std::vector<Rule>& rules);

namespace expression {

/// The rules that have to do with scores, in the order in which they are asked. One for all tests.
struct ScoreBook {
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
    Terms terms;
    std::shared_ptr<const Program> condition;
    bool matches_unanswered = false;
  };
  struct Adding {
    Terms terms;
    std::shared_ptr<const Program> condition;
    std::uint32_t settlers = 0;  ///< how many stand before it, those of earlier stages too
  };
  std::vector<Settler> settlers;
  std::vector<Adding> adding;
  // Those whose condition may be anything but no.
  std::shared_ptr<const RuleIndex> settler_index;
  std::shared_ptr<const RuleIndex> adding_index;
};

/// All that adds to one score, for tests in shadow or for those that are enforced.
struct ScoreSum {
  struct Adder {
    std::uint32_t rule = 0;  ///< in `book->adding`
    std::int64_t points = 0;
    std::shared_ptr<const MapPoints> from;
  };
  std::shared_ptr<const ScoreBook> book;
  bool counts_watching = false;  ///< for tests in shadow
  std::vector<Adder> adders;     ///< in the order in which they are asked
  /// Names and kinds of questions that their conditions hold, each with the first adder it is of.
  std::vector<std::pair<ConditionName, std::uint32_t>> names;
  std::vector<std::pair<QuestionKind, std::uint32_t>> kinds;
};

/// What a test sees of a sum: what the rules before it add.
struct BoundScore {
  std::shared_ptr<const ScoreSum> sum;  ///< null: nothing adds
  std::uint32_t adders = 0;             ///< the first so many

  friend bool operator==(const BoundScore&, const BoundScore&) = default;
};

}  // namespace expression
}  // namespace postern
