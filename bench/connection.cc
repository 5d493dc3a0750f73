#include "connection.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace postern::bench {

void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Connection::Connection(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) give_up("socket path too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  descriptor_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    give_up("cannot connect to " + path + ": " + std::strerror(errno));
  }
  fcntl(descriptor_, F_SETFL, O_NONBLOCK);
}

Connection::~Connection() {
  if (descriptor_ >= 0) close(descriptor_);
}

Connection::Connection(Connection&& other) noexcept
    : descriptor_(other.descriptor_),
      output_(std::move(other.output_)),
      input_(std::move(other.input_)) {
  other.descriptor_ = -1;
}

void Connection::send(std::string_view octets) {
  output_ += octets;
  flush();
}

bool Connection::flush() {
  while (!output_.empty()) {
    const auto written = write(descriptor_, output_.data(), output_.size());
    if (written < 0) {
      if (errno == EAGAIN || errno == EINTR) return false;
      give_up(std::string("write: ") + std::strerror(errno));
    }
    output_.erase(0, static_cast<std::size_t>(written));
  }
  return true;
}

void Connection::receive() {
  char buffer[16384];
  for (;;) {
    const auto got = read(descriptor_, buffer, sizeof(buffer));
    if (got == 0) give_up("the server closed the connection");
    if (got < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      give_up(std::string("read: ") + std::strerror(errno));
    }
    input_.append(buffer, static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < sizeof(buffer)) return;
  }
}

}  // namespace postern::bench
