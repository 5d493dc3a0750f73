// Tests that are never all yes: two that exclude each other, or several of a value that is always
// told.
#include "rules/local_clock.h"
#include "rules/logic.h"
#include "rules/logic_numbers.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern::expression {
namespace {

/// Names that have a value wherever a condition is asked, so that a test of them is yes or no.
constexpr std::array always_told{Name::stage, Name::door, Name::weekday, Name::time, Name::date};

bool is_test_of(const Test& test, Name name) {
  return !test.check && !test.calculation && test.score.empty() && test.name == name &&
         test.comparison != Comparison::in_table && test.comparison != Comparison::same_as;
}

bool passes_number(std::int64_t value, const Test& test) {
  if (!test.times.empty()) {
    return std::any_of(test.times.begin(), test.times.end(),
                       [&](const TimeRange& range) { return range.contains(value); });
  }
  if (test.comparison == Comparison::equal) {
    return std::find(test.numbers.begin(), test.numbers.end(), value) != test.numbers.end();
  }
  const auto range = range_of(test);
  return range && range->least <= value && value <= range->most;
}

/// Values of a time or a date, one at least of each stretch in which no literal changes.
std::vector<std::int64_t> sample_numbers(const Product& literals, Name name) {
  constexpr std::int64_t last_second = 86'399;
  std::vector<std::int64_t> values{0};
  for (const auto& literal : literals) {
    for (const auto number : literal.test->numbers) {
      values.insert(values.end(), {number - 1, number, number + 1});
    }
    for (const auto& range : literal.test->times)
      values.insert(values.end(), {range.from, range.to});
  }
  if (name == Name::time) {
    std::erase_if(values, [&](std::int64_t value) { return value < 0 || value > last_second; });
  }
  return values;
}

const std::vector<std::string>& words_at(Name name, const Surroundings& surroundings) {
  if (name == Name::stage && !surroundings.stages.empty()) return surroundings.stages;
  if (name == Name::door && !surroundings.doors.empty()) return surroundings.doors;
  return words_of(name);
}

/// Whether some value of `name`, which all literals test, passes all of them.
bool can_all_hold(const Product& literals, Name name, const Surroundings& surroundings) {
  if (row_of(name).type == ValueType::choice) {
    const auto& words = words_at(name, surroundings);
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
      return std::all_of(literals.begin(), literals.end(), [&](const Literal& literal) {
        const auto& texts = literal.test->texts;
        return (std::find(texts.begin(), texts.end(), word) != texts.end()) != literal.negated;
      });
    });
  }
  const auto values = sample_numbers(literals, name);
  return std::any_of(values.begin(), values.end(), [&](std::int64_t value) {
    return std::all_of(literals.begin(), literals.end(), [&](const Literal& literal) {
      return passes_number(value, *literal.test) != literal.negated;
    });
  });
}

/// Of names that are told everywhere all literals can be looked at together.
std::optional<Contradiction> told_contradiction(const Product& product,
                                                const Surroundings& surroundings) {
  for (const auto name : always_told) {
    Product literals;
    for (const auto& literal : product) {
      if (is_test_of(*literal.test, name)) literals.push_back(literal);
    }
    if (literals.empty() || can_all_hold(literals, name, surroundings)) continue;
    // What can be left out without making it possible is not worth a word.
    for (std::size_t i = 0; i < literals.size() && literals.size() > 1;) {
      auto fewer = literals;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      if (can_all_hold(fewer, name, surroundings)) {
        ++i;
      } else {
        literals = std::move(fewer);
      }
    }
    return Contradiction{std::move(literals)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Contradiction> contradiction_in(const Product& product,
                                              const Surroundings& surroundings) {
  for (std::size_t i = 0; i < product.size(); ++i) {
    for (std::size_t j = i + 1; j < product.size(); ++j) {
      if (excludes(product[i], product[j])) return Contradiction{{product[i], product[j]}};
    }
  }
  return told_contradiction(product, surroundings);
}

}  // namespace postern::expression
