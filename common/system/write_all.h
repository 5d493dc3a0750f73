// All octets into a descriptor, however many pieces the system takes them in. Blocking descriptors
// only. Functions without state.
#pragma once

#include <cerrno>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace postern {

/// False when the descriptor takes no more; errno says why.
inline bool write_all(int fd, std::string_view octets) noexcept {
  while (!octets.empty()) {
    const ssize_t written = ::write(fd, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// As write_all(), to a socket, and without SIGPIPE when the other end has gone.
inline bool send_all(int fd, std::string_view octets) noexcept {
  while (!octets.empty()) {
    const ssize_t sent = ::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace postern
