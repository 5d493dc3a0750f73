// What the checks that a rule rests on say of it, for the fields of its reply; and the client's
// name where the rule had it from DNS. Pure.
#pragma once

#include "postern/facts.h"
#include "postern/reason.h"
#include "postern/transaction.h"
#include "reply/compose.h"
#include "rules/condition.h"

namespace postern {

/// For a condition that said yes. Of several checks that have something to say, that of which
/// `reason` speaks comes first, then the order of the condition; each field is filled once.
FieldValues words_of_checks(const Condition& condition, const Reason& reason,
                            const Transaction& transaction, const Facts& facts);

}  // namespace postern
