// Dialogue: plays a scenario through one door's wire as the MTA would, and keeps what came back.
#pragma once

#include "scenarios/library.h"
#include "scenarios/scenario.h"

#include <cstdint>
#include <string>
#include <vector>

namespace postern::scenarios {

/// What a door answered at a moment.
struct Observed {
  Moment moment;
  bool refused = false;
  std::string form;                ///< of a refusal: "550 5.1.1"
  std::string first_line;          ///< of a refusal: what stands behind the codes
  std::string wire;                ///< as the journal keeps it: libmilter's lines, or "action=..."
  std::vector<std::string> edits;  ///< what the milter had the MTA change
  std::size_t list = 0;            ///< the policy service was asked by so many lists before
  bool repeat = false;             ///< the policy service was asked the same by an earlier list
};

/// Every step in which the filter has a say. Throws MilterError.
std::vector<Observed> play_through_milter(const Scenario& scenario, const std::string& socket);

/// Every request of the scenario's restriction lists. Throws std::runtime_error.
std::vector<Observed> play_through_policy(const Scenario& scenario, const std::string& socket);

}  // namespace postern::scenarios
