// Progress: one line on a terminal that tells how far a long reading has come. One thread at a
// time.
#pragma once

#include "cli/commands.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

namespace postern::cli {

/// Writes only where somebody watches standard error, at most twice a second.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;
  using Now = std::function<Clock::time_point()>;

  /// `what` is counted: "decisions".
  Progress(const Terminal& terminal, std::string what, Now now = &Clock::now);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// So many things by now, from the part `done` of all, 0 to 1. To be called for each.
  void at(std::uint64_t count, double done);
  /// Whether at() would look at what it is told, for those to whom telling costs something.
  bool wants(std::uint64_t count) const noexcept { return watched_ && count % every == 0; }
  /// Takes the line away.
  void clear();

 private:
  // The clock is not asked for each of millions.
  static constexpr std::uint64_t every = 256;

  std::ostream& out_;
  std::string what_;
  bool watched_;
  Now now_;
  Clock::time_point began_;
  Clock::time_point next_;
  std::size_t shown_ = 0;  // columns that the line takes
};

/// "1,234,567 decisions, 43%, 12 s left": the line after `spent`. The estimate comes once a
/// twentieth is done.
std::string progress_text(std::uint64_t count, const std::string& what, double done,
                          std::chrono::milliseconds spent);

}  // namespace postern::cli
