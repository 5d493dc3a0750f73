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

Result<std::shared_ptr<const Table>> Table::build(std::string name, TableKind kind,
                                                  const std::vector<TableEntry>& entries) {
  switch (kind) {
    case TableKind::cidr:
      return build_cidr_table(std::move(name), entries);
    case TableKind::address:
      return build_address_table(std::move(name), entries);
    case TableKind::domain:
      return build_domain_table(std::move(name), entries);
    case TableKind::string:
      return build_string_table(std::move(name), entries);
  }
  return plain_problem("no such kind of table");
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
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

}  // namespace postern
