// Table: a list that rules look things up in with `in`. Immutable once loaded; look-ups are pure,
// any thread may ask.
#pragma once

#include "postern/address.h"
#include "postern/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

enum class TableKind : std::uint8_t { cidr, address, domain, string };
std::string_view to_text(TableKind kind) noexcept;
std::optional<TableKind> table_kind_from_text(std::string_view text) noexcept;

/// How a table of kind address compares local parts. RFC 5321 2.4 leaves their meaning to the host
/// that delivers to them alone, and the host whose mailboxes we list is ours: practically every one
/// delivers to Bob@ what is addressed to bob@, so refusing the one for the other would lose mail.
enum class LocalPartCase : std::uint8_t {
  ignore,  ///< capital and small ASCII letters are alike
  exact,   ///< octet by octet, except postmaster (RFC 5321 4.5.1)
};

/// Settings of a table that only one kind has; the others leave them alone.
struct TableOptions {
  LocalPartCase local_part_case = LocalPartCase::ignore;
  /// Characters of which the first in a local part begins a sub-address, as in Postfix's
  /// recipient_delimiter: with "+", an entry "bob@" also fits "bob+lists@" when that has no entry
  /// of its own. Empty: none.
  std::string delimiter;
};

/// The entry that matched, for explain.
struct TableHit {
  std::string_view entry;  ///< as written; lives as long as the table
  std::string_view file;   ///< the policy file itself for inline entries
  unsigned line = 0;
};

/// One entry as it is read from a file or an inline list.
struct TableEntry {
  std::string text;
  SourcePosition position;
};

class Table {
 public:
  virtual ~Table() = default;

  /// Builds a table. Every bad entry is a problem with its position. Of entries that stand in the
  /// table twice the first stays; the first few of them become `warnings`, and their number when
  /// there are more. `name` is the table's name in the policy.
  static Result<std::shared_ptr<const Table>> build(std::string name, TableKind kind,
                                                    const std::vector<TableEntry>& entries,
                                                    const TableOptions& options = {},
                                                    Problems* warnings = nullptr);
  /// One entry per line, '#' starts a comment at the start of a line or after white space, blank
  /// lines are ignored.
  static std::vector<TableEntry> read_lines(const std::string& file, std::string_view text);

  const std::string& name() const noexcept { return name_; }
  TableKind kind() const noexcept { return kind_; }
  std::size_t size() const noexcept { return size_; }
  /// SHA-256 of the kind, the options and the entries, hexadecimal.
  const std::string& digest() const noexcept { return digest_; }

  /// cidr tables; the most specific network wins. Any other kind gives nullopt.
  virtual std::optional<TableHit> find(const IpAddress& address) const;
  /// address tables: the whole address, else a "local@" entry, else an "@domain" entry, local parts
  /// as TableOptions says; domain tables: the domain or any parent written with a leading dot;
  /// string tables: the octets, lower-cased on both sides.
  virtual std::optional<TableHit> find(const MailAddress& address) const;
  virtual std::optional<TableHit> find(std::string_view text) const;

 protected:
  Table(std::string name, TableKind kind) : name_(std::move(name)), kind_(kind) {}
  std::string name_;
  TableKind kind_;
  std::size_t size_ = 0;
  std::string digest_;
};

}  // namespace postern
