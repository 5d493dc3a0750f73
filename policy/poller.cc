#include "policy/poller.h"

#include <cerrno>
#include <system_error>

namespace postern::policy_door {

namespace {

[[noreturn]] void fail(const char* call) {
  throw std::system_error(errno, std::generic_category(), call);
}

epoll_event event_of(std::uint64_t id, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  return event;
}

}  // namespace

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) fail("epoll_create1");
}

void Poller::add(int descriptor, std::uint64_t id, std::uint32_t events) {
  auto event = event_of(id, events);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll_ctl");
}

void Poller::change(int descriptor, std::uint64_t id, std::uint32_t events) noexcept {
  auto event = event_of(id, events);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event);
}

void Poller::remove(int descriptor) noexcept {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

std::span<const epoll_event> Poller::wait(std::span<epoll_event> room, int milliseconds) {
  const int count =
      ::epoll_wait(epoll_.get(), room.data(), static_cast<int>(room.size()), milliseconds);
  if (count < 0 && errno != EINTR) fail("epoll_wait");
  return room.first(count < 0 ? 0U : static_cast<std::size_t>(count));
}

}  // namespace postern::policy_door
