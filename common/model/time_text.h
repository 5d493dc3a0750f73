// Times as people and TOML write them. Pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace postern {

/// Reads RFC 3339 ("2026-11-21T12:00:00Z", with an offset and fractions of a second or not, a space
/// instead of the T), the same without offset as UTC, or a day alone as its noon. nullopt: it is
/// none of these, or not of the years 1970 to 2261, beyond which the clock cannot count.
std::optional<std::chrono::system_clock::time_point> time_from_text(std::string_view text);

}  // namespace postern
