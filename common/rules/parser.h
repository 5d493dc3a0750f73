// Parser: the text of a condition as a tree. Pure; after a fault it goes on at the next `and`, `or`
// or closing bracket, so that one run finds all of them.
#pragma once

#include "rules/condition.h"
#include "rules/syntax.h"

#include <string_view>
#include <vector>

namespace postern::expression {

/// How deeply parentheses and `not` may nest. Beyond any condition a person can read; the parser,
/// the compiler and the evaluator recurse once a level and must not run out of stack on hostile
/// input.
inline constexpr unsigned deepest_nesting = 64;

/// How many times a condition may add, subtract and multiply, for the same reason.
inline constexpr unsigned most_calculations = 64;

struct Parsed {
  Node root;
  std::vector<ExpressionProblem> problems;
};

/// The grammar stands in docs/policy-language.md.
Parsed parse(std::string_view source);

}  // namespace postern::expression
