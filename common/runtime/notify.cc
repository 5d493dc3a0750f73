#include "runtime/notify.h"

#include "system/unique_fd.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace postern {
namespace {

std::optional<std::uint64_t> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  if (error != std::errc{} || stop != end || value == 0) return std::nullopt;
  return value;
}

}  // namespace

ServiceManager::ServiceManager(std::string socket,
                               std::optional<std::chrono::microseconds> watchdog)
    : socket_(std::move(socket)), watchdog_(watchdog) {}

ServiceManager ServiceManager::from_environment() {
  ServiceManager manager;
  if (const char* socket = std::getenv("NOTIFY_SOCKET")) manager.socket_ = socket;
  const auto interval = number_in("WATCHDOG_USEC");
  const auto meant_for = number_in("WATCHDOG_PID");
  if (interval && (!meant_for || *meant_for == static_cast<std::uint64_t>(::getpid()))) {
    manager.watchdog_ = std::chrono::microseconds(*interval);
  }
  for (const char* variable : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    ::unsetenv(variable);
  }
  return manager;
}

void ServiceManager::send(std::string_view lines) const noexcept {
  sockaddr_un name{};
  if (socket_.empty() || socket_.size() >= sizeof name.sun_path) return;
  if (socket_.front() != '/' && socket_.front() != '@') return;
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return;
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') name.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  // Never waits: a service manager that does not read must not stop the server.
  if (::sendto(fd.get(), lines.data(), lines.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&name), length) < 0) {
    return;
  }
}

void ServiceManager::reloading() const noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
                            static_cast<std::uint64_t>(now.tv_nsec) / 1000;
  char text[64] = "RELOADING=1\nMONOTONIC_USEC=";
  char* const begin = text + std::strlen(text);
  const auto end = std::to_chars(begin, text + sizeof text, microseconds);
  send(std::string_view(text, static_cast<std::size_t>(end.ptr - text)));
}

void ServiceManager::allow_silence(std::chrono::microseconds time) const noexcept {
  if (!watchdog_) return;
  const auto wanted = std::max(time, *watchdog_).count();
  char text[48] = "WATCHDOG_USEC=";
  const auto end = std::to_chars(text + std::strlen(text), text + sizeof text, wanted);
  send(std::string_view(text, static_cast<std::size_t>(end.ptr - text)));
}

}  // namespace postern
