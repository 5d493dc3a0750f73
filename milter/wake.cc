#include "milter/wake.h"

#include "milter/mta_values.h"

#include <cstddef>
#include <cstring>
#include <netdb.h>
#include <string_view>
#include <sys/un.h>
#include <unistd.h>

namespace postern::milter_door {
namespace {

std::size_t split_family(std::string_view connection, std::string_view& family) {
  const auto colon = connection.find(':');
  family = connection.substr(0, colon);
  return colon == std::string_view::npos ? connection.size() : colon + 1;
}

}  // namespace

Waker::Waker(const std::string& connection) {
  std::string_view family;
  const std::string rest = connection.substr(split_family(connection, family));
  if (family == "fd") {
    const auto descriptor = read_number(rest);
    socklen_t length = sizeof address_;
    if (descriptor && getsockname(static_cast<int>(*descriptor),
                                  reinterpret_cast<sockaddr*>(&address_), &length) == 0) {
      length_ = length;
    }
  } else if (family == "unix" || family == "local") {
    sockaddr_un name{};
    if (rest.size() >= sizeof name.sun_path) return;
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, rest.c_str(), rest.size() + 1);
    std::memcpy(&address_, &name, sizeof name);
    length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + rest.size() + 1);
  } else if (family == "inet" || family == "inet6") {
    const auto at = rest.find('@');
    auto host = at == std::string::npos ? std::string() : rest.substr(at + 1);
    if (host.size() > 1 && host.front() == '[') host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_family = family == "inet" ? AF_INET : AF_INET6;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.empty() ? nullptr : host.c_str(), rest.substr(0, at).c_str(), &hints,
                    &found) != 0) {
      return;
    }
    std::memcpy(&address_, found->ai_addr, found->ai_addrlen);
    length_ = found->ai_addrlen;
    freeaddrinfo(found);
  }
}

void Waker::wake() const noexcept {
  if (length_ == 0) return;
  // Not blocking: with a full backlog the listener is awake anyway.
  const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const int connection = socket(address_.ss_family, type, 0);
  if (connection < 0) return;
  static_cast<void>(connect(connection, reinterpret_cast<const sockaddr*>(&address_), length_));
  close(connection);
}

}  // namespace postern::milter_door
