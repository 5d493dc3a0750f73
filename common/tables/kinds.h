// The kinds of tables behind Table::build, one function each. Private to this room.
#pragma once

#include "tables/table.h"

#include <memory>
#include <string>
#include <vector>

namespace postern {

using BuiltTable = Result<std::shared_ptr<const Table>>;

/// Counts entries that say again what an earlier one says, and keeps the first few for warnings.
class RepeatedEntries {
 public:
  /// `entries` must outlive it.
  explicit RepeatedEntries(const std::vector<TableEntry>& entries) : entries_(entries) {}

  /// Entry number `entry` repeats number `first`, both counted from 0 among good entries. Constant
  /// time.
  void add(std::size_t entry, std::size_t first);
  void append_to(Problems& warnings) const;

 private:
  struct Repeated {
    std::size_t entry;
    std::size_t first;
  };
  static constexpr std::size_t most_shown = 3;

  const std::vector<TableEntry>& entries_;
  std::vector<Repeated> shown_;
  std::size_t count_ = 0;
};

BuiltTable build_cidr_table(std::string name, const std::vector<TableEntry>& entries,
                            RepeatedEntries& repeated);
BuiltTable build_address_table(std::string name, const std::vector<TableEntry>& entries,
                               const TableOptions& options, RepeatedEntries& repeated);
BuiltTable build_domain_table(std::string name, const std::vector<TableEntry>& entries,
                              RepeatedEntries& repeated);
BuiltTable build_string_table(std::string name, const std::vector<TableEntry>& entries,
                              RepeatedEntries& repeated);

/// A problem that underlines the entry.
Problem entry_problem(const TableEntry& entry, std::string message, std::string hint);
/// True for what can stand after the '@' of an address: a host name with underscores allowed
/// (they occur in mail though RFC 1123 2.1 does not have them), valid U-labels, or "[literal]".
bool is_mail_domain(std::string_view text);

}  // namespace postern
