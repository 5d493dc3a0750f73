// LedgerEntry: what is remembered under one key: a greylisted triplet, the use of a limit, leases,
// a counter, decaying counters. Plain data; pure functions; any thread.
//
// All times are milliseconds since 1970 UTC and come from the caller. All numbers are whole and not
// negative, and stay below 2^53, because scripts of Redis count in doubles and must come to the
// same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace postern {

/// Milliseconds since 1970 UTC.
using LedgerTime = std::int64_t;

/// Numbers of an entry and arguments of an operation are below it: what a double holds exactly.
constexpr std::int64_t ledger_number_end = std::int64_t{1} << 53U;

/// At most this is counted under one limit (a tebibyte, if it is octets).
constexpr std::int64_t most_counted = std::int64_t{1} << 40U;

/// Thousandths that a fading counter holds at most: times its factors they stay exact.
constexpr std::int64_t most_weight = std::int64_t{1} << 32U;

/// Octets of a key: what LMDB takes (511), less the eight that its index by time puts in front.
constexpr std::size_t longest_ledger_key = 480;

/// The numbers are what stands in stored entries. What `numbers` of an entry are, in this order:
enum class EntryKind : std::uint8_t {
  greylist = 1,  ///< first seen, last seen, passed at (0: not yet), attempts
  bucket = 2,    ///< at, level, scale: the level is in 1/scale of what is counted
  window = 3,    ///< length of a slot, newest slot (time / length), its count, the one before, ...
  lease = 4,     ///< none: reservations are all there is
  counter = 5,   ///< first seen, last seen, value
  decay = 6,     ///< at, tick, values in thousandths, each by its index
};
/// "greylist", "bucket", ...
std::string_view to_text(EntryKind kind) noexcept;
std::optional<EntryKind> entry_kind_from_text(std::string_view text) noexcept;

/// What one transaction holds of a limit until it commits, lets go, or its time is over.
struct Reservation {
  std::uint64_t id = 0;
  std::int64_t amount = 0;
  LedgerTime until = 0;

  friend bool operator==(const Reservation&, const Reservation&) = default;
};

/// A transaction that is in the numbers already: asked again until then, it does not count again.
struct CountedTransaction {
  std::uint64_t id = 0;
  LedgerTime until = 0;

  friend bool operator==(const CountedTransaction&, const CountedTransaction&) = default;
};

/// Of one entry. One more, and the oldest reservation is counted, so that no limit is exceeded.
/// Bounds the work of one operation.
constexpr std::size_t most_reservations = 128;
/// Of one entry. One more, and the oldest is not recognised any more.
constexpr std::size_t most_recognised = 256;
/// Slots of a window besides the current one: a limit of a day is an hour too strict at most.
constexpr std::int64_t window_slots = 24;
/// Decaying counters of one entry.
constexpr std::size_t most_values = 16;
constexpr std::size_t most_numbers = 2 + window_slots + 1;

struct LedgerEntry {
  EntryKind kind = EntryKind::counter;
  /// From then on it is as if it were not there.
  LedgerTime expires = 0;
  std::vector<std::int64_t> numbers;
  std::vector<Reservation> reserved;        ///< in the order in which they came
  std::vector<CountedTransaction> counted;  ///< as well

  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

/// True if it can have been made by operations: as many numbers as its kind has, all in their
/// range. What comes from a store or from a person is tested by it before it is used.
bool is_sound(const LedgerEntry& entry) noexcept;

}  // namespace postern
