#include "rules/logic.h"

#include "model/text.h"
#include "rules/logic_numbers.h"
#include "rules/needs.h"
#include "rules/values.h"

#include <algorithm>
#include <string_view>

namespace postern::expression {
namespace {

/// Calculations are not looked into, and rules between two tests may add to their score.
bool same_subject(const Test& a, const Test& b) {
  if (a.calculation || b.calculation || a.score != b.score || a.sum != b.sum) return false;
  return a.name == b.name && a.macro == b.macro && a.check == b.check && a.type == b.type;
}

template <typename T>
bool is_part_of(const std::vector<T>& some, const std::vector<T>& all) {
  return std::all_of(some.begin(), some.end(), [&](const T& each) {
    return std::find(all.begin(), all.end(), each) != all.end();
  });
}

/// Values as they are compared: without case where that does not count.
std::vector<std::string> compared_texts(const Test& test) {
  std::vector<std::string> texts;
  if (test.type == ValueType::address || test.type == ValueType::addresses) {
    for (const auto& address : test.addresses) texts.push_back(folded(address));
    return texts;
  }
  const bool folds = test.type == ValueType::domain || test.type == ValueType::local;
  for (const auto& text : test.texts) texts.push_back(folds ? folded(text) : text);
  return texts;
}

bool inside(const Network& small, const Network& large) {
  return large.prefix() <= small.prefix() && large.contains(small.address());
}

bool is_numeric(const Test& test) {
  return test.type == ValueType::number || test.type == ValueType::size;
}

bool numbers_imply(const Test& a, const Test& b) {
  if (b.comparison == Comparison::equal) {
    return a.comparison == Comparison::equal && is_part_of(a.numbers, b.numbers);
  }
  const auto left = range_of(a);
  const auto right = range_of(b);
  return left && right && right->least <= left->least && left->most <= right->most;
}

bool is_within_any(std::string_view name, const Test& test) {
  return std::any_of(test.texts.begin(), test.texts.end(),
                     [&](const std::string& domain) { return is_within(name, domain); });
}

/// Whether a text of this spelling passes a test that looks inside.
std::optional<bool> passes(const std::string& value, const Test& test) {
  if (test.comparison == Comparison::within) return is_within_any(value, test);
  if (test.texts.empty() || value.empty()) return std::nullopt;
  const auto part =
      test.type == ValueType::text ? test.texts.front() : folded_start(test.texts.front());
  switch (test.comparison) {
    case Comparison::starts_with:
      return value.starts_with(part);
    case Comparison::ends_with:
      return value.ends_with(part);
    case Comparison::contains:
      return value.find(part) != std::string::npos;
    default:
      return std::nullopt;
  }
}

bool texts_imply(const Test& a, const Test& b) {
  if (a.comparison == Comparison::equal) {
    const auto values = compared_texts(a);
    if (values.empty()) return false;
    if (b.comparison == Comparison::equal) return is_part_of(values, compared_texts(b));
    return std::all_of(values.begin(), values.end(),
                       [&](const std::string& value) { return passes(value, b) == true; });
  }
  if (a.texts.empty() || b.texts.empty()) return false;
  if (b.comparison == Comparison::within) {
    if (a.comparison == Comparison::within) {
      return std::all_of(a.texts.begin(), a.texts.end(),
                         [&](const std::string& domain) { return is_within_any(domain, b); });
    }
    // What ends with a dot and a domain is below that domain.
    return a.comparison == Comparison::ends_with && a.texts.front().front() == '.' &&
           is_within_any(std::string_view(a.texts.front()).substr(1), b);
  }
  const auto start = [](const Test& test) {
    return test.type == ValueType::text ? test.texts.front() : folded_start(test.texts.front());
  };
  const auto longer = start(a);
  const auto shorter = start(b);
  if (b.comparison == Comparison::contains &&
      (a.comparison == Comparison::contains || a.comparison == Comparison::starts_with ||
       a.comparison == Comparison::ends_with)) {
    return longer.find(shorter) != std::string::npos;
  }
  if (a.comparison != b.comparison) return false;
  if (a.comparison == Comparison::starts_with) return longer.starts_with(shorter);
  return a.comparison == Comparison::ends_with && longer.ends_with(shorter);
}

bool test_implies(const Test& a, const Test& b) {
  if (!same_subject(a, b)) return false;
  switch (a.comparison) {
    case Comparison::holds:
      return b.comparison == Comparison::holds;
    case Comparison::in_table:
      return b.comparison == Comparison::in_table && a.table_name == b.table_name;
    case Comparison::same_as:
      return b.comparison == Comparison::same_as && a.other == b.other &&
             a.other_macro == b.other_macro;
    case Comparison::matches:
      return b.comparison == Comparison::matches && a.pattern && b.pattern &&
             a.pattern->is_same(*b.pattern);
    default:
      break;
  }
  switch (a.type) {
    case ValueType::boolean:
      return a.comparison == b.comparison && a.numbers == b.numbers;
    case ValueType::number:
    case ValueType::size:
    case ValueType::date:
      return numbers_imply(a, b);
    case ValueType::time_of_day:
      return a.times.empty() && b.times.empty() && numbers_imply(a, b);
    case ValueType::ip:
      return b.comparison == Comparison::equal && !a.networks.empty() &&
             std::all_of(a.networks.begin(), a.networks.end(), [&](const Network& small) {
               return std::any_of(b.networks.begin(), b.networks.end(),
                                  [&](const Network& large) { return inside(small, large); });
             });
    case ValueType::text:
    case ValueType::local:
    case ValueType::domain:
    case ValueType::address:
    case ValueType::addresses:
    case ValueType::texts:
    case ValueType::choice:
      return texts_imply(a, b);
  }
  return false;
}

/// Tests of one value that no value passes both.
bool tests_exclude(const Test& a, const Test& b) {
  // A check may have found several meanings, and of several recipients each may pass one.
  if (!same_subject(a, b) || a.check || a.type == ValueType::addresses) return false;
  if (is_numeric(a)) {
    if (a.comparison == Comparison::equal && b.comparison == Comparison::equal) {
      return std::none_of(a.numbers.begin(), a.numbers.end(), [&](std::int64_t number) {
        return std::find(b.numbers.begin(), b.numbers.end(), number) != b.numbers.end();
      });
    }
    const auto left = range_of(a);
    const auto right = range_of(b);
    return left && right && (left->most < right->least || right->most < left->least);
  }
  if (a.comparison == Comparison::within && b.comparison == Comparison::within) {
    const auto apart = [](const Test& below, const Test& above) {
      return std::none_of(below.texts.begin(), below.texts.end(),
                          [&](const std::string& domain) { return is_within_any(domain, above); });
    };
    return apart(a, b) && apart(b, a);
  }
  if (a.comparison != Comparison::equal) {
    return b.comparison == Comparison::equal && tests_exclude(b, a);
  }
  if (a.type == ValueType::ip) {
    return b.comparison == Comparison::equal &&
           std::none_of(a.networks.begin(), a.networks.end(), [&](const Network& left) {
             return std::any_of(b.networks.begin(), b.networks.end(), [&](const Network& right) {
               return inside(left, right) || inside(right, left);
             });
           });
  }
  const auto values = compared_texts(a);
  if (values.empty()) return false;
  if (b.comparison == Comparison::equal) {
    const auto others = compared_texts(b);
    return std::none_of(values.begin(), values.end(), [&](const std::string& value) {
      return std::find(others.begin(), others.end(), value) != others.end();
    });
  }
  return std::all_of(values.begin(), values.end(),
                     [&](const std::string& value) { return passes(value, b) == false; });
}

}  // namespace

bool implies(const Literal& a, const Literal& b) {
  if (a.negated && b.negated) return test_implies(*b.test, *a.test);
  if (a.negated) return false;
  return b.negated ? tests_exclude(*a.test, *b.test) : test_implies(*a.test, *b.test);
}

bool excludes(const Literal& a, const Literal& b) {
  if (a.negated && b.negated) return false;
  if (a.negated) return test_implies(*b.test, *a.test);
  return b.negated ? test_implies(*a.test, *b.test) : tests_exclude(*a.test, *b.test);
}

bool implies(const Product& a, const Product& b) {
  return std::all_of(b.begin(), b.end(), [&](const Literal& needed) {
    return std::any_of(a.begin(), a.end(),
                       [&](const Literal& given) { return implies(given, needed); });
  });
}

}  // namespace postern::expression
