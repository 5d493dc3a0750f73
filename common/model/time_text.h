// Times as people and TOML write them. Pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

/// Reads RFC 3339 ("2026-11-21T12:00:00Z", with an offset and fractions of a second or not, a space
/// instead of the T), the same without offset as UTC, or a day alone as its noon. nullopt: it is
/// none of these, or not of the years 1970 to 2261, beyond which the clock cannot count.
std::optional<std::chrono::system_clock::time_point> time_from_text(std::string_view text);

/// A day alone, "2027-01-31", of the years 1970 to 9999; nullopt for anything else, days that no
/// calendar has included.
std::optional<std::chrono::sys_days> day_from_text(std::string_view text);
/// "2027-01-31"; years 0 to 9999.
std::string day_text(std::chrono::sys_days day);

/// Some time ago or a moment, as people ask for what has been since: "90s", "30m", "36h", "2d",
/// "1w" before `now`; a day alone, as its beginning in UTC; else as time_from_text. nullopt: none
/// of these, or longer ago than a hundred years.
std::optional<std::chrono::system_clock::time_point> past_time_from_text(
    std::string_view text, std::chrono::system_clock::time_point now);

enum class Precision : std::uint8_t { seconds, microseconds };
/// RFC 3339 in UTC, "2026-11-21T12:55:39Z" or "2026-11-21T12:55:39.123456Z", rounded down. Years
/// outside 0000 to 9999 give the nearest of them.
std::string utc_text(std::chrono::system_clock::time_point time,
                     Precision precision = Precision::seconds);

}  // namespace postern
