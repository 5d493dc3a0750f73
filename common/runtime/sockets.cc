#include "runtime/sockets.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <grp.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace postern {
namespace {

Problem socket_problem(const ListenAddress& address, const std::string& what,
                       std::string hint = {}) {
  return plain_problem("cannot listen on " + address.postfix_text() + ": " + what, std::move(hint));
}

bool fits(const std::string& path) { return path.size() < sizeof(sockaddr_un{}.sun_path); }

sockaddr_un unix_name(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  return name;
}

/// What lets us give a socket to the group of `access`.
std::string how_to_give(const SocketAccess& access) {
  if (!access.group) return "start as root";
  const auto* group = ::getgrgid(*access.group);
  const auto* user = ::getpwuid(::geteuid());
  return "start as root, or let the user Postern runs as into that group and restart: usermod -a "
         "-G " +
         (group != nullptr ? group->gr_name : std::to_string(*access.group)) + " " +
         (user != nullptr ? user->pw_name : std::to_string(::geteuid()));
}

enum class OldFile { none, stale, live, unknown };

/// Whether a server answers on the socket file at `path`.
OldFile ask_old_socket(const std::string& path, int& error) {
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) {
    error = errno;
    return OldFile::unknown;
  }
  const auto name = unix_name(path);
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) {
    return OldFile::live;
  }
  error = errno;
  if (error == ECONNREFUSED) return OldFile::stale;
  if (error == ENOENT) return OldFile::none;
  // A full backlog answers EAGAIN: somebody listens, however slowly.
  if (error == EAGAIN || error == EINPROGRESS) return OldFile::live;
  return OldFile::unknown;
}

std::optional<Problem> clear_path(const ListenAddress& address, const SocketFile& file) {
  struct stat status {};
  if (const int why = file.look(status)) {
    if (why == ENOENT) return std::nullopt;
    return socket_problem(address, std::strerror(why));
  }
  if (!S_ISSOCK(status.st_mode)) {
    return socket_problem(address, "the path is taken by something that is not a socket",
                          "move it away or choose another path; it is never removed for you");
  }
  int error = 0;
  switch (ask_old_socket(address.path, error)) {
    case OldFile::none:
      return std::nullopt;
    case OldFile::live:
      return socket_problem(address, "a running server answers on this socket",
                            "stop it first (postern stop), or choose another path");
    case OldFile::unknown:
      return socket_problem(
          address,
          std::string("cannot tell whether the socket there is in use: ") + std::strerror(error));
    case OldFile::stale:
      break;
  }
  const int why = file.unlink();
  if (why != 0 && why != ENOENT) {
    return socket_problem(address,
                          std::string("cannot remove the stale socket: ") + std::strerror(why));
  }
  return std::nullopt;
}

Result<ListeningSocket> open_unix(const ListenAddress& address, const SocketAccess& access,
                                  int flags) {
  const auto& path = address.path;
  if (!fits(path)) {
    return socket_problem(address, "the path is longer than the 107 octets a socket may have");
  }
  SocketFile file(path);
  if (!file.has_directory()) {
    return socket_problem(
        address, "there is no directory " + std::filesystem::path(path).parent_path().string(),
        "make it, owned by the user Postern runs as");
  }
  if (auto problem = clear_path(address, file)) return *problem;

  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!fd) return socket_problem(address, std::strerror(errno));
  // Linux gives the file the mode of the unbound socket, less the umask: the file never has
  // another mode than the one asked for.
  if (::fchmod(fd.get(), access.mode) != 0) return socket_problem(address, std::strerror(errno));
  const auto name = unix_name(path);
  const mode_t old_mask = ::umask(0);
  const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
  const int error = errno;
  ::umask(old_mask);
  if (bound != 0) return socket_problem(address, std::strerror(error));

  const auto why = file.claim(access.owner, access.group);
  if (!why.empty()) {
    file.remove_claimed();
    return socket_problem(address, why, how_to_give(access));
  }
  if (::listen(fd.get(), SOMAXCONN) != 0) {
    const int listen_error = errno;
    file.remove_claimed();
    return socket_problem(address, std::strerror(listen_error));
  }
  return ListeningSocket(address, std::move(fd), std::move(file));
}

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

