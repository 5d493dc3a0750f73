// What a policy request says, in the words of the core: its stage, the transaction it describes
// (semantics 9, 15, 16), the restriction list that asks. Pure.
#pragma once

#include "policy/codec.h"
#include "postern/transaction.h"
#include "reply/render.h"

#include <optional>
#include <string>
#include <string_view>

namespace postern::policy_door {

/// The stage of a protocol_state. nullopt for VRFY, ETRN, XCLIENT, anything unknown and nothing at
/// all: those get DUNNO.
std::optional<Stage> stage_of(const Request& request) noexcept;

/// The transaction at `stage`. A number or address that cannot be read is not told, never a
/// failure. Time, reference and the list of recipients are the caller's to fill.
Transaction transaction_of(const Request& request, Stage stage);

/// The list that asks: the policy_context of our main.cf lines, else the list that Postfix asks at
/// this state when delays are off, the recipient list at RCPT.
PolicyContext context_of(const Request& request, Stage stage) noexcept;

/// What Postfix will name at the start of the reply: "name[address]", the HELO name, the address,
/// "DATA" or "END-OF-MESSAGE".
std::string named_by_postfix(const Request& request, PolicyContext context);

}  // namespace postern::policy_door
