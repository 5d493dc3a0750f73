// explain_bounce(): what a bounce says, in plain words, or as JSON for tools. Pure.
#pragma once

#include "bounce/bounce.h"
#include "journal/explain.h"

#include <string>

namespace postern {

/// Text: as explain() makes it. For each recipient what became of it, and what the reply means by
/// the catalogue; for the administrator all that `postern codes` says of the reply. JSON: one
/// object and a line feed.
std::string explain_bounce(const Bounce& bounce, const ExplainOptions& options = {});

}  // namespace postern
