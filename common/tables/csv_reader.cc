// Tables in files of separated values (RFC 4180).

#include "model/time_text.h"
#include "tables/readers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace postern {
namespace {

/// A field as read; `text` is valid until the next row.
struct Field {
  std::string text;
  unsigned line = 0;
  unsigned column = 0;
};

/// Takes rows off a text.
class Rows {
 public:
  Rows(std::string file, std::string_view text, char separator, TableFaults& faults)
      : file_(std::move(file)), rest_(text), separator_(separator), faults_(faults) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
  }

  /// False at the end. Empty lines are no rows.
  bool next(std::vector<Field>& fields) {
    while (!rest_.empty() && (rest_.front() == '\n' || rest_.starts_with("\r\n"))) skip_end();
    if (rest_.empty()) return false;
    std::size_t count = 0;
    while (true) {
      if (count == fields.size()) fields.emplace_back();
      auto& field = fields[count++];
      field.text.clear();
      field.line = line_;
      field.column = column_;
      read(field);
      if (rest_.empty() || rest_.front() != separator_) break;
      advance(1);
    }
    fields.resize(count);
    skip_end();
    return true;
  }

 private:
  void advance(std::size_t octets) {
    rest_.remove_prefix(octets);
    column_ += static_cast<unsigned>(octets);
  }
  void skip_end() {
    if (rest_.starts_with("\r\n")) rest_.remove_prefix(1);
    if (rest_.empty()) return;
    rest_.remove_prefix(1);
    ++line_;
    column_ = 1;
  }
  bool at_end_of_field() const {
    return rest_.empty() || rest_.front() == separator_ || rest_.front() == '\n' ||
           rest_.starts_with("\r\n");
  }

  void read(Field& field) {
    if (rest_.empty() || rest_.front() != '"') {
      const auto end = rest_.find_first_of(std::string{separator_, '\n'});
      auto text = rest_.substr(0, end);
      const bool at_line_end = end == std::string_view::npos || rest_[end] == '\n';
      if (at_line_end && !text.empty() && text.back() == '\r') text.remove_suffix(1);
      field.text = text;
      advance(text.size());
      if (rest_ == "\r") advance(1);
      return;
    }
    const auto opened_line = line_;
    const auto opened_column = column_;
    advance(1);
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '"') {
        advance(1);
        if (rest_.empty() || rest_.front() != '"') break;
        field.text += '"';
        advance(1);
      } else {
        field.text += c;
        if (c == '\n') {
          skip_end();
        } else {
          advance(1);
        }
        if (rest_.empty()) return fault(opened_line, opened_column, "this quote is never closed");
      }
    }
    if (at_end_of_field() || rest_ == "\r") {
      if (rest_ == "\r") advance(1);
      return;
    }
    fault(line_, column_, "something stands behind the closing quote of a field");
    while (!at_end_of_field()) advance(1);
  }

  void fault(unsigned line, unsigned column, std::string message) {
    Problem problem;
    problem.position = {file_, line, column};
    problem.message = std::move(message);
    problem.hint = "a quote inside a quoted field is written twice";
    faults_.add(std::move(problem));
  }

  std::string file_;
  std::string_view rest_;
  char separator_;
  TableFaults& faults_;
  unsigned line_ = 1;
  unsigned column_ = 1;
};

/// A column's number from 1; nullopt: it is a name.
std::optional<std::size_t> number_of(std::string_view column) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(column.data(), column.data() + column.size(), number);
  if (error != std::errc() || end != column.data() + column.size() || number == 0) return {};
  return number;
}

std::string list_of(const std::vector<Field>& header) {
  std::string text;
  for (std::size_t i = 0; i < header.size() && i < 12; ++i) {
    text += (i == 0 ? "\"" : ", \"") + header[i].text + '"';
  }
  return header.size() > 12 ? text + ", ..." : text;
}

constexpr std::size_t none = 0;

