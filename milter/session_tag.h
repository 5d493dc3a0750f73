// Session tag: what ties the records of one SMTP session together.
#pragma once

#include <chrono>
#include <string>

namespace postern::milter_door {

/// Eleven characters: milliseconds since 1970 and a counter, so that tags sort by time and no two
/// sessions of one host share one. Thread-safe.
std::string new_session_tag(std::chrono::system_clock::time_point time);

}  // namespace postern::milter_door
