// Where the entries of a table come from: the policy itself, a file, a data base.

#include "model/text.h"
#include "model/time_text.h"
#include "rules/loader.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

/// The text of a string or of a TOML date.
std::optional<std::string> text_of(const Node& node) {
  if (node.kind == Node::Kind::string) return node.string;
  if (node.kind != Node::Kind::date) return {};
  return node.span.file->text().substr(node.span.begin, node.span.end - node.span.begin);
}

/// Reads { entry = "...", value = "...", until = ..., note = "..." } into `entries`.
bool add_described(const Node& item, EntryList& entries, const ValueReader& values) {
  auto& diagnostics = values.diagnostics();
  bool good = true;
  for (const auto& member : item.members) {
    const std::vector<std::string> known{"entry", "value", "until", "note"};
    if (std::find(known.begin(), known.end(), member.key) == known.end()) {
      diagnostics.error(member.key_span, "unknown key " + quoted(member.key),
                        nearest_hint(member.key, known, "an entry has " + list_text(known, "and")));
      good = false;
    } else if (!text_of(member.value)) {
      diagnostics.error(member.value.span, quoted(member.key) + " is a string, not " +
                                               std::string(to_text(member.value.kind)));
      good = false;
    }
  }
  const auto* entry = item.find("entry");
  if (entry == nullptr) {
    diagnostics.error(item.span, "there is no \"entry\"",
                      "as in { entry = \"192.0.2.0/24\", until = \"2027-01-31\" }");
    return false;
  }
  if (!good) return false;
  const auto place = entry->value.part(0, 1);
  const auto position = place.file->position(place.begin);
  entries.add(*text_of(entry->value), position.line, position.column);
  if (const auto* value = item.find("value")) entries.set_value(*text_of(value->value));
  if (const auto* note = item.find("note")) entries.set_note(*text_of(note->value));
  if (const auto* until = item.find("until")) {
    const auto text = *text_of(until->value);
    const auto day = day_from_text(text);
    if (day) {
      entries.set_last_day(*day);
    } else {
      diagnostics.error(until->value.span, quoted(text) + " is not a date",
                        "write the last day on which the entry counts as in \"2027-01-31\"");
      return false;
    }
  }
  return true;
}

/// A kind that has no use for values takes different ones for the same thing. `text`: of the file;
/// null where there is none.
void warn_of_values(const EntryList& entries, TableKind kind, const std::string* text,
                    const ValueReader& values) {
  if (kind == TableKind::map) return;
  std::optional<std::string_view> first;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto value = entries.value(i);
    if (!value) continue;
    if (!first) first = value;
    if (*first == *value) continue;
    auto problem = entry_problem(entries, i,
                                 "the values differ, " + quote_for_log(*first, 40) + " and " +
                                     quote_for_log(*value, 40) + ", and a table of kind " +
                                     quoted(to_text(kind)) + " does not look at them",
                                 "use one file for each meaning, or kind = \"map\"");
    problem.severity = Severity::warning;
    Problems problems{std::move(problem)};
    if (text != nullptr) add_source_lines(problems, entries.file(), *text);
    values.diagnostics().add(std::move(problems.front()));
    return;
  }
}

}  // namespace

std::optional<EntryList> inline_entries(const Node& list, const ValueReader& values) {
  if (list.kind != Node::Kind::array) {
    values.diagnostics().error(
        list.span, "\"entries\" is a list of strings, not " + std::string(to_text(list.kind)),
        "as in entries = [\"192.0.2.0/24\"]");
    return {};
  }
  EntryList entries(list.span.file->name());
  bool good = true;
  for (const auto& item : list.items) {
    if (item.kind == Node::Kind::table) {
      good = add_described(item, entries, values) && good;
      continue;
    }
    if (item.kind != Node::Kind::string) {
      values.diagnostics().error(item.span,
                                 "an entry is a string, not " + std::string(to_text(item.kind)),
                                 "write it in quotes");
      good = false;
      continue;
    }
    const auto place = item.part(0, 1);
    const auto position = place.file->position(place.begin);
    entries.add(item.string, position.line, position.column);
  }
  if (!good) return {};
  return entries;
}

std::optional<EntryList> file_entries(const TableFile& file, const std::string& path,
                                      TableKind kind, const ValueReader& values,
                                      TableSources& sources, LoadedTable& loaded) {
  TableFaults faults;
  std::optional<EntryList> entries;
  const auto& by = file.member->value;
  std::shared_ptr<const std::string> text;
  if (file.format == TableFormat::sqlite || file.format == TableFormat::lmdb) {
    entries.emplace(path);
    loaded.database = true;
    const DatabaseQuery query{file.format == TableFormat::sqlite ? DatabaseQuery::Kind::sqlite
                                                                 : DatabaseQuery::Kind::lmdb,
                              path, file.query};
    unsigned number = 0;
    const bool complete = sources.rows(by, query, [&](const DatabaseRow& row) {
      add_row(*entries,
              {row.key, row.value.value_or(std::string_view()), row.until, row.note,
               row.value.has_value()},
              ++number, faults);
    });
    if (!complete) return {};
  } else {
    text = sources.text(by, path);
    if (!text) return {};
    loaded.origin = sha256_hex(*text);
    switch (file.format) {
      case TableFormat::hash:
        entries = read_hash(path, *text, faults);
        break;
      case TableFormat::csv:
        entries = read_csv(path, *text, file.csv, faults);
        break;
      default:
        entries = read_lines(
            path, text, kind == TableKind::map ? LineValues::behind : LineValues::none, faults);
        break;
    }
  }
  warn_of_values(*entries, kind, text.get(), values);
  if (!faults.any()) return entries;
  auto problems = faults.take();
  if (text) add_source_lines(problems, path, *text);
  for (auto& problem : problems) values.diagnostics().add(std::move(problem));
  return {};
}

}  // namespace postern
