// Waker: opens and closes a connection to our own listening socket, because libmilter's listener
// notices a stop only when something arrives, or after five seconds (measured).
#pragma once

#include <string>
#include <sys/socket.h>

namespace postern::milter_door {

class Waker {
 public:
  Waker() = default;
  /// `connection` in libmilter's notation: "unix:/path", "local:/path", "inet:port@host",
  /// "inet6:port@host" or "fd:N". Anything else gives a waker that does nothing.
  explicit Waker(const std::string& connection);

  /// Connects and closes at once; failure is of no consequence.
  void wake() const noexcept;
  bool is_usable() const noexcept { return length_ != 0; }

 private:
  sockaddr_storage address_{};
  socklen_t length_ = 0;
};

}  // namespace postern::milter_door
