#include "rules/map_values.h"

#include <utility>

namespace postern {

MappedValues mapped_values(const Rule& rule, const Transaction& transaction, const Facts& facts) {
  MappedValues values;
  for (const auto& map : rule.text_maps) {
    if (auto value = rule.condition.mapped(map, transaction, facts)) {
      values.fields.emplace_back("map." + map, std::move(*value));
    }
  }
  if (rule.code_map.empty()) return values;
  // Values were checked when the policy was loaded; those that a record brings were not.
  const auto code = rule.condition.mapped(rule.code_map, transaction, facts);
  const auto form = code ? ReplyForm::parse(*code) : std::nullopt;
  if (!form || rule.reason == nullptr) return values;
  const bool temporary = form->code.first_digit() == 4;
  if (temporary != (rule.verdict == Verdict::defer)) return values;
  for (const auto& allowed : allowed_forms(*rule.reason)) {
    if (allowed == *form) values.form = form;
  }
  return values;
}

}  // namespace postern
