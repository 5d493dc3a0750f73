// Carry: which action of Postfix's policy protocol goes with an answer. Postfix takes one action an
// answer (access(5)), so what a decision does besides its verdict goes out piece by piece, with the
// requests of one message, each piece once.
#pragma once

#include "policy/memory.h"
#include "postern/decision.h"

#include <cstddef>
#include <string>
#include <vector>

namespace postern::policy_door {

struct Carried {
  std::string action;  ///< "PREPEND X-Name: value", "HOLD why"; empty: none but the verdict's own
  std::size_t id = 0;  ///< of what the action does, for Given
  std::vector<EffectFate> fates;  ///< of decision.effects, one each
};

/// What goes with the answer of `decision` at `stage`, which is noted in `memory`. `before`: what
/// the first answer to the same question carried, 0 if this is the first: a hold and a redirect
/// are said again then, for their answer may have been lost; anything else is not.
Carried carry(const Decision& decision, Stage stage, Memory& memory, const Memory::Key& key,
              std::size_t before);

}  // namespace postern::policy_door
