// LogLimit: lets one message in a while through and counts the others. The log is written at once
// by whoever has something to say, and a full pipe or a busy syslog makes it wait: a message that
// the network can cause at will must not cost a request each time. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace postern {

class LogLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit LogLimit(std::chrono::seconds interval = std::chrono::seconds(1)) noexcept
      : interval_(interval) {}

  /// Whether to speak at `now`: how many were kept back since the last that went through. nullopt:
  /// this one is kept back and counted.
  std::optional<std::uint64_t> pass(Time now) noexcept;

 private:
  const std::chrono::steady_clock::duration interval_;
  std::atomic<std::chrono::steady_clock::rep> next_{0};
  std::atomic<std::uint64_t> kept_back_{0};
};

/// " (12 like it were not logged)"; empty for none.
std::string kept_back_text(std::uint64_t count);

}  // namespace postern
