#include "milter/session_tag.h"

#include <atomic>
#include <cstdint>
#include <string_view>

namespace postern::milter_door {

std::string new_session_tag(std::chrono::system_clock::time_point time) {
  static std::atomic<std::uint64_t> counter{0};
  constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  const auto milliseconds = static_cast<std::uint64_t>(since.count());
  std::uint64_t bits = milliseconds << 12U | (counter.fetch_add(1) & 0xfffU);
  std::string tag(11, '0');
  for (auto place = tag.rbegin(); place != tag.rend(); ++place) {
    *place = digits[bits & 31U];
    bits >>= 5U;
  }
  return tag;
}

}  // namespace postern::milter_door
