// A test as an administrator would write it.
#include "model/text.h"
#include "model/time_text.h"
#include "rules/check_weights.h"
#include "rules/logic.h"
#include "rules/values.h"

#include <chrono>
#include <string_view>

namespace postern::expression {
namespace {

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
    values.push_back(!test.score.empty() || test.check     ? points_text(number)
                     : test.type == ValueType::boolean     ? (number != 0 ? "true" : "false")
                     : test.type == ValueType::date        ? '"' + day_text(number) + '"'
                     : test.type == ValueType::time_of_day ? '"' + time_of_day_text(number) + '"'
                                                           : std::to_string(number));
  }
  return values;
}

}  // namespace

std::string to_text(const Literal& literal) {
  const auto& test = *literal.test;
  std::string text = literal.negated ? "not " : "";
  if (test.calculation) return text + "a calculation";
  const bool weight = test.check && test.type == ValueType::number;
  text += weight                ? weight_name(test.check->description())
          : test.check          ? test.check->description().name
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
