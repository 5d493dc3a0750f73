// ScoreReader: what scores come to in one transaction under one set of facts. Each rule that adds
// is asked once and counted once, however many tests there are of how many scores. Pure; belongs to
// one call of evaluate(), one thread.
#pragma once

#include "rules/check_memo.h"
#include "rules/condition.h"
#include "rules/scores.h"

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::expression {

/// What a score can be, as far as it is known. A view into its reader, until that reads again.
struct ScoreReading {
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::int64_t answered = 0;         ///< what was certainly added
  bool unknown = false;              ///< an answer may still come that changes it
  bool unavailable = false;          ///< and one that will not
  std::string_view unanswered_rule;  ///< the first of these
  std::string_view cause;            ///< why it has no answer
  QuestionKind cause_kind = QuestionKind::sample;
  std::span<const Question> free_questions;    ///< each once
  std::span<const Question> costly_questions;  ///< of the first rule that can ask them
};

/// How much of a reading is wanted: texts and questions cost more than the sum.
enum class ScoreDetail : std::uint8_t { sum, full };

class ScoreReader {
 public:
  /// All outlive it, and do not change but for the memo. Without one it has its own.
  ScoreReader(const Transaction& transaction, const Facts& facts, CheckMemo* checks = nullptr)
      : transaction_(transaction),
        facts_(facts),
        checks_(checks != nullptr ? *checks : own_checks_) {}
  ScoreReader(const ScoreReader&) = delete;
  ScoreReader& operator=(const ScoreReader&) = delete;

  /// What checks come to in the same transaction, for those who read scores with it.
  CheckMemo& checks() noexcept { return checks_; }

  /// Scores of one list of rules: those that were bound together.
  ScoreReading read(const BoundScore& score, ScoreDetail detail);

 private:
  /// A sum as far as it has been counted. Only adders that change it leave a mark, so that a test
  /// before the last one counted finds what it sees.
  struct Mark {
    std::uint32_t adder = 0;
    ScoreReading reading;  ///< behind it, without free questions
    std::size_t free_questions = 0;
  };
  struct Count {
    std::uint32_t next = 0;
    std::vector<Mark> marks;
    std::vector<Question> free_questions;
    std::set<Question> known_questions;
  };
  /// Whether an accept for its stage alone kept the rules behind it from being asked.
  struct Spared {
    Truth truth = Truth::no;
    bool matched = false;       ///< unavailable, and acts as if it were yes
    std::uint32_t settler = 0;  ///< that is unknown or unavailable
  };
  /// What a rule adds if it says yes.
  struct Points {
    std::int64_t least = 0;
    std::int64_t most = 0;
    std::int64_t answered = 0;
    const ConditionOutcome* unanswered = nullptr;  ///< why that is not certain
  };
  class Counting;

  /// What is known of so many rules before any is asked: those that are not found say no.
  std::vector<std::uint8_t> to_ask(const RuleIndex& index, std::size_t count) const;
  bool is_off(const ScoreBook::Terms& terms) const;
  bool watches(const ScoreBook::Terms& terms) const;
  bool is_asked(const Program& condition) const;
  Truth ask(std::uint8_t& said, const Program& condition);
  const ConditionOutcome& outcome(const Program& condition);
  const Spared& spared(const ScoreBook::Adding& rule);
  Spared with_settler(const Spared& before, std::uint32_t at);
  Points points(const ScoreSum::Adder& adder);

  const Transaction& transaction_;
  const Facts& facts_;
  CheckMemo own_checks_;
  CheckMemo& checks_;
  const ScoreBook* book_ = nullptr;
  std::map<std::pair<const ScoreSum*, ScoreDetail>, Count> counts_;
  std::vector<std::uint8_t> rules_said_;  // Truth, or not_asked
  std::vector<std::uint8_t> settlers_said_;
  std::vector<Spared> spared_;                    // behind each settler, in its stage
  std::array<std::uint32_t, 7> settled_up_to_{};  // by stage: behind the last in `spared_`
  std::map<const Program*, ConditionOutcome> outcomes_;
};

}  // namespace postern::expression
