// The parts of apply(), a file for each family of operations. Private to the room.
#pragma once

#include "ledger/apply.h"

namespace postern {

/// `entry` is of the right kind and its time is not over, or nullptr.
Applied apply_greylist(const LedgerEntry* entry, const Operation& operation, LedgerTime now);
Applied apply_limit(const LedgerEntry* entry, const Operation& operation, LedgerTime now);
Applied apply_tally(const LedgerEntry* entry, const Operation& operation, LedgerTime now);
Applied apply_weigh(const LedgerEntry* entry, const Operation& operation, LedgerTime now);

/// Without the items whose time is over; none outlives `longest_hold`, in case the clock was wrong
/// when it was made.
std::vector<EntryItem> live_items(const LedgerEntry& entry, LedgerTime now);
EntryItem* find_item(std::vector<EntryItem>& items, std::uint64_t id) noexcept;

}  // namespace postern
