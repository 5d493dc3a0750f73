// The kinds of tables behind Table::build, one function each. Private to this room.
#pragma once

#include "tables/table.h"

#include <memory>
#include <string>
#include <vector>

namespace postern {

using BuiltTable = Result<std::shared_ptr<const Table>>;

BuiltTable build_cidr_table(std::string name, const std::vector<TableEntry>& entries);
BuiltTable build_address_table(std::string name, const std::vector<TableEntry>& entries,
                               const TableOptions& options);
BuiltTable build_domain_table(std::string name, const std::vector<TableEntry>& entries);
BuiltTable build_string_table(std::string name, const std::vector<TableEntry>& entries);

/// A problem that underlines the entry.
Problem entry_problem(const TableEntry& entry, std::string message, std::string hint);
/// True for what can stand after the '@' of an address: a host name with underscores allowed
/// (they occur in mail though RFC 1123 2.1 does not have them), U-labels, or "[literal]".
bool is_mail_domain(std::string_view text);

}  // namespace postern
