// Operation: one thing done with one entry, and what came of it. Request: several of them, done in
// one step or not at all. Plain data; pure functions; any thread.
#pragma once

#include "ledger/entry.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// How much, in what time. Made by the functions below.
///
/// A bucket holds `capacity` and empties steadily: bursts up to its capacity at once, and the
/// amount of the rate in the long run. A window never lets more than `capacity` through in any time
/// as long as the period; it counts in slots of a 24th of the period, rounded up to whole
/// milliseconds, so it may hold back for one slot longer than an exact one would. Leases are held
/// by so many at once.
struct Limit {
  EntryKind method = EntryKind::bucket;
  std::int64_t capacity = 0;
  std::int64_t flow = 0;   ///< of a bucket: units that drain in a millisecond
  std::int64_t scale = 1;  ///< of a bucket: units in one of what is counted
  std::int64_t slot = 0;   ///< of a window: milliseconds of a slot

  friend bool operator==(const Limit&, const Limit&) = default;
};

/// A year and a day.
constexpr std::int64_t longest_period = std::int64_t{366} * 86'400'000;

/// Drains `amount` in `period` milliseconds, holds `burst`. Nothing: a number is not positive or
/// too large, or burst * period is too large to be calculated exactly (2^51 once both rates are
/// divided by what they have in common): count in larger units then, kibibytes for octets.
std::optional<Limit> bucket_limit(std::int64_t burst, std::int64_t amount, std::int64_t period);
/// Nothing: a number is not positive or too large.
std::optional<Limit> window_limit(std::int64_t amount, std::int64_t period);
/// At most `most_reservations` at once.
std::optional<Limit> lease_limit(std::int64_t amount);

enum class OperationKind : std::uint8_t {
  greylist = 1,
  reserve = 2,  ///< takes from a limit until commit, release or its time
  count = 3,    ///< takes from a limit for good, if it fits
  add = 4,      ///< counts though it may not fit: what has happened already
  commit = 5,   ///< what was reserved is counted
  release = 6,  ///< what was reserved is free again
  look = 7,     ///< how a limit stands; changes nothing
  tally = 8,    ///< a counter that forgets everything at once when it was not touched for long
  weigh = 9,    ///< a counter that fades
};

/// The numbers go over the wire to scripts.
enum class OperationOutcome : std::uint8_t {
  skipped = 0,  ///< its condition (`only_if`) did not hold
  wait = 1,     ///< greylist: too early
  passed = 2,   ///< greylist: for the first time now
  known = 3,    ///< greylist: passed before
  expired = 4,  ///< greylist: too late, or forgotten; waits anew
  fits = 5,
  refused = 6,
  done = 7,
  below = 8,    ///< tally: the value is below the threshold
  reached = 9,  ///< tally: it is not
};
/// "wait", "passed", ...
std::string_view to_text(OperationOutcome outcome) noexcept;

/// RFC 6647: an attempt within `delay` of the first waits; one in `window` passes; who has passed
/// is known for `lifetime` after the last attempt, and for a 32nd of it more at most. Milliseconds.
struct GreylistTimes {
  std::int64_t delay = 0;
  std::int64_t window = 0;
  std::int64_t lifetime = 0;
};

/// Done only if an earlier operation of the request came to this.
struct OnlyIf {
  std::size_t operation = 0;
  OperationOutcome outcome = OperationOutcome::passed;

  friend bool operator==(const OnlyIf&, const OnlyIf&) = default;
};

/// How long reservations hold unless they are told otherwise, and how long a counted transaction is
/// recognised when it comes again.
constexpr std::int64_t usual_hold = std::int64_t{10} * 60 * 1000;
constexpr std::int64_t longest_hold = std::int64_t{24} * 3600 * 1000;

struct Operation {
  OperationKind kind = OperationKind::look;
  std::string key;
  /// Of the transaction, so that asking again counts once; 0: each time counts. Not 0 for reserve,
  /// commit and release. Whoever asks about recipients makes one of transaction and recipient.
  std::uint64_t id = 0;
  /// What the functions below put there, by kind.
  std::array<std::int64_t, 6> arguments{};
  std::optional<OnlyIf> only_if;

  static Operation greylist(std::string key, const GreylistTimes& times);
  /// `hold`: milliseconds until the reservation is released by itself. Asked again with a larger
  /// amount, the difference is taken; with a smaller one, nothing changes.
  static Operation reserve(std::string key, const Limit& limit, std::int64_t amount,
                           std::uint64_t id, std::int64_t hold = usual_hold);
  static Operation count(std::string key, const Limit& limit, std::int64_t amount,
                         std::uint64_t id);
  static Operation add(std::string key, const Limit& limit, std::int64_t amount, std::uint64_t id);
  /// Counts `amount`, or what was reserved if that is 0. With no reservation (its time was over, or
  /// the store lost it) the amount is counted all the same: the mail was let in.
  static Operation commit(std::string key, const Limit& limit, std::int64_t amount,
                          std::uint64_t id);
  static Operation release(std::string key, const Limit& limit, std::uint64_t id);
  static Operation look(std::string key, const Limit& limit, std::int64_t amount = 1);
  /// Adds to a counter that lives for `lifetime` after the last addition; with 0 it only looks.
  static Operation tally(std::string key, std::int64_t add, std::int64_t lifetime,
                         std::int64_t threshold, std::uint64_t id = 0);
  /// Adds thousandths to the value `index` (below most_values), which all halve in `half_life`
  /// milliseconds; with 0 it only looks.
  static Operation weigh(std::string key, std::int64_t half_life, std::size_t index,
                         std::int64_t thousandths, std::uint64_t id = 0);

  Operation when(std::size_t operation, OperationOutcome outcome) &&;

  friend bool operator==(const Operation&, const Operation&) = default;
};

/// The limit that reserve, count, add, commit, release and look are about.
Limit limit_of(const Operation& operation) noexcept;

struct OperationResult {
  OperationOutcome outcome = OperationOutcome::skipped;
  /// The transaction was known; nothing was counted for it now.
  bool repeated = false;
  /// Of a limit what is used and reserved, rounded up, after this operation, or, if it refused,
  /// before it; of greylist the attempts
  /// (of who is known, those that were written); of a tally its value.
  std::int64_t used = 0;
  /// Of a limit its capacity, of a tally its threshold.
  std::int64_t limit = 0;
  /// Milliseconds until it passes, or fits if nothing else comes; -1: never. With reservations of
  /// others in the way, until the first of them ends by itself, which may not be enough.
  std::int64_t wait = 0;
  /// When greylist or tally saw the key first; 0: now is the first time, or never yet.
  LedgerTime since = 0;
  /// Of weigh, all values in thousandths.
  std::vector<std::int64_t> values;

  friend bool operator==(const OperationResult&, const OperationResult&) = default;
};

constexpr std::size_t most_operations = 64;

/// Done in one step, in this order, each on what those before it left. If a reserve or count is
/// refused, nothing at all is kept of the request, and the results tell which limits would have
/// refused.
struct Request {
  std::vector<Operation> operations;
};

/// What an operation must not be; empty: it is in order. A store refuses others, because numbers
/// out of range would come to something else in a script. For whoever wrote the caller.
std::string fault_of(const Request& request);

}  // namespace postern
