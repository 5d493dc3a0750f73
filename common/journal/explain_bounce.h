// explain_bounce(): what a bounce says, in plain words, or as JSON for tools. Pure.
#pragma once

#include "bounce/bounce.h"
#include "journal/explain.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace postern {

/// What looking for a reference has come to. Its form alone proves nothing: a random text has it
/// once in 32 times.
enum class ReferenceState : std::uint8_t {
  not_looked_for,
  found,
  not_found,
  not_read,  ///< and not all of the journal could be read
};
/// By the reference's text; what is not in it was not looked for.
using BounceReferences = std::map<std::string, ReferenceState, std::less<>>;

/// Text: as explain() makes it. For each recipient what became of it, and what the reply means by
/// the catalogue; for the administrator all that `postern codes` says of the reply. JSON: one
/// object and a line feed.
std::string explain_bounce(const Bounce& bounce, const ExplainOptions& options = {},
                           const BounceReferences& known = {});

}  // namespace postern
