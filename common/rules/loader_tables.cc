#include "checks/check.h"
#include "model/text.h"
#include "rules/loader.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern {
namespace {

/// What stands in for a table that did not load. Null when its kind is not known.
std::shared_ptr<const Table> without_entries(const std::string& name, std::optional<TableKind> kind,
                                             const TableOptions& options) {
  if (!kind) return nullptr;
  return std::move(Table::build(name, *kind, EntryList(), options)).value();
}

/// Domains of ours stand in tables of the one kind, and postmaster's address in the other: what a
/// review needs to ask for postmaster as rules do. One of each table will do.
std::string domain_in(const Table& table) {
  const auto& entries = table.entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto text = entries.text(i);
    if (table.keys() == TableKind::domain) {
      return normal_domain(text.front() == '.' ? "mail" + std::string(text) : std::string(text));
    }
    if (table.keys() != TableKind::address && table.keys() != TableKind::string) return {};
    if (lower(text.substr(0, 11)) != "postmaster@") continue;
    if (auto domain = normal_domain(text.substr(11)); !domain.empty()) return domain;
  }
  return {};
}

/// What begins a sub-address: what a person can see and no name consists of.
bool is_delimiter(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return c > ' ' && c <= '~' && !letter && c != '@' && c != '"' && c != '\\';
  });
}

/// What one section says, apart from its entries. `good` is false when it cannot be followed.
struct TableSection {
  std::optional<TableKind> kind;
  TableOptions options;
  TableFile file;
  const Member* entries = nullptr;
  bool good = true;
  bool readable = true;  ///< how the file is written is clear, so that its faults can be told too
};

/// Keys that only some tables have, and which.
struct LimitedKey {
  std::string_view key;
  std::string_view whose;  ///< "tables of kind \"address\""
  bool (*fits)(const TableSection& section);
};

TableKind keys_of(const TableSection& section) {
  return section.kind == TableKind::map ? section.options.keys : *section.kind;
}

constexpr std::array limited_keys{
    LimitedKey{"case", "tables of kind \"address\" or \"pattern\"",
               [](const TableSection& section) {
                 return keys_of(section) == TableKind::address ||
                        keys_of(section) == TableKind::pattern;
               }},
    LimitedKey{"delimiter", "tables of kind \"address\"",
               [](const TableSection& section) { return keys_of(section) == TableKind::address; }},
    LimitedKey{"keys", "tables of kind \"map\"",
               [](const TableSection& section) { return section.kind == TableKind::map; }},
    LimitedKey{"value", "tables of kind \"map\"",
               [](const TableSection& section) { return section.kind == TableKind::map; }},
};

struct FormatKey {
  std::string_view key;
  TableFormat format;
};
constexpr std::array format_keys{
    FormatKey{"column", TableFormat::csv},       FormatKey{"value_column", TableFormat::csv},
    FormatKey{"until_column", TableFormat::csv}, FormatKey{"note_column", TableFormat::csv},
    FormatKey{"header", TableFormat::csv},       FormatKey{"separator", TableFormat::csv},
    FormatKey{"query", TableFormat::sqlite},     FormatKey{"database", TableFormat::lmdb},
};

constexpr std::array<std::pair<std::string_view, TableFormat>, 5> formats{
    {{"lines", TableFormat::lines},
     {"hash", TableFormat::hash},
     {"csv", TableFormat::csv},
     {"sqlite", TableFormat::sqlite},
     {"lmdb", TableFormat::lmdb}}};

std::string_view to_text(TableFormat format) {
  for (const auto& [name, value] : formats) {
    if (value == format) return name;
  }
  return "";
}

/// Reads one [table.NAME] section.
class SectionReader {
 public:
  SectionReader(const Member& member, const ValueReader& values)
      : node_(member.value), name_(member.key), values_(values) {}

  TableSection read() {
    values_.check_keys(node_, "table.*");
    read_kind();
    section_.entries = node_.find("entries");
    section_.file.member = node_.find("file");
    read_format();
    check_limited_keys();
    if (values_.text(node_, "table.*.case") == "exact") {
      section_.options.local_part_case = LocalPartCase::exact;
    }
    read_delimiter();
    section_.options.value = values_.text(node_, "table.*.value");
    if (section_.entries == nullptr && section_.file.member == nullptr) {
      diagnostics().error(node_.span, "table " + quoted(name_) + " has no entries",
                          "add entries = [...] or file = \"...\"");
      section_.good = false;
    }
    if (section_.entries != nullptr && section_.file.member != nullptr) {
      const auto* second = std::max(section_.entries, section_.file.member);
      diagnostics().error(second->key_span, "a table has either \"entries\" or a \"file\"");
      section_.good = false;
    }
    return std::move(section_);
  }

