#include "rules/local_clock.h"

#include <chrono>
#include <string>

namespace postern::expression {
namespace {

constexpr std::int64_t day_seconds = 86'400;

std::optional<int> two_digits(std::string_view text, std::size_t at) {
  if (at + 2 > text.size()) return std::nullopt;
  const char tens = text[at];
  const char ones = text[at + 1];
  if (tens < '0' || tens > '9' || ones < '0' || ones > '9') return std::nullopt;
  return (tens - '0') * 10 + (ones - '0');
}

std::int64_t local_seconds(const Transaction& transaction) noexcept {
  const auto seconds =
      std::chrono::floor<std::chrono::seconds>(transaction.time).time_since_epoch() +
      transaction.utc_offset;
  return seconds.count();
}

}  // namespace

std::optional<std::int64_t> time_of_day_from_text(std::string_view text) {
  const bool with_seconds = text.size() == 8;
  if ((text.size() != 5 && !with_seconds) || text[2] != ':' || (with_seconds && text[5] != ':')) {
    return std::nullopt;
  }
  const auto hours = two_digits(text, 0);
  const auto minutes = two_digits(text, 3);
  const auto seconds = with_seconds ? two_digits(text, 6) : std::optional<int>(0);
  if (!hours || !minutes || !seconds || *minutes > 59 || *seconds > 59) return std::nullopt;
  const std::int64_t time = *hours * 3600 + *minutes * 60 + *seconds;
  if (time > day_seconds) return std::nullopt;
  return time;
}

std::string time_of_day_text(std::int64_t seconds) {
  const auto two = [](std::int64_t number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  return two(seconds / 3600) + ':' + two(seconds / 60 % 60) + ':' + two(seconds % 60);
}

std::optional<TimeRange> time_range_from_text(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto from = time_of_day_from_text(text.substr(0, dash));
  const auto to = time_of_day_from_text(text.substr(dash + 1));
  if (!from || !to || *from == *to || *from == day_seconds) return std::nullopt;
  return TimeRange{*from, *to};
}

std::int64_t time_of_day(const Transaction& transaction) noexcept {
  const auto second = local_seconds(transaction) % day_seconds;
  return second < 0 ? second + day_seconds : second;
}

std::int64_t date(const Transaction& transaction) noexcept {
  return (local_seconds(transaction) - time_of_day(transaction)) / day_seconds;
}

unsigned weekday(const Transaction& transaction) noexcept {
  // 1970-01-01 was a Thursday.
  const auto day = (date(transaction) + 3) % 7;
  return static_cast<unsigned>(day < 0 ? day + 7 : day);
}

}  // namespace postern::expression
