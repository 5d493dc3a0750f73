#include "journal/time_steps.h"

#include "model/time_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace postern {
namespace {

using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::system_clock;

using Days = std::chrono::duration<std::int64_t, std::ratio<86'400>>;

// Each divides the next.
constexpr std::array<seconds, 11> widths = {minutes{1}, minutes{5}, minutes{15}, minutes{30},
                                            hours{1},   hours{2},   hours{6},    hours{12},
                                            Days{1},    Days{7},    Days{28}};

/// A Monday.
constexpr seconds origin = Days{-3};

seconds floor_to(seconds since_epoch, seconds width) {
  const auto rest = (since_epoch - origin) % width;
  return since_epoch - (rest < seconds{0} ? rest + width : rest);
}

std::string several(std::int64_t count, const char* unit) {
  return std::to_string(count) + " " + unit + (count == 1 ? "" : "s");
}

}  // namespace

TimeSteps::TimeSteps(const TimeSpan& span) {
  const auto since = std::chrono::floor<seconds>(span.since.time_since_epoch());
  const auto until =
      std::max(std::chrono::ceil<seconds>(span.until.time_since_epoch()), since + seconds{1});
  const auto count = [&](seconds width) {
    return (floor_to(until - seconds{1}, width) - floor_to(since, width)) / width + 1;
  };
  std::size_t at = 0;
  width_ = widths[at];
  while (count(width_) > static_cast<std::int64_t>(most_time_steps)) {
    width_ = ++at < widths.size() ? widths[at] : 2 * width_;
  }
  first_ = Time(floor_to(since, width_));
  size_ = static_cast<std::size_t>(count(width_));
}

TimeSteps::Time TimeSteps::begin(std::size_t step) const {
  return first_ + width_ * static_cast<std::int64_t>(step);
}

std::optional<std::size_t> TimeSteps::step_of(Time time) const {
  if (time < first_) return std::nullopt;
  const auto step = static_cast<std::size_t>((time - first_) / width_);
  if (step >= size_) return std::nullopt;
  return step;
}

std::string TimeSteps::width_text() const { return length_text(width_); }

std::string TimeSteps::begin_text(std::size_t step) const {
  auto text = minute_text(begin(step));
  if (width_ >= Days{1}) text.resize(text.find(' '));
  return text;
}

std::string minute_text(TimeSpan::Time time) {
  auto text = utc_text(time);
  text[text.find('T')] = ' ';
  text.resize(text.rfind(':'));
  return text;
}

std::string length_text(system_clock::duration length) {
  const auto whole = duration_cast<seconds>(length);
  const auto in = [&](seconds unit) { return whole / unit; };
  const auto is_one = [&](seconds unit) { return whole == unit; };
  if (in(Days{1}) >= 2 || is_one(Days{1})) return several(in(Days{1}), "day");
  if (in(hours{1}) >= 2 || is_one(hours{1})) return several(in(hours{1}), "hour");
  if (in(minutes{1}) >= 2 || is_one(minutes{1})) return several(in(minutes{1}), "minute");
  return several(whole.count(), "second");
}

}  // namespace postern
