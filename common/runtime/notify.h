// ServiceManager: tells systemd how we are, by the datagram protocol of sd_notify(3).
// Thread-safe; silent when no service manager listens.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

class ServiceManager {
 public:
  /// Nobody to tell.
  ServiceManager() = default;
  /// The socket of NOTIFY_SOCKET: a path, or "@name" in the abstract name space.
  explicit ServiceManager(std::string socket,
                          std::optional<std::chrono::microseconds> watchdog = {});
  /// From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which are then removed, so that no child
  /// speaks in our name.
  static ServiceManager from_environment();

  /// Sends "KEY=VALUE" lines in one datagram. Failure is of no consequence to mail and is ignored.
  void send(std::string_view lines) const noexcept;
  /// "RELOADING=1" with the clock reading that notify-reload units wait for.
  void reloading() const noexcept;

  /// How long the service manager waits for WATCHDOG=1; none: it does not.
  std::optional<std::chrono::microseconds> watchdog() const noexcept { return watchdog_; }
  /// Asks the service manager to wait at least so long from now on, and never less than it was to
  /// wait at first; zero asks for just that. Silent without a watchdog.
  void allow_silence(std::chrono::microseconds time) const noexcept;

 private:
  std::string socket_;
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace postern
