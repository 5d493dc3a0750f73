// What a text says that is no bounce by itself: a reply of a mail server, as people paste it or
// forward it. Pure.
#pragma once

#include "bounce/bounce.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// A reply, a line of a mail log or a bounce's text without its mail: a bounce of kind reply, with
/// the recipients that the text names beside replies, or one without an address. nullopt: there is
/// no reply of 4xx or 5xx in it.
std::optional<Bounce> read_reply(std::string_view text);

/// Of a mail like any other, in which somebody forwards what came back: fills in the recipients
/// that its text (quoted or not) names beside a whole reply, but for the addresses `own` of the
/// mail itself. False, and nothing done: it has none.
bool read_forwarded(Bounce& bounce, std::string_view text, const std::vector<std::string>& own);

}  // namespace postern
