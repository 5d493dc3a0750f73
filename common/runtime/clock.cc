#include "runtime/clock.h"

#include <ctime>

namespace postern {

std::chrono::seconds SystemClock::utc_offset(
    std::chrono::system_clock::time_point time) const noexcept {
  const auto seconds = std::chrono::system_clock::to_time_t(time);
  std::tm local{};
  if (localtime_r(&seconds, &local) == nullptr) return std::chrono::seconds(0);
  return std::chrono::seconds(local.tm_gmtoff);
}

}  // namespace postern
