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

/// Version, content, checksum (CRC-32). Bounded, as the entry is.
std::string pack(const LedgerEntry& entry);
/// Nothing: it is damaged, or of another version.
std::optional<LedgerEntry> unpack(std::string_view octets);

/// "1 3 1790000000000 3 3600000 497222 5 1 00000000000000ff 2 1790000000000 1
/// 000000000000000a:1790000000000": version, kind, expiry, how many numbers, these, how many
/// reservations, of each its id in 16 hexadecimal digits, amount and time, how many counted
/// transactions, of each id and time. One space between words, and no other.
std::string to_line(const LedgerEntry& entry);
/// Nothing: it is not such a line.
std::optional<LedgerEntry> entry_from_line(std::string_view line);

}  // namespace postern
