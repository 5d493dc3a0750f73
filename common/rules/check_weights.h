// CheckWeights: what a check has found as a number, NAME.weight, that conditions compare and rules
// add to a score. Pure; any thread.
#pragma once

#include "checks/check.h"
#include "rules/scores.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What stands behind a check's name.
inline constexpr std::string_view weight_ending = ".weight";
/// "zen.weight".
std::string weight_name(const CheckDescription& check);

/// The weight of what was found, in thousandths. Of several values the one furthest from 0 counts,
/// of two that are as far the one below it: one list is one witness, however much it says.
std::int64_t weight_of(const CheckDescription& check, const std::vector<std::string>& found);

/// The weight as what a rule adds to a score.
std::shared_ptr<const MapPoints> points_of_weight(std::shared_ptr<const Check> check);

/// The checks whose weights are among `scores`.
std::vector<std::shared_ptr<const Check>> checks_of(const std::vector<ScorePoints>& scores);

}  // namespace postern
