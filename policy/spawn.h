// Relay for Postfix's spawn(8), which starts a program per connection: passes a policy client's
// octets to the running server and back (semantics 13).
#pragma once

#include "rules/settings.h"

namespace postern::policy_door {

/// Relays between the two descriptors and the server at `server` until the server closes, or the
/// client has closed and the server has answered. The descriptors stay open and keep their flags.
/// Returns an exit status: 0, or 75 (EX_TEMPFAIL) when there is no server or the connection broke;
/// nothing is answered then, so that Postfix puts its client off. Writing to a client that is gone
/// raises SIGPIPE unless the caller ignores it. Never throws.
int relay_spawn(int input, int output, const ListenAddress& server) noexcept;

}  // namespace postern::policy_door
