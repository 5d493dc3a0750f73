// The kinds of tables behind Table::build, one function each. Private to this room.
#pragma once

#include "tables/table.h"
#include "tables/text_index.h"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace postern {

/// Counts entries that say again what an earlier one says, and keeps the first few for warnings.
class RepeatedEntries {
 public:
  /// Entry `entry` repeats `first`. Constant time.
  void add(std::size_t entry, std::size_t first);
  void append_to(Problems& warnings, const EntryList& entries) const;

 private:
  struct Repeated {
    std::size_t entry;
    std::size_t first;
  };
  static constexpr std::size_t most_shown = 3;

  std::vector<Repeated> shown_;
  std::size_t count_ = 0;
};

/// What comes after an entry that has expired: the next entry to try. Few entries have one.
class Successors {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  void set(std::uint32_t entry, std::uint32_t next) { next_[entry] = next; }
  std::uint32_t after(std::uint32_t entry) const {
    const auto found = next_.find(entry);
    return found == next_.end() ? none : found->second;
  }
  /// The first of the entries from `entry` on that counts at that time.
  std::uint32_t valid(std::uint32_t entry, const EntryList& entries, Table::Time at) const {
    while (entry != none && !entries.valid(entry, at)) entry = after(entry);
    return entry;
  }
  /// Puts `entry` behind those that begin with `first`, unless one of them lasts as long; that one,
  /// else `none`.
  std::uint32_t append(std::uint32_t first, std::uint32_t entry, const EntryList& entries);

 private:
  std::unordered_map<std::uint32_t, std::uint32_t> next_;
};

/// Entries by a text; what the kinds other than cidr and pattern have in common.
class KeyedEntries {
  struct TextOf {
    const EntryList& entries;
    std::string_view operator()(std::uint32_t number) const { return entries.text(number); }
  };

 public:
  void reserve(std::size_t entries) { index_.reserve(entries); }
  /// In the order of entries, each of them once.
  void add(std::string_view key, std::uint32_t entry, const EntryList& entries,
           RepeatedEntries& repeated) {
    const auto first = index_.add(key, entry, entries.text(entry), TextOf{entries});
    if (!first) return;
    const auto earlier = successors_.append(*first, entry, entries);
    if (earlier != Successors::none) repeated.add(entry, earlier);
  }
  std::uint32_t find(std::string_view key, const EntryList& entries, Table::Time at) const {
    const auto entry = index_.find(key, TextOf{entries});
    if (entry == TextIndex::none || entries.valid(entry, at)) return entry;
    return successors_.valid(entry, entries, at);
  }

 private:
  TextIndex index_;
  Successors successors_;
};

using TableBuild = std::shared_ptr<Table>;
TableBuild build_cidr_table(EntryList entries, TableFaults& faults, RepeatedEntries& repeated);
TableBuild build_address_table(EntryList entries, const TableOptions& options, TableFaults& faults,
                               RepeatedEntries& repeated);
TableBuild build_domain_table(EntryList entries, TableFaults& faults, RepeatedEntries& repeated);
TableBuild build_string_table(EntryList entries, TableFaults& faults, RepeatedEntries& repeated);
TableBuild build_pattern_table(EntryList entries, const TableOptions& options, TableFaults& faults,
                               RepeatedEntries& repeated);

/// True for what can stand after the '@' of an address: a host name with underscores allowed
/// (they occur in mail though RFC 1123 2.1 does not have them), valid U-labels, or "[literal]".
bool is_mail_domain(std::string_view text);
/// True for a mail domain that normal_domain() leaves as it is: small letters of ASCII, no final
/// dot. Nearly all are, and to see it is much quicker than to make them so.
bool is_normal_domain(std::string_view text) noexcept;

}  // namespace postern
