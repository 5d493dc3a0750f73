// Local clock: times of day, days and weekdays as conditions write and compare them. Pure.
#pragma once

#include "postern/transaction.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::expression {

/// "08:00" or "08:00:30" as seconds since midnight; "24:00" is the end of the day, 86,400. nullopt
/// for anything else.
std::optional<std::int64_t> time_of_day_from_text(std::string_view text);
/// "08:00:30".
std::string time_of_day_text(std::int64_t seconds);

/// A stretch of the day from `from` up to but not including `to`; over midnight if `to` is earlier.
struct TimeRange {
  std::int64_t from = 0;
  std::int64_t to = 0;

  bool contains(std::int64_t time) const noexcept {
    return from < to ? from <= time && time < to : time >= from || time < to;
  }
};
/// "08:00-18:00"; nullopt for anything else, ranges that hold nothing included.
std::optional<TimeRange> time_range_from_text(std::string_view text);

/// Of the moment at which the mail server asked, in the local time of the transaction.
std::int64_t time_of_day(const Transaction& transaction) noexcept;
/// Days since 1970-01-01.
std::int64_t date(const Transaction& transaction) noexcept;
/// 0 is Monday.
unsigned weekday(const Transaction& transaction) noexcept;

}  // namespace postern::expression
