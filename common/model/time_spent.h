// TimeSpent: where the time of one decision went. Plain data.
#pragma once

#include <chrono>

namespace postern {

struct TimeSpent {
  std::chrono::microseconds rules{0};    ///< evaluating, in all rounds up to the decision
  std::chrono::microseconds waiting{0};  ///< for answers, up to the decision
  std::chrono::microseconds afterwards{
      0};  ///< from the decision to the last answer for a shadow rule

  friend bool operator==(const TimeSpent&, const TimeSpent&) = default;
};

}  // namespace postern
