#include "checks/check.h"
#include "rules/loader.h"
#include "tables/table.h"

#include <algorithm>
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

std::shared_ptr<const Table> read_table(const Member& section, const ValueReader& values,
                                        const SourceLoader& load) {
  auto& diagnostics = values.diagnostics();
  const auto& table = section.value;
  values.check_keys(table, "table.*");
  if (table.find("kind") == nullptr) {
    diagnostics.error(table.span, "table " + quoted(section.key) + " has no \"kind\"",
                      "it is " + range_text(*find_key("table.*.kind")));
  }
  const auto kind_word = values.text(table, "table.*.kind");
  const auto kind = kind_word ? table_kind_from_text(*kind_word) : std::nullopt;
  const auto* entries_member = table.find("entries");
  const auto* file_member = table.find("file");
  if (entries_member == nullptr && file_member == nullptr) {
    diagnostics.error(table.span, "table " + quoted(section.key) + " has no entries",
                      "add entries = [...] or file = \"...\"");
    return nullptr;
  }
  if (entries_member != nullptr && file_member != nullptr) {
    const auto* second = std::max(entries_member, file_member);
    diagnostics.error(second->key_span, "a table has either \"entries\" or a \"file\"");
    return nullptr;
  }
  bool good = kind.has_value();
  std::vector<TableEntry> entries;
  if (entries_member != nullptr) {
    entries = inline_entries(entries_member->value, values, good);
  } else {
    const auto name = values.text(table, "table.*.file");
    const auto* file = name ? load(file_member->value, *name) : nullptr;
    if (file == nullptr) return nullptr;
    entries = Table::read_lines(file->name(), file->text());
  }
  if (!kind) return nullptr;
  auto built = Table::build(section.key, *kind, entries);
  for (auto problem : built.problems()) diagnostics.add(std::move(problem));
  if (!built || !good) return nullptr;
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
    if (auto table = read_table(section, values, load)) {
      tables.tables.emplace(section.key, std::move(table));
    } else {
      tables.broken.insert(section.key);
    }
  }
}

}  // namespace postern
