// Log: the program's own messages, through spdlog. The only header that others use for logging;
// spdlog itself is included in log.cc alone. Thread-safe.
#pragma once

#include "rules/settings.h"

#include <string_view>

namespace postern {

enum class LogLevel { debug, info, warning, error };

/// Before start_log(), messages go to standard error.
void start_log(LogTarget target);
void log(LogLevel level, std::string_view message);

}  // namespace postern
