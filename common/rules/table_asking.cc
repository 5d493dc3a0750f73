#include "rules/table_asking.h"

#include "rules/table_look_ups.h"

#include <algorithm>
#include <utility>

namespace postern::expression {

// The kind of tables sorts first: one look tells whether a replay brought table answers.
TableAsking::TableAsking(const Facts& facts, Findings& findings,
                         std::chrono::system_clock::time_point time)
    : facts_(facts),
      findings_(findings),
      time_(time),
      has_recorded_(!facts.empty() && facts.all().begin()->first.kind == QuestionKind::table) {}

Truth TableAsking::recorded(const Test& test, const Answer& answer) {
  if (answer.state == Answer::State::unavailable) {
    return findings_.unavailable(QuestionKind::table, test.table_name, answer.cause);
  }
  const bool found = answer.state == Answer::State::value;
  if (findings_.wanted()) {
    Evidence evidence{test.table_name, "", answer.source};
    if (found && !answer.values.empty()) evidence.value = answer.values.front();
    if (found && answer.values.size() > 1) evidence.source.mapped = answer.values[1];
    findings_.note(std::move(evidence));
  }
  return found ? Truth::yes : Truth::no;
}

void TableAsking::keep(const Test& test, std::string key, const std::optional<TableHit>& hit) {
  auto answer = hit ? Answer::found({std::string(hit->entry)}) : Answer::nothing();
  answer.source = source_of(test, hit);
  answer.source.digest.resize(std::min(answer.source.digest.size(), short_digest));
  answers_->add({QuestionKind::table, test.table_name, std::move(key), QuestionCost::free},
                std::move(answer));
}

}  // namespace postern::expression
