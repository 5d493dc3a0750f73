// Lexer: cuts the text of a condition into tokens. Pure; never fails: faults become problems, and a
// token that stands for what was probably meant, so that the parser can go on and find the rest.
#pragma once

#include "rules/condition.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::expression {

enum class TokenKind : std::uint8_t {
  name,      ///< client.ip, partners
  text,      ///< "..." or '...'
  number,    ///< 25
  decimal,   ///< 2.5, in thousandths
  size,      ///< 10MB, in octets
  duration,  ///< 5m, in seconds
  boolean,   ///< true, false
  left_parenthesis,
  right_parenthesis,
  left_bracket,
  right_bracket,
  comma,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  matches,
  starts_with,
  ends_with,
  contains,
  within,
  plus,
  minus,
  times,
  logical_and,
  logical_or,
  logical_not,
  broken,  ///< already reported
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string text;         ///< of a name; of a text, with its escapes resolved
  std::int64_t number = 0;  ///< number, thousandths, octets, seconds, or 0 and 1
};

struct Lexed {
  std::vector<Token> tokens;  ///< the last one is `end`
  std::vector<ExpressionProblem> problems;
};

Lexed lex(std::string_view source);

}  // namespace postern::expression
