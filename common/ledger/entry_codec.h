// Entries as octets: packed for the embedded store, as a line of text for Redis and for people.
// Pure functions; any thread.
#pragma once

#include "ledger/entry.h"

#include <optional>
#include <string>
#include <string_view>

namespace postern {

/// The version of both forms. An entry of another one is not read.
constexpr unsigned ledger_version = 1;

/// Version, content, checksum (CRC-32). Bounded by most_numbers and most_items.
std::string pack(const LedgerEntry& entry);
/// Nothing: it is damaged, or of another version.
std::optional<LedgerEntry> unpack(std::string_view octets);

/// "1 2 1790000000000 3 1789999999000 5000 1 1 00000000000000ff 2 1790000000000 0": version, kind,
/// expiry, how many numbers, these, how many items, of each its id in 16 hexadecimal digits,
/// amount, until and state. One space between words, and no other.
std::string to_line(const LedgerEntry& entry);
/// Nothing: it is not such a line.
std::optional<LedgerEntry> entry_from_line(std::string_view line);

}  // namespace postern
