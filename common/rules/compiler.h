// Compiler: checks names, types, values and stages of a condition and makes its program.
#pragma once

#include "rules/condition.h"
#include "rules/program.h"

#include <string_view>
#include <variant>
#include <vector>

namespace postern::expression {

/// All faults at once, in the order of the text; with any of them there is no program.
std::variant<Program, std::vector<ExpressionProblem>> compile(std::string_view source,
                                                              const Condition::Scope& scope);

}  // namespace postern::expression
