#include "policy/spawn.h"

#include "system/unique_fd.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>

namespace postern::policy_door {

namespace {

constexpr int exit_well = 0;
constexpr int exit_try_later = 75;  // EX_TEMPFAIL of sysexits.h

/// Octets passed on at a time; an ordinary request has less than one thousand.
constexpr std::size_t buffer_size = 16'384;

UniqueFd connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return {};
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return {};
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return {};
  }
  return socket;
}

UniqueFd connect_inet(const ListenAddress& server) {
  addrinfo hints{};
  hints.ai_family = server.family == ListenAddress::Family::inet6 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const auto port = std::to_string(server.port);
  const char* host = server.host.empty() ? nullptr : server.host.c_str();
  if (::getaddrinfo(host, port.c_str(), &hints, &found) != 0) return {};
  UniqueFd socket;
  for (const auto* at = found; at != nullptr && !socket; at = at->ai_next) {
    socket.reset(::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
    if (socket && ::connect(socket.get(), at->ai_addr, at->ai_addrlen) != 0) socket.reset();
  }
  ::freeaddrinfo(found);
  return socket;
}

/// Makes a descriptor non-blocking and puts its flags back: under spawn(8) they are shared with
/// whoever else holds the socket.
class NonBlocking {
 public:
  explicit NonBlocking(int descriptor)
      : descriptor_(descriptor), flags_(::fcntl(descriptor, F_GETFL)) {
    if (flags_ >= 0) ::fcntl(descriptor_, F_SETFL, flags_ | O_NONBLOCK);
  }
  ~NonBlocking() {
    if (flags_ >= 0) ::fcntl(descriptor_, F_SETFL, flags_);
  }
  NonBlocking(const NonBlocking&) = delete;
  NonBlocking& operator=(const NonBlocking&) = delete;

 private:
  int descriptor_;
  int flags_;
};

/// One direction. Reads only when what it has read before has been passed on.
class Stream {
 public:
  enum class State : std::uint8_t { reading, writing, ended, broken };

  Stream(int from, int to) : from_(from), to_(to) {}

  State state() const noexcept { return state_; }
  bool active() const noexcept { return state_ == State::reading || state_ == State::writing; }
  pollfd wish() const noexcept {
    if (state_ == State::reading) return {from_, POLLIN, 0};
    if (state_ == State::writing) return {to_, POLLOUT, 0};
    return {-1, 0, 0};
  }

  void move() {
    if (state_ == State::reading) {
      const auto count = ::read(from_, buffer_.data(), buffer_.size());
      if (count > 0) {
        begin_ = 0;
        end_ = static_cast<std::size_t>(count);
        state_ = State::writing;
      } else if (count == 0) {
        state_ = State::ended;
      } else if (!try_later()) {
        state_ = State::broken;
      }
    }
    while (state_ == State::writing) {
      const auto count = ::write(to_, buffer_.data() + begin_, end_ - begin_);
      if (count < 0) {
        if (!try_later()) state_ = State::broken;
        return;
      }
      begin_ += static_cast<std::size_t>(count);
      if (begin_ == end_) state_ = State::reading;
    }
  }

 private:
  static bool try_later() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

  int from_;
  int to_;
  State state_ = State::reading;
  std::array<char, buffer_size> buffer_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

int relay(int input, int output, int server) {
  const NonBlocking quiet_input(input);
  const NonBlocking quiet_output(output);
  const NonBlocking quiet_server(server);
  Stream requests(input, server);
  Stream answers(server, output);
  bool told_end = false;
  for (;;) {
    if (answers.state() == Stream::State::ended) return exit_well;
    if (answers.state() == Stream::State::broken || requests.state() == Stream::State::broken) {
      return exit_try_later;
    }
    if (requests.state() == Stream::State::ended && !told_end) {
      ::shutdown(server, SHUT_WR);
      told_end = true;
    }
    std::array<pollfd, 2> wishes{requests.wish(), answers.wish()};
    if (::poll(wishes.data(), wishes.size(), -1) < 0 && errno != EINTR) return exit_try_later;
    if (wishes[0].revents != 0) requests.move();
    if (wishes[1].revents != 0) answers.move();
  }
}

}  // namespace

int relay_spawn(int input, int output, const ListenAddress& server) noexcept {
  try {
    const auto socket = server.family == ListenAddress::Family::unix_socket
                            ? connect_unix(server.path)
                            : connect_inet(server);
    return socket ? relay(input, output, socket.get()) : exit_try_later;
  } catch (...) {
    return exit_try_later;
  }
}

}  // namespace postern::policy_door
