// Play: one scenario through the library and both doors, and all that was found to differ.
#pragma once

#include "scenarios/scenario.h"

#include <string>
#include <vector>

namespace postern::scenarios {

/// Another policy at one door, to see that the comparison finds it. Texts; empty: the scenario's.
struct Swapped {
  std::string milter_policy;
  std::string policy_policy;
};

/// Empty: file, library, wires and journal agree. Throws std::runtime_error when it cannot be
/// played.
std::vector<std::string> play(const Scenario& scenario, const Swapped& swapped = {});

}  // namespace postern::scenarios
