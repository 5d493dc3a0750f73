// Callbacks: everything that touches libmilter. One filter per process, and once only: libmilter
// keeps its socket, its callbacks and its stop in statics.
#pragma once

#include "milter/session.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace postern::milter_door {

/// Makes the session of a new connection; called from libmilter's threads.
using SessionMaker = std::function<std::unique_ptr<Session>()>;
/// Receives one line for the log when something about the socket goes wrong.
using Complain = std::function<void(std::string_view)>;

/// Registers the callbacks and opens the socket. False, with the reason given to `complain`.
bool register_filter(const std::string& connection, SessionMaker maker, const Complain& complain);

/// smfi_main. 0 on a clean end.
int run_filter();

/// As stop() in filter.h.
bool stop_filter(std::chrono::milliseconds limit);

/// Waits in a callback, which keeps one of libmilter's threads; a stop ends it.
void pause_callback(std::chrono::milliseconds duration);

/// As library_version() in filter.h.
std::string library_version_text();

}  // namespace postern::milter_door
