#include "journal/log_filter.h"

#include "journal/record_names.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

template <typename T>
bool holds(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool is_of_rule(const Decision& decision, const std::vector<std::string>& rules) {
  if (decision.rule && holds(rules, decision.rule->name)) return true;
  return std::any_of(decision.trail.begin(), decision.trail.end(), [&](const TrailEntry& entry) {
    return entry.note == TrailNote::shadow && holds(rules, entry.rule.name);
  });
}

}  // namespace

bool LogFilter::fits(const Record& record) const {
  return fits_but_for_condition(record) && (!condition || condition->fits(record));
}

bool LogFilter::hangs_on_hidden(const Record& record) const {
  return condition && fits_but_for_condition(record) && condition->hangs_on_hidden(record);
}

bool LogFilter::fits_but_for_condition(const Record& record) const {
  const auto& decision = record.decision;
  return records.fits(record) && (verdicts.empty() || holds(verdicts, decision.verdict)) &&
         (reasons.empty() || holds(reasons, decision.reason)) &&
         (rules.empty() || is_of_rule(decision, rules));
}

LineSieve LogFilter::sieve() const {
  std::vector<LineClue> clues;
  if (condition) clues = condition->clues();
  const auto want = [&clues](std::string_view name, const std::vector<std::string>& words) {
    if (words.empty()) return;
    if (auto clue = clue_of(*record_names().find(name), words, {})) {
      clues.push_back(std::move(*clue));
    }
  };
  std::vector<std::string> words;
  for (const auto verdict : verdicts) words.emplace_back(to_text(verdict));
  want("verdict", words);
  words.clear();
  for (const auto* reason : reasons) words.emplace_back(reason->id);
  want("reason", words);
  want("rule", rules);
  return LineSieve(records, std::move(clues));
}

}  // namespace postern