AddressList resolve(const ListenAddress& address, int flags, std::string& error) {
  addrinfo hints{};
  hints.ai_family = address.family == ListenAddress::Family::inet6 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  // "inet:[::1]:port" is how Postfix writes IPv6.
  if (address.host.find(':') != std::string::npos) hints.ai_family = AF_INET6;
  addrinfo* found = nullptr;
  const int result = ::getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(),
                                   std::to_string(address.port).c_str(), &hints, &found);
  if (result != 0) error = ::gai_strerror(result);
  return {result == 0 ? found : nullptr, &::freeaddrinfo};
}

std::uint16_t bound_port(int fd) {
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) return 0;
  if (name.ss_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &name, sizeof six);
    return ntohs(six.sin6_port);
  }
  sockaddr_in four{};
  std::memcpy(&four, &name, sizeof four);
  return ntohs(four.sin_port);
}

Result<ListeningSocket> open_inet(ListenAddress address, int flags) {
  std::string error;
  const auto found = resolve(address, AI_PASSIVE | AI_NUMERICSERV, error);
  if (!found) return socket_problem(address, error);
  UniqueFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!fd) return socket_problem(address, std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Without it "inet6:...@::" would take the IPv4 port as well and clash with an inet listener.
  if (found->ai_family == AF_INET6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (::bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(fd.get(), SOMAXCONN) != 0) {
    const int bind_error = errno;
    return socket_problem(address, std::strerror(bind_error),
                          bind_error == EADDRINUSE ? "another server has this port" : "");
  }
  address.port = bound_port(fd.get());
  return ListeningSocket(std::move(address), std::move(fd), std::nullopt);
}

std::optional<unsigned> number(const std::string& text) {
  unsigned value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace

Result<ListeningSocket> open_listener(const ListenAddress& address, const SocketAccess& access,
                                      Blocking blocking) {
  const int flags = blocking == Blocking::no ? SOCK_NONBLOCK : 0;
  return address.family == ListenAddress::Family::unix_socket ? open_unix(address, access, flags)
                                                              : open_inet(address, flags);
}

Result<UniqueFd> connect_to(const ListenAddress& address, std::chrono::milliseconds limit) {
  const auto failed = [&](const std::string& why) {
    return plain_problem("cannot connect to " + address.postfix_text() + ": " + why);
  };
  sockaddr_un unix_address{};
  const sockaddr* name = nullptr;
  socklen_t length = 0;
  AddressList found(nullptr, &::freeaddrinfo);
  if (address.family == ListenAddress::Family::unix_socket) {
    if (!fits(address.path)) return failed("the path is too long for a socket");
    unix_address = unix_name(address.path);
    name = reinterpret_cast<const sockaddr*>(&unix_address);
    length = sizeof unix_address;
  } else {
    std::string error;
    found = resolve(address, AI_NUMERICSERV, error);
    if (!found) return failed(error);
    name = found->ai_addr;
    length = found->ai_addrlen;
  }
  UniqueFd fd(::socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return failed(std::strerror(errno));
  if (::connect(fd.get(), name, length) != 0) {
    if (errno != EINPROGRESS) return failed(std::strerror(errno));
    pollfd wait{fd.get(), POLLOUT, 0};
    if (::poll(&wait, 1, static_cast<int>(limit.count())) != 1) return failed("timed out");
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return failed(std::strerror(error));
  }
  const int flags = ::fcntl(fd.get(), F_GETFL);
  ::fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK);
  timeval timeout{};
  timeout.tv_sec = static_cast<time_t>(limit.count() / 1000);
  timeout.tv_usec = static_cast<suseconds_t>(limit.count() % 1000 * 1000);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  return fd;
}

std::optional<uid_t> find_user(const std::string& name) {
  if (const auto* entry = ::getpwnam(name.c_str())) return entry->pw_uid;
  return number(name);
}

std::optional<gid_t> find_group(const std::string& name) {
  if (const auto* entry = ::getgrnam(name.c_str())) return entry->gr_gid;
  return number(name);
}

}  // namespace postern
