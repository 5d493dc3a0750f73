// MilterFilter: the libmilter front end. libmilter allows one per process and cannot be run twice.
#pragma once

#include "runtime/services.h"

#include <chrono>
#include <string>

namespace postern::milter_door {

/// Hands libmilter its listening socket and callbacks. `connection` is libmilter's notation,
/// "fd:N" for a socket that is already listening. False, with the reason logged, on failure.
bool prepare(const std::string& connection, Services services);

/// Runs smfi_main; returns when libmilter has stopped. Call from a thread of its own.
/// 0 on a clean end.
int run();

/// Asks libmilter to stop and waits until no callback is running, at most `limit`. True if none is.
/// libmilter's workers may live on: leave the process by _exit afterwards.
bool stop(std::chrono::milliseconds limit);

/// Of the libmilter that is loaded: "1.0.1".
std::string library_version();

}  // namespace postern::milter_door
