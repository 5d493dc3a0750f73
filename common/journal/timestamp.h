// Timestamps of the journal: RFC 3339 in UTC with microseconds, "2026-11-21T12:55:39.123456Z".
// Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

/// Rounded down to the microsecond. Years outside 0000 to 9999 give the nearest of them.
std::string timestamp(std::chrono::system_clock::time_point time);
/// Only what timestamp() writes; nullopt on anything else, also on days that do not exist.
std::optional<std::chrono::system_clock::time_point> timestamp_from_text(std::string_view text);

}  // namespace postern
