// The rules of a policy that have not said yes in a span of time. Pure.
#pragma once

#include "journal/record_sums.h"
#include "postern/policy.h"

#include <cstdint>
#include <vector>

namespace postern {

struct SilentRule {
  RulePlace place;
  Verdict verdict = Verdict::pass;
  RuleMode mode = RuleMode::enforce;
  std::uint64_t unanswered = 0;  ///< times it could not be answered, and might have said yes
  bool is_off = false;           ///< it has expired
};

struct SilentRules {
  std::vector<SilentRule> rules;
  std::uint64_t decisions = 0;  ///< made under this very policy
  /// Mail that was let in is not recorded, so rules that let mail in are left out.
  bool without_accepts = false;
};

/// In the policy's order. A rule is known by its name, under whichever policy it fired.
SilentRules silent_rules(const Policy& policy, const RecordSums& sums);

}  // namespace postern
