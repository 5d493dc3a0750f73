// play(): decides on a scene in a world, asking nobody else. Pure.
#pragma once

#include "kit/scene.h"
#include "kit/world.h"
#include "postern/decision.h"
#include "postern/policy.h"

#include <vector>

namespace postern {

struct Played {
  Transaction transaction;
  Facts facts;
  Decision decision;  ///< with its whole trail; shadow rules have asked what they wanted
};

/// The decision on a transaction, every question answered by `world`.
Played decide_in(const World& world, const Policy& policy, Transaction transaction);

/// The decisions up to the scene's end, as a client would meet them: connect, helo and mail as far
/// as the scene goes, each recipient, and of the stages behind that the last alone. Nothing is
/// asked of a message of which every recipient was refused. `scene` has no fault(). Never empty.
///
/// A refusal at connect, HELO or MAIL does not end it: it is found again at RCPT, where it is
/// spoken.
std::vector<Played> play(const Scene& scene, const World& world, const Policy& policy);
/// The last of them alone, without the decisions that it does not depend on.
Played play_end(const Scene& scene, const World& world, const Policy& policy);

}  // namespace postern
