// Program: a condition as a flat list of steps. Made once by the compiler, run at every decision;
// immutable, any thread may run it. A definite `no` is found without allocating.
#pragma once

#include "checks/check.h"
#include "postern/address.h"
#include "rules/calculation.h"
#include "rules/condition.h"
#include "rules/further_names.h"
#include "rules/local_clock.h"
#include "rules/names.h"
#include "rules/pattern.h"
#include "rules/scores.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::expression {

/// How a test compares; `!=` is `not` around `equal`.
enum class Comparison : std::uint8_t {
  holds,  ///< a boolean name
  equal,  ///< with any of the test's values
  less,
  less_equal,
  greater,
  greater_equal,
  in_table,
  starts_with,
  ends_with,
  contains,
  matches,
  within,   ///< a domain name is one of the texts or below it
  same_as,  ///< another name
};

/// One comparison. Which of the value lists counts follows from the type.
struct Test {
  std::optional<Name> name;              ///< none: a check or a calculation
  std::string macro;                     ///< for Name::macro
  const FurtherName* further = nullptr;  ///< for Name::further
  std::shared_ptr<const Check> check;    ///< of type number: its weight, in thousandths
  ValueType type = ValueType::boolean;
  Comparison comparison = Comparison::holds;

  std::vector<std::string> texts;
  std::vector<std::int64_t> numbers;
  std::vector<Network> networks;
  std::vector<MailAddress> addresses;
  std::vector<TimeRange> times;
  std::optional<Name> other;  ///< of same_as
  std::string other_macro;
  std::string table_name;
  std::shared_ptr<const Table> table;
  std::shared_ptr<const Calculation> calculation;  ///< instead of a name
  std::string score;  ///< instead of a name: that of a score, whose numbers are thousandths
  BoundScore sum;     ///< bound when all rules are known
  std::shared_ptr<const Pattern> pattern;  ///< shared by the conditions that a named one is part of
};

struct Step {
  enum class Kind : std::uint8_t { all_of, any_of, negate, test, constant };
  Kind kind = Kind::constant;
  Truth truth = Truth::yes;  ///< of a constant
  std::uint32_t first =
      0;  ///< of all_of, any_of: in `children`; of negate: a step; of test: a test
  std::uint32_t count = 0;
};

struct Program {
  std::string source;
  std::vector<Step> steps;  ///< the last one is the whole condition; empty: always yes
  std::vector<std::uint32_t> children;
  std::vector<Test> tests;
  std::vector<ConditionName> names;
  std::vector<std::string> scores;          ///< those it tests, each once
  std::vector<ExpressionProblem> warnings;  ///< of its own text
  Stage earliest = Stage::connect;
  Stage latest = Stage::end_of_message;  ///< up to which everything it names is known
  Subjects subjects;
};

/// What a rule that adds to a score, and will not be answered, adds to a test.
enum class Unanswered : std::uint8_t {
  open,     ///< anything it might
  nothing,  ///< nothing, as a rule that is skipped
};

class ScoreReader;

/// With `outcome`, everything a record and the driver need is gathered in it. `scores` reads scores
/// of the same transaction and facts; without one, what adds to them is asked for this run alone.
/// `further` has what further names stand for; without it, nobody tells.
Truth run(const Program& program, const Transaction& transaction, const Facts& facts,
          ConditionOutcome* outcome, Unanswered unanswered = Unanswered::open,
          ScoreReader* scores = nullptr, const FurtherValues* further = nullptr);

/// As Condition::asks().
bool asks(const Program& program, QuestionKind kind);

}  // namespace postern::expression
