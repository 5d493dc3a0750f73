#include "rules/logic.h"

#include "model/text.h"
#include "model/time_text.h"
#include "rules/needs.h"
#include "rules/values.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

namespace postern::expression {
namespace {

using Products = std::optional<std::vector<Product>>;

/// What a review may hold of one condition. A policy has thousands, and a list of words is one
/// test, so hand-written conditions stay far below.
constexpr std::size_t most_products = 64;

Products joined_by_or(std::vector<Products> parts) {
  std::vector<Product> all;
  for (auto& part : parts) {
    if (!part || all.size() + part->size() > most_products) return std::nullopt;
    std::move(part->begin(), part->end(), std::back_inserter(all));
  }
  return all;
}

Products joined_by_and(const std::vector<Products>& parts) {
  std::vector<Product> all{Product()};
  for (const auto& part : parts) {
    if (!part || all.size() * part->size() > most_products) return std::nullopt;
    std::vector<Product> next;
    for (const auto& left : all) {
      for (const auto& right : *part) {
        auto product = left;
        product.insert(product.end(), right.begin(), right.end());
        next.push_back(std::move(product));
      }
    }
    all = std::move(next);
  }
  return all;
}

Products products_of(const Program& program, const Step& step, bool negated) {
  const auto children = [&] {
    std::vector<Products> parts;
    for (std::uint32_t i = 0; i < step.count; ++i) {
      parts.push_back(
          products_of(program, program.steps[program.children[step.first + i]], negated));
    }
    return parts;
  };
  switch (step.kind) {
    case Step::Kind::all_of:
      return negated ? joined_by_or(children()) : joined_by_and(children());
    case Step::Kind::any_of:
      return negated ? joined_by_and(children()) : joined_by_or(children());
    case Step::Kind::negate:
      return products_of(program, program.steps[step.first], !negated);
    case Step::Kind::test:
      return std::vector<Product>{{Literal{&program.tests[step.first], negated}}};
    case Step::Kind::constant:
      if ((step.truth == Truth::yes) == negated) return std::vector<Product>();
      return std::vector<Product>{Product()};
  }
  return std::nullopt;
}

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

/// Numbers a test lets through, both ends included.
struct Range {
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

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

std::string_view sign_of(Comparison comparison) {
  switch (comparison) {
    case Comparison::holds:
      return "";
    case Comparison::equal:
    case Comparison::same_as:
      return "==";
    case Comparison::less:
      return "<";
    case Comparison::less_equal:
      return "<=";
    case Comparison::greater:
      return ">";
    case Comparison::greater_equal:
      return ">=";
    case Comparison::in_table:
      return "in";
    case Comparison::starts_with:
      return "starts_with";
    case Comparison::ends_with:
      return "ends_with";
    case Comparison::contains:
      return "contains";
    case Comparison::matches:
      return "matches";
    case Comparison::within:
      return "within";
  }
  return "";
}

std::string name_text(Name name, const std::string& macro) {
  if (name == Name::macro) return "macro(\"" + macro + "\")";
  return std::string(row_of(name).name);
}

std::string day_text(std::int64_t number) {
  return postern::day_text(std::chrono::sys_days(std::chrono::days(number)));
}

std::vector<std::string> value_texts(const Test& test) {
  std::vector<std::string> values;
  for (const auto& text : test.texts) values.push_back(quoted(text));
  for (const auto& address : test.addresses) {
    values.push_back(quoted(address.empty() ? std::string("<>") : address.text()));
  }
  for (const auto& network : test.networks) values.push_back('"' + network.text() + '"');
  for (const auto& range : test.times) {
    values.push_back('"' + time_of_day_text(range.from) + '-' + time_of_day_text(range.to) + '"');
  }
  for (const auto number : test.numbers) {
    values.push_back(!test.score.empty()                   ? points_text(number)
                     : test.type == ValueType::boolean     ? (number != 0 ? "true" : "false")
                     : test.type == ValueType::date        ? '"' + day_text(number) + '"'
                     : test.type == ValueType::time_of_day ? '"' + time_of_day_text(number) + '"'
                                                           : std::to_string(number));
  }
  return values;
}

}  // namespace

Products products_of(const Program& program) {
  if (program.steps.empty()) return std::vector<Product>{Product()};
  return products_of(program, program.steps.back(), false);
}

Products products_of_opposite(const Program& program) {
  if (program.steps.empty()) return std::vector<Product>();
  return products_of(program, program.steps.back(), true);
}

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

std::optional<Contradiction> contradiction_in(const Product& product,
                                              const Surroundings& surroundings) {
  for (std::size_t i = 0; i < product.size(); ++i) {
    for (std::size_t j = i + 1; j < product.size(); ++j) {
      if (excludes(product[i], product[j])) return Contradiction{{product[i], product[j]}};
    }
  }
  return told_contradiction(product, surroundings);
}

std::string to_text(const Literal& literal) {
  const auto& test = *literal.test;
  std::string text = literal.negated ? "not " : "";
  if (test.calculation) return text + "a calculation";
  text += test.check            ? test.check->description().name
          : !test.score.empty() ? "score." + test.score
                                : name_text(*test.name, test.macro);
  if (test.comparison == Comparison::holds) return text;
  text += ' ';
  const auto values = value_texts(test);
  const bool several =
      (test.comparison == Comparison::equal || test.comparison == Comparison::within) &&
      values.size() > 1;
  const bool network = values.size() == 1 && test.type == ValueType::ip &&
                       values.front().find('/') != std::string::npos;
  const bool stretches = !test.times.empty();
  text += (several && test.comparison == Comparison::equal) || network || stretches
              ? "in"
              : sign_of(test.comparison);
  text += ' ';
  if (test.comparison == Comparison::in_table) return text + test.table_name;
  if (test.comparison == Comparison::same_as)
    return text + name_text(*test.other, test.other_macro);
  if (test.comparison == Comparison::matches) return text + quoted(test.pattern->text());
  if (!several) return text + (values.empty() ? "..." : values.front());
  // Lists run to thousands; whoever reads this has the condition before his eyes.
  constexpr std::size_t most_shown = 7;
  text += '[';
  for (std::size_t i = 0; i < values.size() && i < most_shown; ++i) {
    text += (i > 0 ? ", " : "") + values[i];
  }
  return text + (values.size() > most_shown ? ", ...]" : "]");
}

}  // namespace postern::expression
