#include "rules/logic_numbers.h"

#include <algorithm>

namespace postern::expression {

std::optional<Range> range_of(const Test& test) {
  if (test.numbers.empty()) return std::nullopt;
  const auto number = test.numbers.front();
  Range range;
  switch (test.comparison) {
    case Comparison::less:
      if (number == range.least) return std::nullopt;
      range.most = number - 1;
      return range;
    case Comparison::less_equal:
      range.most = number;
      return range;
    case Comparison::greater:
      if (number == range.most) return std::nullopt;
      range.least = number + 1;
      return range;
    case Comparison::greater_equal:
      range.least = number;
      return range;
    case Comparison::equal:
      range.least = *std::min_element(test.numbers.begin(), test.numbers.end());
      range.most = *std::max_element(test.numbers.begin(), test.numbers.end());
      return range;
    default:
      return std::nullopt;
  }
}

}  // namespace postern::expression
