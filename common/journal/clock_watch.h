// ClockWatch: whether the clock of the system may be believed when it says that records are old. A
// clock that is wrong for some seconds, as that of a machine without a battery before it has asked
// the network, would end a whole journal. Times are given, none is read.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace postern {

enum class ClockTrust : std::uint8_t { unproven, settled };

class ClockWatch {
 public:
  /// `now` and `steady`: of one moment. Settled is a clock that has gone on like the steady one for
  /// an hour, since the first look or since it was last set by more than a minute.
  ClockTrust look(std::chrono::system_clock::time_point now,
                  std::chrono::steady_clock::time_point steady);

 private:
  struct Look {
    std::chrono::system_clock::time_point now;
    std::chrono::steady_clock::time_point steady;
  };
  std::optional<Look> first_;  ///< since the clock was set
  std::optional<Look> last_;
};

}  // namespace postern
