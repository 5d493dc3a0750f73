// Node: the syntax tree of a condition. Plain data; each node knows its place in the text so that
// every later message can point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::expression {

enum class NodeKind : std::uint8_t {
  all_of,   ///< parts joined by `and`
  any_of,   ///< parts joined by `or`
  negate,   ///< `not` part
  compare,  ///< part, op, part
  name,
  macro,  ///< macro("text")
  text,
  number,
  decimal,
  size,
  duration,
  boolean,
  list,
  sum,         ///< part + part
  difference,  ///< part - part
  product,     ///< part * part
  broken,      ///< already reported: says nothing, causes no further message
};

enum class Operator : std::uint8_t {
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
};
std::string_view to_text(Operator op) noexcept;

struct Node {
  NodeKind kind = NodeKind::broken;
  std::size_t offset = 0;
  std::size_t length = 1;
  Operator op = Operator::equal;
  std::size_t op_offset = 0;
  std::size_t op_length = 0;
  std::string text;         ///< of name, macro, text
  std::int64_t number = 0;  ///< of number, decimal (thousandths), size (octets), duration
                            ///< (seconds), boolean (0, 1)
  std::vector<Node> parts;
};

}  // namespace postern::expression
