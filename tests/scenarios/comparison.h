// Comparison: says in words where the expectation of a scenario file, the library, a door's wire
// and the journal disagree. Empty lists everywhere mean that all of them tell one story.
#pragma once

#include "journal/record.h"
#include "scenarios/dialogue.h"
#include "scenarios/library.h"

#include <string>
#include <vector>

namespace postern::scenarios {

/// Where the library's decisions are not those that the file states.
std::vector<std::string> compare_library(const Scenario& scenario, const Library& library);

/// Where a door's answers or its records differ from the file, from the library, from each other,
/// or from their own replay. `records`: all of the journal, in its order.
std::vector<std::string> compare_door(const Scenario& scenario, const Library& library, Door door,
                                      const std::vector<Observed>& observed,
                                      const std::vector<Record>& records);

}  // namespace postern::scenarios
