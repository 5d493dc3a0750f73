// Own trouble: the answer to the MTA when Postern itself cannot decide (semantics 14).
#pragma once

#include "postern/decision.h"
#include "postern/transaction.h"
#include "reply/compose.h"

namespace postern::milter_door {

/// A temporary refusal by the reason `internal-error`, for the transaction's stage and with its
/// reference. Needs no policy. Throws std::logic_error if the catalogue has no legal reply for it,
/// which its tests rule out, and std::bad_alloc.
Decision own_trouble(const Transaction& transaction, const ReplyIdentity& identity);

}  // namespace postern::milter_door
