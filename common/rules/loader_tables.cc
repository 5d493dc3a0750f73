#include "checks/check.h"
#include "model/text.h"
#include "rules/loader.h"
#include "tables/table.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace postern {
namespace {

bool is_table_name(std::string_view name) {
  return !name.empty() && (name.front() < '0' || name.front() > '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::vector<TableEntry> inline_entries(const Node& list, const ValueReader& values, bool& good) {
  std::vector<TableEntry> entries;
  if (list.kind != Node::Kind::array) {
    values.diagnostics().error(
        list.span, "\"entries\" is a list of strings, not " + std::string(to_text(list.kind)),
        "as in entries = [\"192.0.2.0/24\"]");
    good = false;
    return entries;
  }
  for (const auto& item : list.items) {
    if (item.kind != Node::Kind::string) {
      values.diagnostics().error(item.span,
                                 "an entry is a string, not " + std::string(to_text(item.kind)),
                                 "write it in quotes");
      good = false;
      continue;
    }
    entries.push_back({item.string, item.part(0, 1).file->position(item.part(0, 1).begin)});
  }
  return entries;
}

/// What stands in for a table that did not load. Null when its kind is not known.
std::shared_ptr<const Table> without_entries(const std::string& name,
                                             std::optional<TableKind> kind) {
  if (!kind) return nullptr;
  return std::move(Table::build(name, *kind, {})).value();
}

/// Domains of ours stand in tables of the one kind, and postmaster's address in the other: what a
/// review needs to ask for postmaster as rules do. One of each table will do.
void note_domain(TableKind kind, const std::vector<TableEntry>& entries,
                 std::set<std::string>& domains) {
  for (const auto& entry : entries) {
    const std::string_view text = entry.text;
    if (kind == TableKind::domain) {
      domains.insert(normal_domain(text.front() == '.' ? "mail" + entry.text : entry.text));
      return;
    }
    if (kind == TableKind::cidr || lower(text.substr(0, 11)) != "postmaster@") continue;
    if (const auto domain = normal_domain(text.substr(11)); !domain.empty()) {
      domains.insert(domain);
      return;
    }
  }
}

/// What begins a sub-address: what a person can see and no name consists of.
bool is_delimiter(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return c > ' ' && c <= '~' && !letter && c != '@' && c != '"' && c != '\\';
  });
}

/// The keys of one kind alone. `good` becomes false when they cannot be followed.
TableOptions read_options(const Node& table, std::optional<TableKind> kind,
                          const ValueReader& values, bool& good) {
  auto& diagnostics = values.diagnostics();
  TableOptions options;
  for (const auto* key : {"case", "delimiter"}) {
    const auto* member = table.find(key);
    if (member == nullptr || !kind || *kind == TableKind::address) continue;
    diagnostics.error(member->key_span,
                      quoted(key) +
                          " belongs to tables of kind \"address\", and this one is of "
                          "kind " +
                          quoted(to_text(*kind)),
                      "take it out");
    good = false;
  }
  if (values.text(table, "table.*.case") == "exact") {
    options.local_part_case = LocalPartCase::exact;
  }
  const auto delimiter = values.text(table, "table.*.delimiter");
  if (delimiter && !is_delimiter(*delimiter)) {
    diagnostics.error(
        table.find("delimiter")->value.span, quoted(*delimiter) + " cannot begin a sub-address",
        "one or more characters such as \"+\" or \"+-\", each of which begins one; no "
        "letters, digits, spaces, quotes, backslashes or @");
    good = false;
  } else if (delimiter) {
    options.delimiter = *delimiter;
  }
  return options;
}

std::shared_ptr<const Table> read_table(const Member& section, const ValueReader& values,
                                        const SourceLoader& load, std::set<std::string>& domains) {
  auto& diagnostics = values.diagnostics();
  const auto& table = section.value;
  values.check_keys(table, "table.*");
  if (table.find("kind") == nullptr) {
    diagnostics.error(table.span, "table " + quoted(section.key) + " has no \"kind\"",
                      "it is " + range_text(*find_key("table.*.kind")));
  }
  const auto kind_word = values.text(table, "table.*.kind");
  const auto kind = kind_word ? table_kind_from_text(*kind_word) : std::nullopt;
  bool good = kind.has_value();
  const auto options = read_options(table, kind, values, good);
  const auto* entries_member = table.find("entries");
  const auto* file_member = table.find("file");
  if (entries_member == nullptr && file_member == nullptr) {
    diagnostics.error(table.span, "table " + quoted(section.key) + " has no entries",
                      "add entries = [...] or file = \"...\"");
    return without_entries(section.key, kind);
  }
  if (entries_member != nullptr && file_member != nullptr) {
    const auto* second = std::max(entries_member, file_member);
    diagnostics.error(second->key_span, "a table has either \"entries\" or a \"file\"");
  }
  std::vector<TableEntry> entries;
  if (entries_member != nullptr) entries = inline_entries(entries_member->value, values, good);
  if (file_member != nullptr) {
    const auto name = values.text(table, "table.*.file");
    const auto* file = name ? load(file_member->value, *name) : nullptr;
    if (file == nullptr) return without_entries(section.key, kind);
    auto lines = Table::read_lines(file->name(), file->text());
    entries.insert(entries.end(), std::make_move_iterator(lines.begin()),
                   std::make_move_iterator(lines.end()));
  }
  if (!kind) return nullptr;
  Problems warnings;
  auto built = Table::build(section.key, *kind, entries, options, &warnings);
  for (auto problem : built.problems()) diagnostics.add(std::move(problem));
  for (auto& warning : warnings) diagnostics.add(std::move(warning));
  if (!built || !good) return without_entries(section.key, kind);
  note_domain(*kind, entries, domains);
  return std::move(built).value();
}

}  // namespace

void read_tables(const Node& root, const ValueReader& values, const CheckRegistry& checks,
                 const SourceLoader& load, TableSet& tables) {
  const auto* sections = values.section(root, "table");
  if (sections == nullptr) return;
  auto& diagnostics = values.diagnostics();
  for (const auto& section : sections->members) {
    if (section.value.kind != Node::Kind::table) {
      diagnostics.error(section.key_span, quoted(section.key) + " stands right under [table]",
                        "a table has a name of yours: [table.NAME]");
      continue;
    }
    if (!is_table_name(section.key)) {
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
    tables.tables.emplace(section.key, read_table(section, values, load, tables.domains));
  }
}

}  // namespace postern
