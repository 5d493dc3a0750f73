// TimeSteps: a span of time in equal steps that a clock has, for counting over time. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace postern {

/// From `since` on and before `until`.
struct TimeSpan {
  using Time = std::chrono::system_clock::time_point;
  Time since;
  Time until;

  std::chrono::system_clock::duration length() const { return until - since; }
  bool contains(Time time) const { return time >= since && time < until; }
};

/// As many steps as a plot can show on a telephone.
inline constexpr std::size_t most_time_steps = 101;

class TimeSteps {
 public:
  using Time = TimeSpan::Time;

  /// The shortest steps of a minute, 5, 15 or 30 minutes, 1, 2, 6 or 12 hours, a day, a week, and
  /// multiples of four weeks that are at most most_time_steps. They begin at full hours, days and
  /// Mondays in UTC, so the first and the last may reach over the ends of the span.
  explicit TimeSteps(const TimeSpan& span);

  std::size_t size() const noexcept { return size_; }
  std::chrono::seconds width() const noexcept { return width_; }
  Time begin(std::size_t step) const;
  /// nullopt: it is in none of them.
  std::optional<std::size_t> step_of(Time time) const;

  /// "15 minutes", "2 hours", "1 day".
  std::string width_text() const;
  /// "2026-11-21 14:00", or only the day where steps are days or longer.
  std::string begin_text(std::size_t step) const;

 private:
  std::chrono::seconds width_{60};
  Time first_;
  std::size_t size_ = 1;
};

/// "2026-11-21 14:05", in UTC.
std::string minute_text(TimeSpan::Time time);
/// "7 days", "36 hours", "20 minutes": the whole ones of the largest unit of which there are two,
/// or exactly one.
std::string length_text(std::chrono::system_clock::duration length);

}  // namespace postern
