#include "rules/comparing.h"

#include "rules/values.h"

#include <algorithm>

namespace postern::expression {

bool compare(Comparison comparison, std::int64_t value, const std::vector<std::int64_t>& numbers) {
  switch (comparison) {
    case Comparison::less:
      return value < numbers.front();
    case Comparison::less_equal:
      return value <= numbers.front();
    case Comparison::greater:
      return value > numbers.front();
    case Comparison::greater_equal:
      return value >= numbers.front();
    default:
      return std::find(numbers.begin(), numbers.end(), value) != numbers.end();
  }
}

bool compare(Comparison comparison, WideNumber left, WideNumber right) {
  switch (comparison) {
    case Comparison::less:
      return left < right;
    case Comparison::less_equal:
      return left <= right;
    case Comparison::greater:
      return left > right;
    case Comparison::greater_equal:
      return left >= right;
    default:
      return left == right;
  }
}

bool compare_inside(const Test& test, std::string_view text) {
  if (test.comparison == Comparison::matches) return test.pattern->matches(text);
  const std::string_view part = test.texts.front();
  if (part.size() > text.size()) return false;
  const auto end = text.size() - part.size();
  const bool with_case = test.type == ValueType::text;
  const auto fits = [&](std::size_t at) {
    return with_case ? text.substr(at, part.size()) == part : stands_at(text, at, part);
  };
  if (test.comparison == Comparison::starts_with) return fits(0);
  if (test.comparison == Comparison::ends_with) return fits(end);
  for (std::size_t at = 0; at <= end; ++at) {
    if (fits(at)) return true;
  }
  return false;
}

bool looks_inside(Comparison comparison) {
  return comparison == Comparison::matches || comparison == Comparison::starts_with ||
         comparison == Comparison::ends_with || comparison == Comparison::contains;
}

}  // namespace postern::expression
