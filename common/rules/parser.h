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

struct Parsed {
  Node root;
  std::vector<ExpressionProblem> problems;
};

///   condition   = conjunction { "or" conjunction }
///   conjunction = negation { "and" negation }
///   negation    = "not" negation | comparison
///   comparison  = operand [ operator operand ]
///   operator    = "==" | "!=" | "<" | "<=" | ">" | ">=" | [ "not" ] "in" | "matches"
///               | "starts_with" | "ends_with" | "contains"
///   operand     = "(" condition ")" | name | "macro" "(" text ")" | literal | list
///   list        = "[" [ literal { "," literal } [ "," ] ] "]"
///   literal     = text | number | size | duration | "true" | "false"
Parsed parse(std::string_view source);

}  // namespace postern::expression
