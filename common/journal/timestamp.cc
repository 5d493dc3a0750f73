#include "journal/timestamp.h"

#include "model/text.h"
#include "model/time_text.h"

#include <cstddef>

namespace postern {
namespace {

using namespace std::chrono;

constexpr std::string_view pattern = "dddd-dd-ddTdd:dd:dd.ddddddZ";

int digits_at(std::string_view text, std::size_t offset, std::size_t width) {
  int value = 0;
  for (const char c : text.substr(offset, width)) value = value * 10 + (c - '0');
  return value;
}

}  // namespace

std::string timestamp(system_clock::time_point time) {
  return utc_text(time, Precision::microseconds);
}

std::optional<system_clock::time_point> timestamp_from_text(std::string_view text) {
  if (text.size() != pattern.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (pattern[i] == 'd' ? !is_digit(text[i]) : text[i] != pattern[i]) return std::nullopt;
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
