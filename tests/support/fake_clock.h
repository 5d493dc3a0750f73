// FakeClock: a clock that stands still until a test turns it. Thread-safe.
#pragma once

#include "runtime/clock.h"

#include <atomic>

namespace postern::test {

class FakeClock final : public Clock {
 public:
  /// Both clocks begin at `start`, the steady one at an hour.
  explicit FakeClock(std::chrono::system_clock::time_point start =
                         std::chrono::system_clock::time_point(std::chrono::seconds(1'790'000'000)))
      : start_(start) {}

  std::chrono::steady_clock::time_point steady() const noexcept override {
    return std::chrono::steady_clock::time_point(std::chrono::hours(1)) +
           std::chrono::nanoseconds(steady_passed_.load());
  }
  std::chrono::system_clock::time_point system() const noexcept override {
    return start_ + std::chrono::duration_cast<std::chrono::system_clock::duration>(
                        std::chrono::nanoseconds(system_passed_.load()));
  }

  /// Local time is UTC until a test says otherwise.
  std::chrono::seconds utc_offset(std::chrono::system_clock::time_point) const noexcept override {
    return std::chrono::seconds(utc_offset_.load());
  }
  void set_utc_offset(std::chrono::seconds offset) { utc_offset_ = offset.count(); }

  void advance(std::chrono::nanoseconds by) {
    steady_passed_ += by.count();
    system_passed_ += by.count();
  }
  /// Only the time of day, as an administrator or NTP does; may be negative.
  void set_back(std::chrono::nanoseconds by) { system_passed_ -= by.count(); }

 private:
  const std::chrono::system_clock::time_point start_;
  std::atomic<std::chrono::seconds::rep> utc_offset_{0};
  std::atomic<std::chrono::nanoseconds::rep> steady_passed_{0};
  std::atomic<std::chrono::nanoseconds::rep> system_passed_{0};
};

}  // namespace postern::test
