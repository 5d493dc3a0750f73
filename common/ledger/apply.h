// What operations do: apply() one to one entry, carry_out() a request. Pure: no clock, no store;
// whoever calls brings the time and the entries and keeps what comes out. A script of Redis comes
// to the same in every bit (state/redis_script.lua); a change here is a change there.
#pragma once

#include "ledger/entry.h"
#include "ledger/operation.h"

#include <optional>
#include <string>
#include <vector>

namespace postern {

/// What an operation leaves under its key.
struct Applied {
  OperationResult result;
  /// Otherwise the entry stays as it was.
  bool changed = false;
  /// After a change: the entry, or nothing, when nothing is left to remember.
  std::optional<LedgerEntry> entry;
};

/// `entry`: what is under the key; nullptr: nothing. One whose time is over, or of a kind that the
/// operation is not about, counts as nothing. The operation is in order (fault_of()). A time before
/// those in the entry (a clock set back) counts as theirs, and mends them.
Applied apply(const LedgerEntry* entry, const Operation& operation, LedgerTime now);

struct Change {
  std::string key;
  std::optional<LedgerEntry> entry;  ///< nothing: to be erased
};

struct CarriedOut {
  std::vector<OperationResult> results;  ///< one for each operation
  std::vector<Change> changes;           ///< one for each key at most; none after a refusal
};

/// `entries` has for each operation what is under its key (nullptr: nothing) before the request.
CarriedOut carry_out(const Request& request, const std::vector<const LedgerEntry*>& entries,
                     LedgerTime now);

}  // namespace postern
