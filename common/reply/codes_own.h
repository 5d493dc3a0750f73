// Recognises replies of our own in what people paste, by the fixed words of the catalogue's texts.
// Pure; safe from any thread.
#pragma once

#include "postern/reason.h"
#include "reply/codes_query.h"

namespace postern {

/// The reason whose text stands in the words of the reply, whatever stands in its fields and before
/// it. Where a rule has a text of its own, the advice behind the reference tells, if only one
/// reason that is spoken with these codes gives it. nullptr when the reply is not ours.
const Reason* own_reason(const CodesQuery& query);

}  // namespace postern
