// Calculation: both sides of a comparison in which something is added, subtracted or multiplied.
// Made by the compiler, which proves that no side can leave the range of its numbers; immutable,
// any thread may run it. Nothing is allocated.
#pragma once

#include "postern/transaction.h"
#include "rules/names.h"
#include "rules/parser.h"
#include "rules/values.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace postern::expression {

/// Twice as wide as what the mail server tells, so that results are exact.
__extension__ typedef __int128 WideNumber;

struct CalculationStep {
  enum class Kind : std::uint8_t { constant, name, add, subtract, multiply };
  Kind kind = Kind::constant;
  Name name = Name::size;     ///< of name
  std::int64_t constant = 0;  ///< of constant
};

/// A value before its operators: "size 2 *".
using CalculationSide = std::vector<CalculationStep>;

struct Calculation {
  CalculationSide left;
  CalculationSide right;
};

/// What became of a side: a number, or the first name without one.
struct CalculationResult {
  enum class State : std::uint8_t { told, absent, not_told };
  State state = State::told;
  WideNumber value = 0;
  Name missing = Name::size;  ///< of not_told
};
CalculationResult calculate(const CalculationSide& side, const Transaction& transaction,
                            Reach reach = Reach::stage);

}  // namespace postern::expression
