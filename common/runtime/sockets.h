// Listening sockets: opened by the parent before it drops privileges, inherited by every worker, so
// that a worker's crash refuses nobody. Not thread-safe (opening changes the umask for a moment).
#pragma once

#include "postern/result.h"
#include "rules/settings.h"
#include "runtime/socket_file.h"
#include "system/unique_fd.h"

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>

namespace postern {

/// Who may connect to a unix socket.
struct SocketAccess {
  unsigned mode = 0660;
  std::optional<uid_t> owner;  ///< none: leave
  std::optional<gid_t> group;
};

enum class Blocking : std::uint8_t { yes, no };

/// A socket that listens. Its unix socket file stays when the object goes: remove_file() removes
/// it, because after a fork two objects stand for one file.
class ListeningSocket {
 public:
  /// `file`: of a unix socket.
  ListeningSocket(ListenAddress address, UniqueFd fd, std::optional<SocketFile> file)
      : address_(std::move(address)), fd_(std::move(fd)), file_(std::move(file)) {}

  int fd() const noexcept { return fd_.get(); }
  /// As asked for, with the path below the root and the port the system chose.
  const ListenAddress& address() const noexcept { return address_; }

  /// Removes the unix socket file if it is still the one we made; another server may have taken
  /// the path meanwhile. Empty, or why the file is still there.
  std::string remove_file() const { return file_ ? file_->remove_claimed() : std::string(); }

 private:
  ListenAddress address_;
  UniqueFd fd_;
  std::optional<SocketFile> file_;
};

/// Binds and listens. A stale unix socket is removed; any other file, and the socket of a server
/// that answers, are refused. The socket has its mode and owner before it listens, so nobody is let
/// in or kept out for a moment. `address.path` is the path on disk, with the root in front.
Result<ListeningSocket> open_listener(const ListenAddress& address, const SocketAccess& access,
                                      Blocking blocking);

/// Connects within `limit`, blocking; the socket's own reads and writes time out after `limit` too.
Result<UniqueFd> connect_to(const ListenAddress& address, std::chrono::milliseconds limit);

/// User or group by name or number; nullopt: there is none.
std::optional<uid_t> find_user(const std::string& name);
std::optional<gid_t> find_group(const std::string& name);

}  // namespace postern
