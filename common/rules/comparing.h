// How a test compares the one value it looks at. Pure.
#pragma once

#include "rules/calculation.h"
#include "rules/program.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace postern::expression {

/// With the first number, or for `equal` with any.
bool compare(Comparison comparison, std::int64_t value, const std::vector<std::int64_t>& numbers);
bool compare(Comparison comparison, WideNumber left, WideNumber right);

/// True for the operators that look into a text.
bool looks_inside(Comparison comparison);
/// One of them; `test.texts` is in lower case where case is ignored.
bool compare_inside(const Test& test, std::string_view text);

}  // namespace postern::expression
