// The parts of an explanation, in the order in which explain() tells them. Each writes nothing when
// the record has nothing to tell of it. Pure; for explain.cc alone.
#pragma once

#include "journal/page.h"
#include "journal/record.h"

#include <string>
#include <string_view>

namespace postern {

/// What happened, in one line: "ref XXXX-XXXX-XXXX: refused for good with 550 5.1.1".
std::string headline(const Record& record);
/// Who, what, when, through which door.
void tell_circumstances(Page& page, const Record& record);
/// Which rule decided, where it stands, and why; softening.
void tell_decision(Page& page, const Record& record);
/// Every rule and what it said.
void tell_trail(Page& page, const Record& record);
/// The answer byte for byte, and what the client saw.
void tell_sent(Page& page, const Record& record);
/// What was done to the message besides, and what has become of it.
void tell_effects(Page& page, const Record& record, std::string_view heading);
/// What the sender and the administrator can do.
void tell_advice(Page& page, const Record& record);
/// Policy, program and host, for whoever wants to look it up or replay it.
void tell_origin(Page& page, const Record& record);

}  // namespace postern
