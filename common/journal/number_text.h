// Shares and lengths of time as people read them in tables. Pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace postern {

/// "12.3%" of the whole, "<0.1%" of what is not nothing; "-" of nothing.
std::string share_text(std::uint64_t part, std::uint64_t whole);
/// "0.21 ms", "12 ms", "1.5 s", "2.5 min".
std::string duration_text(std::chrono::microseconds time);

}  // namespace postern
