#include "tables/table.h"

#include "model/text.h"
#include "model/time_text.h"
#include "tables/kinds.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern {
namespace {

constexpr std::array all_kinds{TableKind::cidr,   TableKind::address, TableKind::domain,
                               TableKind::string, TableKind::pattern, TableKind::map};

/// What the digest covers besides the entries: other options give other answers.
std::string heading(TableKind kind, const TableOptions& options) {
  std::string text(to_text(kind));
  text += '\n';
  const auto keys = kind == TableKind::map ? options.keys : kind;
  if (kind == TableKind::map) {
    text += "keys " + std::string(to_text(keys)) + '\n';
    if (options.value) text += "value " + *options.value + '\n';
  }
  if (keys != TableKind::address && keys != TableKind::pattern) return text;
  if (options.local_part_case == LocalPartCase::exact) text += "case exact\n";
  if (keys == TableKind::address && !options.delimiter.empty()) {
    text += "delimiter " + options.delimiter + '\n';
  }
  return text;
}

TableBuild build_keys(TableKind keys, EntryList entries, const TableOptions& options,
                      TableFaults& faults, RepeatedEntries& repeated) {
  switch (keys) {
    case TableKind::cidr:
      return build_cidr_table(std::move(entries), faults, repeated);
    case TableKind::address:
      return build_address_table(std::move(entries), options, faults, repeated);
    case TableKind::domain:
      return build_domain_table(std::move(entries), faults, repeated);
    case TableKind::pattern:
      return build_pattern_table(std::move(entries), options, faults, repeated);
    case TableKind::string:
    case TableKind::map:
      break;
  }
  return build_string_table(std::move(entries), faults, repeated);
}

void check_values(const EntryList& entries, const TableOptions& options, TableFaults& faults) {
  if (options.value) return;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries.value(i)) continue;
    faults.add(
        entry_problem(entries, i, quote_for_log(entries.text(i), 80) + " has no value",
                      "write it behind the entry, in the policy itself as { entry = \"...\", "
                      "value = \"...\" }, or give the table value = \"...\" for all that "
                      "have none"));
  }
}

}  // namespace

std::string_view to_text(TableKind kind) noexcept {
  switch (kind) {
    case TableKind::cidr:
      return "cidr";
    case TableKind::address:
      return "address";
    case TableKind::domain:
      return "domain";
    case TableKind::string:
      return "string";
    case TableKind::pattern:
      return "pattern";
    case TableKind::map:
      return "map";
  }
  return "";
}

std::optional<TableKind> table_kind_from_text(std::string_view text) noexcept {
  for (const auto kind : all_kinds) {
    if (to_text(kind) == text) return kind;
  }
  return {};
}

std::string annotation_text(const TableHit& hit) {
  std::string text;
  if (hit.last_day) text = "until " + day_text(*hit.last_day);
  if (!hit.note.empty()) text.append(text.empty() ? "" : ": ").append(hit.note);
  return text;
}

std::uint32_t Table::look_up(const IpAddress&, Time) const { return none; }
std::uint32_t Table::look_up(const MailAddress&, Time) const { return none; }
std::uint32_t Table::look_up(std::string_view, Time) const { return none; }

std::optional<TableHit> Table::hit(std::uint32_t entry) const {
  if (entry == none) return {};
  TableHit hit;
  hit.entry = entries_.text(entry);
  hit.file = entries_.file();
  hit.line = entries_.line(entry);
  if (kind_ == TableKind::map) hit.value = value_of(entry);
  hit.note = entries_.note(entry);
  hit.last_day = entries_.last_day(entry);
  return hit;
}

Result<std::shared_ptr<const Table>> Table::build(std::string name, TableKind kind,
                                                  EntryList entries, const TableOptions& options,
                                                  Problems* warnings) {
  TableFaults faults;
  RepeatedEntries repeated;
  if (kind == TableKind::map) check_values(entries, options, faults);
  const auto keys = kind == TableKind::map ? options.keys : kind;
  auto table = build_keys(keys, std::move(entries), options, faults, repeated);
  if (faults.any()) return faults.take();
  table->name_ = std::move(name);
  table->kind_ = kind;
  table->keys_ = keys;
  table->options_ = options;
  if (options.value) table->default_value_ = *options.value;
  table->digest_ = sha256_hex(heading(kind, options) + table->entries_.content());
  if (warnings != nullptr) repeated.append_to(*warnings, table->entries_);
  return std::shared_ptr<const Table>(std::move(table));
}

Result<std::shared_ptr<const Table>> Table::build(std::string name, TableKind kind,
                                                  const std::vector<TableEntry>& entries,
                                                  const TableOptions& options, Problems* warnings) {
  EntryList list(entries.empty() ? std::string() : entries.front().position.file);
  list.reserve(entries.size());
  for (const auto& entry : entries) {
    list.add(entry.text, entry.position.line, entry.position.column);
  }
  return build(std::move(name), kind, std::move(list), options, warnings);
}

void RepeatedEntries::add(std::size_t entry, std::size_t first) {
  ++count_;
  // The earliest of them: which comes first here depends on the kind of the table.
  const auto behind =
      std::upper_bound(shown_.begin(), shown_.end(), entry,
                       [](std::size_t number, const auto& known) { return number < known.entry; });
  shown_.insert(behind, {entry, first});
  if (shown_.size() > most_shown) shown_.pop_back();
}

void RepeatedEntries::append_to(Problems& warnings, const EntryList& entries) const {
  for (const auto& [number, first] : shown_) {
    const auto place = entries.position(first);
    auto problem = entry_problem(
        entries, number, "\"" + std::string(entries.text(number)) + "\" stands in this table twice",
        "the first one is at " + place.file + ':' + std::to_string(place.line));
    problem.severity = Severity::warning;
    warnings.push_back(std::move(problem));
  }
  if (count_ <= shown_.size() || shown_.empty()) return;
  const auto more = count_ - shown_.size();
  warnings.back().hint +=
      "; " + grouped(more) + " more " +
      (more == 1 ? "entry of this table stands" : "entries of this table stand") + " twice";
}

std::uint32_t Successors::append(std::uint32_t first, std::uint32_t entry,
                                 const EntryList& entries) {
  for (auto at = first;; at = after(at)) {
    if (entries.lasts_as_long(at, entry)) return at;
    if (after(at) == none) {
      set(at, entry);
      return none;
    }
  }
}

bool is_normal_domain(std::string_view text) noexcept {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  char before = 0;
  for (const char c : text) {
    if (c == '.' && before == '.') return false;
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_')) {
      return false;
    }
    before = c;
  }
  return true;
}

bool is_mail_domain(std::string_view text) {
  if (is_normal_domain(text)) return true;
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') return true;
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  bool ascii = true;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) {
      ascii = false;
    } else if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '.' || c == '-' || c == '_')) {
      return false;
    }
  }
  // Octets that are no U-labels would match nothing a mail server says but the same octets.
  return ascii || is_ascii(normal_domain(text));
}

}  // namespace postern
