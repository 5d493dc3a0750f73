// Table: a list that rules look things up in with `in`. Immutable once loaded; look-ups are pure,
// any thread may ask.
#pragma once

#include "postern/address.h"
#include "postern/result.h"
#include "tables/entries.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

enum class TableKind : std::uint8_t { cidr, address, domain, string, pattern, map };
std::string_view to_text(TableKind kind) noexcept;
std::optional<TableKind> table_kind_from_text(std::string_view text) noexcept;

/// How a table of kind address or pattern compares letters. RFC 5321 2.4 leaves the meaning of a
/// local part to the host that delivers to it alone, and the host whose mailboxes we list is ours:
/// practically every one delivers to Bob@ what is addressed to bob@, so refusing the one for the
/// other would lose mail.
enum class LocalPartCase : std::uint8_t {
  ignore,  ///< capital and small ASCII letters are alike
  exact,   ///< octet by octet, except postmaster (RFC 5321 4.5.1)
};

/// Settings of a table that only some kinds have; the others leave them alone.
struct TableOptions {
  LocalPartCase local_part_case = LocalPartCase::ignore;
  /// Characters of which the first in a local part begins a sub-address, as in Postfix's
  /// recipient_delimiter: with "+", an entry "bob@" also fits "bob+lists@" when that has no entry
  /// of its own. Empty: none.
  std::string delimiter;
  /// Of a map, what its keys are; any kind but map.
  TableKind keys = TableKind::string;
  /// Of a map, the value of entries that have none of their own.
  std::optional<std::string> value = {};
};

/// The entry that matched, for explain. The texts live as long as the table.
struct TableHit {
  std::string_view entry;  ///< as written
  std::string_view file;   ///< the policy file itself for inline entries
  unsigned line = 0;
  std::string_view value;  ///< of a map
  std::string_view note;
  std::optional<Day> last_day;
};
/// "until 2027-01-31: moves to the new range": what is said of the entry; may be empty.
std::string annotation_text(const TableHit& hit);

/// One entry of a short list.
struct TableEntry {
  std::string text;
  SourcePosition position;
};

class Table {
 public:
  using Time = std::chrono::system_clock::time_point;

  virtual ~Table() = default;

  /// Builds a table. Every bad entry is a problem with its position; of many the first are shown
  /// and the rest counted. Of entries that stand in the table twice the first stays; the first few
  /// of them become `warnings`, and their number when there are more. `name` is the table's name in
  /// the policy.
  static Result<std::shared_ptr<const Table>> build(std::string name, TableKind kind,
                                                    EntryList entries,
                                                    const TableOptions& options = {},
                                                    Problems* warnings = nullptr);
  /// The same of a short list, all in one file.
  static Result<std::shared_ptr<const Table>> build(std::string name, TableKind kind,
                                                    const std::vector<TableEntry>& entries,
                                                    const TableOptions& options = {},
                                                    Problems* warnings = nullptr);

  const std::string& name() const noexcept { return name_; }
  TableKind kind() const noexcept { return kind_; }
  /// What can be looked up: the kind, or that of a map's keys.
  TableKind keys() const noexcept { return keys_; }
  /// As it was built with.
  const TableOptions& options() const noexcept { return options_; }
  const EntryList& entries() const noexcept { return entries_; }
  std::size_t size() const noexcept { return entries_.size(); }
  /// SHA-256 of the kind, the options and the entries with their values, last days and notes,
  /// hexadecimal.
  const std::string& digest() const noexcept { return digest_; }
  /// Of a map; its own or the table's for all.
  std::string_view value_of(std::size_t entry) const {
    return entries_.value(entry).value_or(default_value_);
  }

  // Entries whose last day is before `at` (a transaction's time, for a decision) do not match; the
  // next best entry then may. Without a time none has expired.

  /// Keys cidr; the most specific network wins. Any other kind gives nullopt.
  std::optional<TableHit> find(const IpAddress& address, Time at = {}) const {
    return hit(look_up(address, at));
  }
  /// Keys address: the whole address, else a "local@" entry, else an "@domain" entry, local parts
  /// as TableOptions says. Keys domain: the domain or any parent written with a leading dot.
  std::optional<TableHit> find(const MailAddress& address, Time at = {}) const {
    return hit(look_up(address, at));
  }
  /// Keys string: the octets, ASCII letters lower-cased on both sides. Keys pattern: the first in
  /// the order of the list that fits anywhere in `text`, none in an empty one. Address and domain
  /// as above.
  std::optional<TableHit> find(std::string_view text, Time at = {}) const {
    return hit(look_up(text, at));
  }

 protected:
  static constexpr std::uint32_t none = UINT32_MAX;

  Table(TableKind keys, EntryList entries)
      : kind_(keys), keys_(keys), entries_(std::move(entries)) {}
  /// The number of an entry, or `none`.
  virtual std::uint32_t look_up(const IpAddress& address, Time at) const;
  virtual std::uint32_t look_up(const MailAddress& address, Time at) const;
  virtual std::uint32_t look_up(std::string_view text, Time at) const;

 private:
  std::optional<TableHit> hit(std::uint32_t entry) const;

  std::string name_;
  TableKind kind_;
  TableKind keys_;

 protected:
  EntryList entries_;

 private:
  TableOptions options_;
  std::string default_value_;
  std::string digest_;
};

}  // namespace postern
