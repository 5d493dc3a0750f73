#include "model/time_text.h"

#include "model/text.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace postern {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// Digits at the front of `text`, which are taken off; nullopt unless there are `length`.
std::optional<int> take_number(std::string_view& text, std::size_t length) {
  if (text.size() < length) return {};
  int value = 0;
  for (const char c : text.substr(0, length)) {
    if (!is_digit(c)) return {};
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(length);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::sys_days> take_day(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return {};
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return {};
  const auto day = take_number(text, 2);
  if (!day || *year < 1970) return {};
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return {};
  return std::chrono::sys_days(date);
}

/// "Z", "+01:00", or nothing for UTC: what is to be taken from the local time.
std::optional<minutes> take_offset(std::string_view& text) {
  if (text.empty() || take(text, 'Z') || take(text, 'z')) return minutes(0);
  const bool west = text.front() == '-';
  if (!take(text, '+') && !take(text, '-')) return {};
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ':')) return {};
  const auto minute = take_number(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return {};
  const minutes offset = hours(*hour) + minutes(*minute);
  return west ? -offset : offset;
}

void append_day(std::string& text, std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  text.append(padded(static_cast<int>(date.year()), 4)).append("-");
  text.append(padded(static_cast<unsigned>(date.month()), 2)).append("-");
  text.append(padded(static_cast<unsigned>(date.day()), 2));
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> time_from_text(std::string_view text) {
  // Clocks count nanoseconds in 64 bits, which end in 2262.
  constexpr std::chrono::sys_days after_last = std::chrono::year(2262) / 1 / 1;
  const auto day = take_day(text);
  if (!day || *day >= after_last) return {};
  std::chrono::system_clock::time_point time = *day;
  if (text.empty()) return time + hours(12);
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return {};
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ':')) return {};
  const auto minute = take_number(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return {};
  time += hours(*hour) + minutes(*minute);
  if (take(text, ':')) {
    const auto second = take_number(text, 2);
    // A leap second is the first of the next minute, as clocks of machines have it.
    if (!second || *second > 60) return {};
    time += seconds(*second);
    if (take(text, '.')) {
      const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
      if (end == 0 || end > 9) return {};
      auto digits = std::string(text.substr(0, end));
      text.remove_prefix(end);
      digits.resize(6, '0');
      time += std::chrono::microseconds(std::stol(digits));
    }
  }
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return {};
  return time - *offset;
}

std::optional<std::chrono::sys_days> day_from_text(std::string_view text) {
  const auto day = take_day(text);
  return text.empty() ? day : std::nullopt;
}

std::optional<std::chrono::system_clock::time_point> past_time_from_text(
    std::string_view text, std::chrono::system_clock::time_point now) {
  constexpr std::array<std::pair<char, std::chrono::seconds>, 5> units{
      {{'s', std::chrono::seconds(1)},
       {'m', std::chrono::minutes(1)},
       {'h', std::chrono::hours(1)},
       {'d', std::chrono::hours(24)},
       {'w', std::chrono::hours(24 * 7)}}};
  constexpr std::chrono::seconds longest = std::chrono::hours(24) * 36'525;
  constexpr std::size_t most_digits = 9;  // of an int
  for (const auto& [letter, length] : units) {
    if (text.size() < 2 || text.back() != letter) continue;
    auto digits = text.substr(0, text.size() - 1);
    if (digits.size() > most_digits) return {};
    const auto number = take_number(digits, digits.size());
    if (!number || *number > longest / length) return {};
    return now - *number * length;
  }
  if (const auto day = day_from_text(text)) return *day;
  return time_from_text(text);
}

std::string day_text(std::chrono::sys_days day) {
  std::string text;
  append_day(text, day);
  return text;
}

std::string utc_text(std::chrono::system_clock::time_point time, Precision precision) {
  using std::chrono::microseconds;
  constexpr std::chrono::sys_days earliest = std::chrono::year(0) / 1 / 1;
  constexpr std::chrono::sys_days after_last = std::chrono::year(10000) / 1 / 1;
  const auto micro = std::clamp<std::chrono::sys_time<microseconds>>(
      std::chrono::floor<microseconds>(time), earliest, after_last - microseconds(1));
  const auto day = std::chrono::floor<std::chrono::days>(micro);
  const std::chrono::hh_mm_ss clock(micro - day);
  std::string text;
  text.reserve(std::string_view("2026-11-21T12:55:39.123456Z").size());
  append_day(text, day);
  text.append("T").append(padded(clock.hours().count(), 2));
  text.append(":").append(padded(clock.minutes().count(), 2));
  text.append(":").append(padded(clock.seconds().count(), 2));
  if (precision == Precision::microseconds) {
    text.append(".").append(padded(clock.subseconds().count(), 6));
  }
  return text.append("Z");
}

}  // namespace postern