/// The places of the wanted columns in a row, from 1; `none` where nothing is wanted.
struct Places {
  std::size_t key = none;
  std::size_t value = none;
  std::size_t until = none;
  std::size_t note = none;
};

std::string_view field_at(const std::vector<Field>& fields, std::size_t place) {
  if (place == none || place > fields.size()) return {};
  return fields[place - 1].text;
}

}  // namespace

EntryList read_csv(const std::string& file, std::string_view text, const CsvColumns& columns,
                   TableFaults& faults) {
  EntryList entries(file);
  entries.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
  Rows rows(file, text, columns.separator, faults);
  const std::array wanted{&columns.key, &columns.value, &columns.until, &columns.note};
  const bool by_name = std::any_of(wanted.begin(), wanted.end(), [](const std::string* column) {
    return !column->empty() && !number_of(*column);
  });
  const bool has_header = columns.header == CsvColumns::Header::yes ||
                          (columns.header == CsvColumns::Header::by_names && by_name);
  std::vector<Field> fields;
  std::vector<Field> header;
  if (has_header && rows.next(fields)) header = fields;

  Places places;
  const std::array found{&places.key, &places.value, &places.until, &places.note};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& column = *wanted[i];
    if (column.empty()) continue;
    const auto named = std::find_if(header.begin(), header.end(),
                                    [&](const Field& field) { return field.text == column; });
    const auto again = named == header.end()
                           ? header.end()
                           : std::find_if(named + 1, header.end(),
                                          [&](const Field& field) { return field.text == column; });
    if (again != header.end()) {
      Problem problem;
      problem.position = {file, again->line, again->column};
      problem.length = static_cast<unsigned>(std::max<std::size_t>(1, again->text.size()));
      problem.message = "there is a column \"" + column + "\" before this one already";
      problem.hint = "give the number of the one that is meant, from 1";
      faults.add(std::move(problem));
    } else if (named != header.end()) {
      *found[i] = static_cast<std::size_t>(named - header.begin()) + 1;
    } else if (const auto number = number_of(column)) {
      *found[i] = *number;
    } else {
      Problem problem;
      problem.position = {file, 1, 1};
      const bool no_names = columns.header == CsvColumns::Header::no;
      problem.message = no_names
                            ? "without a first line of names there is no column \"" + column + "\""
                            : "there is no column \"" + column + "\" in the first line";
      problem.hint = no_names         ? "give its number from 1, or take \"header\" out"
                     : header.empty() ? "the file is empty"
                                      : "it has " + list_of(header);
      faults.add(std::move(problem));
    }
  }
  if (places.key == none) return entries;

  while (rows.next(fields)) {
    if (places.key > fields.size()) {
      Problem problem;
      problem.position = {file, fields.front().line, 1};
      problem.message = "this row has " + std::to_string(fields.size()) +
                        (fields.size() == 1 ? " column" : " columns") +
                        " and the entry stands in " + std::to_string(places.key);
      problem.hint = "set \"separator\" if it is not '" + std::string(1, columns.separator) + "'";
      faults.add(std::move(problem));
      continue;
    }
    const auto& key = fields[places.key - 1];
    if (key.text.empty()) continue;
    if (!entries.add(key.text, key.line, key.column)) return entries;
    if (places.value != none) entries.set_value(field_at(fields, places.value));
    entries.set_note(field_at(fields, places.note));
    const auto until = field_at(fields, places.until);
    if (until.empty()) continue;
    if (const auto day = day_from_text(until)) {
      entries.set_last_day(*day);
      continue;
    }
    const auto& field = fields[places.until - 1];
    Problem problem;
    problem.position = {file, field.line, field.column};
    problem.length = static_cast<unsigned>(std::max<std::size_t>(1, field.text.size()));
    problem.message = "\"" + field.text + "\" is not a date";
    problem.hint = "write the last day on which the entry counts as in \"2027-01-31\"";
    faults.add(std::move(problem));
  }
  return entries;
}

}  // namespace postern
