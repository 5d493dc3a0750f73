// Clock: the only source of time for what is not pure, so that tests turn deadlines by hand.
#pragma once

#include <chrono>

namespace postern {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::chrono::steady_clock::time_point steady() const noexcept = 0;
  virtual std::chrono::system_clock::time_point system() const noexcept = 0;
  /// What the host's local time is ahead of UTC at `time`.
  virtual std::chrono::seconds utc_offset(
      std::chrono::system_clock::time_point time) const noexcept = 0;
};

}  // namespace postern
