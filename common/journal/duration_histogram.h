// DurationHistogram: how long things took, in bounded memory: quantiles to a fifth. Plain value.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace postern {

class DurationHistogram {
 public:
  using Microseconds = std::chrono::microseconds;

  /// Negative ones count as 0.
  void add(Microseconds time, std::uint32_t times = 1);

  std::uint64_t count() const noexcept { return count_; }
  Microseconds longest() const noexcept { return longest_; }
  /// The time that `part` (0 to 1) of all took at most; up to a quarter too long, never longer than
  /// longest(). 0 when there are none.
  Microseconds quantile(double part) const;

 private:
  // Four bins for each doubling, up to 2^40 microseconds, which is twelve days.
  std::array<std::uint32_t, 160> bins_{};
  std::uint64_t count_ = 0;
  Microseconds longest_{0};
};

}  // namespace postern
