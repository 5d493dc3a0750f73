// The parts of apply(), a file for each family of operations. Private to the room.
#pragma once

#include "ledger/apply.h"

namespace postern {

/// `entry` is of the right kind and its time is not over, or nullptr.
Applied apply_greylist(const LedgerEntry* entry, const Operation& operation, LedgerTime now);
Applied apply_limit(const LedgerEntry* entry, const Operation& operation, LedgerTime now);
Applied apply_tally(const LedgerEntry* entry, const Operation& operation, LedgerTime now);
Applied apply_weigh(const LedgerEntry* entry, const Operation& operation, LedgerTime now);

/// The transactions of an entry that count now.
class Transactions {
 public:
  /// Reservations whose time is over go, and none outlives `longest_hold`, in case the clock was
  /// wrong when it was made. Counted ones go from the oldest on, for as long as their time is over
  /// or cannot be true.
  Transactions(const LedgerEntry* entry, LedgerTime now);

  bool recognises(std::uint64_t id) const noexcept;
  /// From now on it is recognised; 0 is nobody.
  void remember(std::uint64_t id);
  Reservation* find(std::uint64_t id) noexcept;
  /// Takes it away; 0: there is none.
  std::int64_t take(std::uint64_t id);
  /// Makes one. Returns the amount of the oldest one, which had to go and counts from now on; or 0.
  std::int64_t reserve(const Reservation& reservation);
  std::int64_t sum() const noexcept;
  const std::vector<Reservation>& reserved() const noexcept { return reserved_; }
  /// Puts them into an entry, whose time they may prolong.
  void keep_in(LedgerEntry& entry) &&;

 private:
  const LedgerTime now_;
  std::vector<Reservation> reserved_;
  std::vector<CountedTransaction> counted_;
};

}  // namespace postern