 private:
  Diagnostics& diagnostics() { return values_.diagnostics(); }

  void error(const Span& span, std::string message, std::string hint = {}) {
    diagnostics().error(span, std::move(message), std::move(hint));
    section_.good = false;
  }

  void read_kind() {
    if (node_.find("kind") == nullptr) {
      diagnostics().error(node_.span, "table " + quoted(name_) + " has no \"kind\"",
                          "it is " + range_text(*find_key("table.*.kind")));
    }
    const auto kind = values_.text(node_, "table.*.kind");
    section_.kind = kind ? table_kind_from_text(*kind) : std::nullopt;
    section_.good = section_.kind.has_value();
    const auto keys = values_.text(node_, "table.*.keys");
    if (keys) section_.options.keys = table_kind_from_text(*keys).value_or(TableKind::string);
  }

  void unreadable(const Span& span, std::string message, std::string hint) {
    error(span, std::move(message), std::move(hint));
    section_.readable = false;
  }

  void read_format() {
    const auto* member = node_.find("format");
    const auto word = values_.text(node_, "table.*.format");
    if (member != nullptr && !word) section_.good = section_.readable = false;
    if (member != nullptr && section_.file.member == nullptr) {
      error(member->key_span, "\"format\" belongs to tables with a \"file\"", "take it out");
    }
    for (const auto& [name, format] : formats) {
      if (word == name) section_.file.format = format;
    }
    const bool known = member == nullptr || word.has_value();
    for (const auto& [key, format] : format_keys) {
      const auto* found = node_.find(key);
      if (found == nullptr || !known || section_.file.format == format) continue;
      unreadable(found->key_span,
                 quoted(key) + " belongs to files of format " + quoted(to_text(format)),
                 "add format = " + quoted(to_text(format)) + ", or take it out");
    }
    if (section_.file.format == TableFormat::csv) read_csv_keys();
    if (section_.file.format == TableFormat::sqlite) read_query();
    if (const auto database = values_.text(node_, "table.*.database")) {
      section_.file.query = *database;
    }
  }

  void read_csv_keys() {
    auto& csv = section_.file.csv;
    const auto column = [&](const char* path, std::string& place) {
      if (auto text = values_.text(node_, path)) place = std::move(*text);
    };
    column("table.*.column", csv.key);
    column("table.*.value_column", csv.value);
    column("table.*.until_column", csv.until);
    column("table.*.note_column", csv.note);
    if (const auto header = values_.boolean(node_, "table.*.header")) {
      csv.header = *header ? CsvColumns::Header::yes : CsvColumns::Header::no;
    }
    if (const auto separator = values_.text(node_, "table.*.separator")) {
      if (separator->size() == 1 && separator->find_first_of("\"\r\n") == std::string::npos) {
        csv.separator = separator->front();
      } else {
        unreadable(node_.find("separator")->value.span,
                   "\"separator\" is one character that is no quote and no line end",
                   "such as \",\", \";\" or \"\\t\"");
      }
    }
    warn_of_columns_twice();
    if (csv.key.empty()) {
      unreadable(node_.find("column")->value.span, "\"column\" is empty",
                 "name the column of the entry, or give its number from 1");
    }
  }

  void warn_of_columns_twice() {
    constexpr std::array<std::string_view, 4> keys{"column", "value_column", "until_column",
                                                   "note_column"};
    for (std::size_t i = 1; i < keys.size(); ++i) {
      const auto* later = node_.find(keys[i]);
      if (later == nullptr || later->value.string.empty()) continue;
      for (std::size_t j = 0; j < i; ++j) {
        const auto* earlier = node_.find(keys[j]);
        if (earlier == nullptr || earlier->value.string != later->value.string) continue;
        values_.diagnostics().warning(later->value.span,
                                      quoted(keys[i]) + " and " + quoted(keys[j]) +
                                          " are the same column, " + quoted(later->value.string),
                                      "name another one, or take it out");
        break;
      }
    }
  }

  void read_query() {
    if (const auto query = values_.text(node_, "table.*.query")) section_.file.query = *query;
    if (!section_.file.query.empty()) return;
    const auto* member = node_.find("query");
    unreadable(member != nullptr ? member->value.span : node_.span,
               "table " + quoted(name_) + " has no \"query\"",
               "as in query = \"SELECT address FROM mailboxes\"");
  }

