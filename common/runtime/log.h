// Log: the program's own messages, through spdlog. The only header that others use for logging;
// spdlog itself is included in log.cc alone. Thread-safe.
#pragma once

#include "rules/settings.h"

#include <string_view>

namespace postern {

enum class LogLevel { debug, info, warning, error };

/// Before start_log(), messages go to standard error. `automatic`: standard error, with priorities
/// for systemd's journal when it reads there; standard error on a terminal or where there is no
/// syslog; else syslog, facility mail.
void start_log(LogTarget target);
/// Each line of `message` becomes one line of the log. Text from outside must be clean already.
void log(LogLevel level, std::string_view message);

}  // namespace postern
