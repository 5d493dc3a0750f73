// Poller: an epoll set whose members are known by numbers. One thread.
#pragma once

#include "system/unique_fd.h"

#include <cstdint>
#include <span>
#include <sys/epoll.h>

namespace postern::policy_door {

class Poller {
 public:
  /// Throws std::system_error when the system gives none.
  Poller();

  /// Throws std::system_error when the system's limit of watches is reached.
  void add(int descriptor, std::uint64_t id, std::uint32_t events);
  void change(int descriptor, std::uint64_t id, std::uint32_t events) noexcept;
  void remove(int descriptor) noexcept;

  /// What is ready, after at most `milliseconds` (-1: however long it takes). Nothing also when a
  /// signal came. Throws std::system_error on anything else, which would come back for ever.
  std::span<const epoll_event> wait(std::span<epoll_event> room, int milliseconds);

 private:
  UniqueFd epoll_;
};

}  // namespace postern::policy_door
