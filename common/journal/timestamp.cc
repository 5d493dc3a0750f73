#include "journal/timestamp.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace postern {
namespace {

using namespace std::chrono;

constexpr std::string_view pattern = "dddd-dd-ddTdd:dd:dd.ddddddZ";

void append_digits(std::string& out, std::int64_t value, int width) {
  std::string digits(static_cast<std::size_t>(width), '0');
  for (auto place = digits.rbegin(); place != digits.rend(); ++place, value /= 10) {
    *place = static_cast<char>('0' + value % 10);
  }
  out += digits;
}

int digits_at(std::string_view text, std::size_t offset, std::size_t width) {
  int value = 0;
  for (const char c : text.substr(offset, width)) value = value * 10 + (c - '0');
  return value;
}

}  // namespace

std::string timestamp(system_clock::time_point time) {
  constexpr sys_days earliest = year{0} / January / 1;
  constexpr sys_days after_last = year{10000} / January / 1;
  const auto micro = std::clamp(floor<microseconds>(time), time_point_cast<microseconds>(earliest),
                                time_point_cast<microseconds>(after_last) - microseconds{1});
  const auto day = floor<days>(micro);
  const year_month_day date{day};
  const hh_mm_ss clock{micro - day};
  std::string out;
  out.reserve(pattern.size());
  append_digits(out, int{date.year()}, 4);
  out += '-';
  append_digits(out, unsigned{date.month()}, 2);
  out += '-';
  append_digits(out, unsigned{date.day()}, 2);
  out += 'T';
  append_digits(out, clock.hours().count(), 2);
  out += ':';
  append_digits(out, clock.minutes().count(), 2);
  out += ':';
  append_digits(out, clock.seconds().count(), 2);
  out += '.';
  append_digits(out, clock.subseconds().count(), 6);
  out += 'Z';
  return out;
}

std::optional<system_clock::time_point> timestamp_from_text(std::string_view text) {
  if (text.size() != pattern.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (pattern[i] == 'd' ? !digit : text[i] != pattern[i]) return std::nullopt;
  }
  const year_month_day date{year{digits_at(text, 0, 4)},
                            month{static_cast<unsigned>(digits_at(text, 5, 2))},
                            day{static_cast<unsigned>(digits_at(text, 8, 2))}};
  const hours hour{digits_at(text, 11, 2)};
  const minutes minute{digits_at(text, 14, 2)};
  const seconds second{digits_at(text, 17, 2)};
  // The clock counts nanoseconds in 64 bits, which is enough for 1678 to 2261 only.
  if (!date.ok() || date.year() < year{1678} || date.year() > year{2261} || hour > hours{23} ||
      minute > minutes{59} || second > seconds{59}) {
    return std::nullopt;
  }
  return sys_days{date} + hour + minute + second + microseconds{digits_at(text, 20, 6)};
}

}  // namespace postern
