// Range: the numbers that one comparison lets through, for what reviews say of conditions.
#pragma once

#include "rules/program.h"

#include <cstdint>
#include <limits>
#include <optional>

namespace postern::expression {

/// Both ends included.
struct Range {
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

/// nullopt: the test compares no numbers, or none passes it. Of `==` with several numbers the range
/// that holds them all. Pure; any thread.
std::optional<Range> range_of(const Test& test);

}  // namespace postern::expression
