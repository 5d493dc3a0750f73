// SystemClock: the Clock of the machine.
#pragma once

#include "system/clock.h"

#include <chrono>

namespace postern {

class SystemClock final : public Clock {
 public:
  std::chrono::steady_clock::time_point steady() const noexcept override {
    return std::chrono::steady_clock::now();
  }
  std::chrono::system_clock::time_point system() const noexcept override {
    return std::chrono::system_clock::now();
  }
  std::chrono::seconds utc_offset(
      std::chrono::system_clock::time_point time) const noexcept override;
};

}  // namespace postern