  void check_limited_keys() {
    if (!section_.kind) return;
    for (const auto& [key, whose, fits] : limited_keys) {
      const auto* found = node_.find(key);
      if (found == nullptr || fits(section_)) continue;
      const bool map = section_.kind == TableKind::map;
      error(found->key_span,
            quoted(key) + " belongs to " + std::string(whose) + ", and this one " +
                (map ? "has keys of kind " + quoted(postern::to_text(section_.options.keys))
                     : "is of kind " + quoted(postern::to_text(*section_.kind))),
            "take it out");
    }
  }

  void read_delimiter() {
    const auto delimiter = values_.text(node_, "table.*.delimiter");
    if (delimiter && !is_delimiter(*delimiter)) {
      error(node_.find("delimiter")->value.span, quoted(*delimiter) + " cannot begin a sub-address",
            "one or more characters such as \"+\" or \"+-\", each of which begins one; no "
            "letters, digits, spaces, quotes, backslashes or @");
    } else if (delimiter) {
      section_.options.delimiter = *delimiter;
    }
  }

  const Node& node_;
  const std::string& name_;
  const ValueReader& values_;
  TableSection section_;
};

LoadedTable read_table(const Member& member, const ValueReader& values, TableSources& sources) {
  if (auto other = sources.stand_in(member.key)) {
    LoadedTable loaded;
    loaded.table = std::move(other);
    return loaded;
  }
  auto section = SectionReader(member, values).read();
  const auto& name = member.key;
  const auto kind = section.kind;
  LoadedTable loaded;
  loaded.table = without_entries(name, kind, section.options);

  std::optional<EntryList> entries;
  if (section.entries != nullptr) {
    entries = inline_entries(section.entries->value, values);
  } else if (section.file.member != nullptr && kind && section.readable) {
    const auto file = values.text(member.value, "table.*.file");
    if (!file) return loaded;
    loaded.path = sources.resolve(section.file.member->value, *file);
    if (const auto* kept = sources.kept(name, loaded.path)) return *kept;
    entries = file_entries(section.file, loaded.path, *kind, values, sources, loaded);
  }
  if (!entries || !kind) return loaded;
  Problems warnings;
  auto built = Table::build(name, *kind, std::move(*entries), section.options, &warnings);
  auto problems = built.problems();
  problems.insert(problems.end(), warnings.begin(), warnings.end());
  if (const auto text = sources.known_text(loaded.path)) {
    add_source_lines(problems, loaded.path, *text);
  }
  for (auto& problem : problems) values.diagnostics().add(std::move(problem));
  if (!built || !section.good) return loaded;
  loaded.table = std::move(built).value();
  if (!loaded.path.empty() && loaded.origin.empty()) loaded.origin = loaded.table->digest();
  loaded.domain = domain_in(*loaded.table);
  return loaded;
}

}  // namespace

void read_tables(const Node& root, const ValueReader& values, const CheckRegistry& checks,
                 TableSources& sources, TableSet& tables) {
  const auto* sections = values.section(root, "table");
  if (sections == nullptr) return;
  auto& diagnostics = values.diagnostics();
  for (const auto& section : sections->members) {
    if (section.value.kind != Node::Kind::table) {
      diagnostics.error(section.key_span, quoted(section.key) + " stands right under [table]",
                        "a table has a name of yours: [table.NAME]");
      continue;
    }
    if (!is_own_name(section.key)) {
      diagnostics.error(section.key_span, quoted(section.key) + " cannot be the name of a table",
                        "conditions need a name of small letters, digits and underscores that "
                        "does not begin with a digit");
    } else if (checks.find(section.key) != nullptr) {
      diagnostics.error(section.key_span, quoted(section.key) + " is the name of a check already",
                        "choose another name for the table");
    }
    const auto [known, is_new] = tables.named.emplace(section.key, section.key_span);
    if (!is_new) {
      diagnostics.error(section.key_span, "there is a table " + quoted(section.key) + " already",
                        "the first one stands at " + place_text(known->second));
      continue;
    }
    auto loaded = read_table(section, values, sources);
    if (!loaded.domain.empty()) tables.domains.insert(loaded.domain);
    tables.tables.emplace(section.key, loaded.table);
    tables.loaded.emplace(section.key, std::move(loaded));
  }
}

}  // namespace postern
