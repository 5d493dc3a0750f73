// As much of an HTTP client as tests need: octets go out as they are given, and all that comes back
// until the end is handed over.
#pragma once

#include "rules/settings.h"
#include "runtime/sockets.h"

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace postern::testing {

struct HttpAnswer {
  std::string head;  ///< status line and headers; empty: nothing came
  std::string body;

  int status() const { return head.size() < 12 ? 0 : std::atoi(head.substr(9, 3).c_str()); }
};

inline std::string exchange(const ListenAddress& address, std::string_view request,
                            std::chrono::milliseconds patience) {
  const auto fd = connect_to(address, patience);
  if (!fd) return render(fd.problems());
  while (!request.empty()) {
    const auto sent = ::send(fd->get(), request.data(), request.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;  // hung up: what it said before is still there to be read
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::string text;
  std::array<char, 65'536> buffer{};
  for (ssize_t got = 1; got > 0;) {
    got = ::recv(fd->get(), buffer.data(), buffer.size(), 0);
    if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

inline HttpAnswer http_answer(const std::string& text) {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string::npos) return {text, {}};
  return {text.substr(0, end), text.substr(end + 4)};
}

inline HttpAnswer http_get(const ListenAddress& address, const std::string& path,
                           std::chrono::milliseconds patience) {
  return http_answer(exchange(
      address, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain\r\n\r\n",
      patience));
}

}  // namespace postern::testing
