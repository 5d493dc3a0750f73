// The keys of a rule that limit when it acts: mode and expires.
#pragma once

#include "rules/loader_values.h"
#include "rules/rule.h"

#include <chrono>
#include <optional>

namespace postern {

/// As in Rule.
struct RuleSafety {
  RuleMode mode = RuleMode::enforce;
  unsigned share = 0;
  std::optional<std::chrono::system_clock::time_point> expires;
};
/// Of a [[rule]]; faults are reported.
RuleSafety read_safety(const Node& source, const ValueReader& values);

}  // namespace postern
