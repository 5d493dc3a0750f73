#include "tables/table.h"

#include "tables/kinds.h"

#include <algorithm>
#include <utility>

namespace postern {

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
  }
  return "";
}

std::optional<TableKind> table_kind_from_text(std::string_view text) noexcept {
  for (const auto kind :
       {TableKind::cidr, TableKind::address, TableKind::domain, TableKind::string}) {
    if (to_text(kind) == text) return kind;
  }
  return {};
}

std::optional<TableHit> Table::find(const IpAddress&) const { return {}; }
std::optional<TableHit> Table::find(const MailAddress&) const { return {}; }
std::optional<TableHit> Table::find(std::string_view) const { return {}; }

namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

BuiltTable build_kind(std::string name, TableKind kind, const std::vector<TableEntry>& entries,
                      const TableOptions& options, RepeatedEntries& repeated) {
  switch (kind) {
    case TableKind::cidr:
      return build_cidr_table(std::move(name), entries, repeated);
    case TableKind::address:
      return build_address_table(std::move(name), entries, options, repeated);
    case TableKind::domain:
      return build_domain_table(std::move(name), entries, repeated);
    case TableKind::string:
      return build_string_table(std::move(name), entries, repeated);
  }
  return plain_problem("no such kind of table");
}

}  // namespace

Result<std::shared_ptr<const Table>> Table::build(std::string name, TableKind kind,
                                                  const std::vector<TableEntry>& entries,
                                                  const TableOptions& options, Problems* warnings) {
  RepeatedEntries repeated(entries);
  auto built = build_kind(std::move(name), kind, entries, options, repeated);
  // With bad entries the numbers of the good ones are not those of the list.
  if (built && warnings != nullptr) repeated.append_to(*warnings);
  return built;
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

void RepeatedEntries::append_to(Problems& warnings) const {
  for (const auto& [number, first] : shown_) {
    const auto& entry = entries_[number];
    const auto& place = entries_[first].position;
    auto problem =
        entry_problem(entry, "\"" + entry.text + "\" stands in this table twice",
                      "the first one is at " + place.file + ':' + std::to_string(place.line));
    problem.severity = Severity::warning;
    warnings.push_back(std::move(problem));
  }
  if (count_ <= shown_.size() || shown_.empty()) return;
  const auto more = count_ - shown_.size();
  warnings.back().hint +=
      "; " + std::to_string(more) + " more " +
      (more == 1 ? "entry of this table stands" : "entries of this table stand") + " twice";
}

std::vector<TableEntry> Table::read_lines(const std::string& file, std::string_view text) {
  constexpr std::string_view white = " \t\r\f\v";
  std::vector<TableEntry> entries;
  entries.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.substr(0, 3) == byte_order_mark) text.remove_prefix(3);
  for (unsigned number = 1; !text.empty(); ++number) {
    const auto line_end = text.find('\n');
    auto line = text.substr(0, line_end);
    text.remove_prefix(line_end == std::string_view::npos ? text.size() : line_end + 1);
    const auto first = line.find_first_not_of(white);
    if (first == std::string_view::npos || line[first] == '#') continue;
    for (auto mark = line.find('#', first); mark != std::string_view::npos;
         mark = line.find('#', mark + 1)) {
      if (white.find(line[mark - 1]) == std::string_view::npos) continue;
      line = line.substr(0, mark);
      break;
    }
    const auto last = line.find_last_not_of(white);
    entries.push_back({std::string(line.substr(first, last - first + 1)),
                       {file, number, static_cast<unsigned>(first + 1)}});
  }
  return entries;
}

Problem entry_problem(const TableEntry& entry, std::string message, std::string hint) {
  Problem problem;
  problem.position = entry.position;
  problem.length = static_cast<unsigned>(std::max<std::size_t>(1, entry.text.size()));
  problem.message = std::move(message);
  problem.hint = std::move(hint);
  return problem;
}

bool is_mail_domain(std::string_view text) {
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
