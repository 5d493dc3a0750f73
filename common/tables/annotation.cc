#include "model/text.h"
#include "model/time_text.h"
#include "tables/readers.h"

#include <algorithm>

namespace postern {
namespace {

constexpr std::string_view white = " \t\r\f\v";

Problem no_date(std::string_view text, SourcePosition position) {
  Problem problem;
  problem.position = std::move(position);
  problem.length = static_cast<unsigned>(std::max<std::size_t>(1, text.size()));
  problem.message = "\"" + std::string(text) + "\" is not a date";
  problem.hint = "write the last day on which the entry counts as in \"2027-01-31\"";
  return problem;
}

}  // namespace

Annotation read_annotation(std::string_view comment, const SourcePosition& position,
                           TableFaults& faults) {
  constexpr std::string_view until = "until";
  const auto* const begin = comment.data();
  comment = trimmed(comment, white);
  if (comment.size() <= until.size() || lower(comment.substr(0, until.size())) != until ||
      white.find(comment[until.size()]) == std::string_view::npos) {
    return {{}, comment};
  }
  auto rest = trimmed(comment.substr(until.size()), white);
  if (rest.empty() || rest.front() < '0' || rest.front() > '9') return {{}, comment};
  const auto end = std::min(rest.find_first_of(":;, \t\r"), rest.size());
  const auto word = rest.substr(0, end);
  Annotation annotation;
  annotation.last_day = day_from_text(word);
  if (!annotation.last_day) {
    auto place = position;
    place.column += static_cast<unsigned>(word.data() - begin);
    faults.add(no_date(word, std::move(place)));
  }
  rest.remove_prefix(end);
  if (!rest.empty() && white.find(rest.front()) == std::string_view::npos) rest.remove_prefix(1);
  annotation.note = trimmed(rest, white);
  return annotation;
}

void add_row(EntryList& entries, const TableRow& row, unsigned number, TableFaults& faults) {
  if (!entries.add(row.key, number, 0)) {
    Problem problem;
    problem.position = {entries.file(), number, 0};
    problem.message = "a table cannot hold more than 4 GiB";
    faults.add(std::move(problem));
    return;
  }
  if (row.has_value) entries.set_value(row.value);
  entries.set_note(row.note);
  if (row.until.empty()) return;
  if (const auto day = day_from_text(row.until)) {
    entries.set_last_day(*day);
  } else {
    faults.add(no_date(row.until, {entries.file(), number, 0}));
  }
}

}  // namespace postern
