#include "rules/map_values.h"

#include "rules/program.h"

#include <algorithm>
#include <utility>

namespace postern {

const Evidence* entry_found(const std::vector<Evidence>& evidence, std::string_view map) noexcept {
  for (const auto& each : evidence) {
    // Without an entry nothing was found.
    if (each.name == map && !each.value.empty()) return &each;
  }
  return nullptr;
}

std::optional<std::int64_t> points_found(const std::vector<Evidence>& evidence,
                                         const MapPoints& from) {
  const auto* found = entry_found(evidence, from.map);
  if (found != nullptr && from.of == MapPoints::Of::check) return points_from_text(found->value);
  // Values were checked when the policy was loaded; those that a record brings were not.
  return found != nullptr ? added_points_from_text(found->source.mapped) : std::nullopt;
}

void add_points_of_maps(TrailEntry& entry, const Rule& rule, const Transaction& transaction,
                        const Facts& facts) {
  for (const auto& added : rule.scores) {
    if (!added.from) continue;
    ConditionOutcome outcome;
    const auto truth = expression::run(*added.from->look_up, transaction, facts, &outcome);
    if (truth != Truth::yes && truth != Truth::no) continue;
    const auto words = std::find(entry.effects.begin(), entry.effects.end(), words_of(added));
    const auto points = points_found(outcome.evidence, *added.from);
    if (!points || *points == 0) {
      if (words != entry.effects.end()) entry.effects.erase(words);
      continue;
    }
    if (words != entry.effects.end()) *words = words_of({added.score, *points});
    for (auto& each : outcome.evidence) {
      const auto known = std::find(entry.evidence.begin(), entry.evidence.end(), each);
      if (known == entry.evidence.end()) entry.evidence.push_back(std::move(each));
    }
  }
}

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
