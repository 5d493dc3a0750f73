#include "policy/acceptor.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <sys/socket.h>
#include <utility>

namespace postern::policy_door {

namespace {

/// Connections taken in one go, so that a flood of them does not starve those that are open, and
/// the other loops get their share.
constexpr int accepts_a_round = 16;

UniqueFd spare_descriptor() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

UniqueFd accept_from(int listener) {
  return UniqueFd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

}  // namespace

Acceptor::Acceptor(Poller& poller, const std::vector<int>& listeners, std::uint64_t first_id,
                   Hooks hooks)
    : poller_(poller),
      listeners_(listeners),
      first_id_(first_id),
      hooks_(std::move(hooks)),
      watched_(listeners.size(), false),
      spare_(spare_descriptor()) {}

void Acceptor::start() {
  for (std::size_t i = 0; i < watched_.size(); ++i) {
    if (watched_[i]) continue;
    try {
      // Exclusive: a new client wakes one loop, not all of them.
      poller_.add(listeners_[i], first_id_ + i, EPOLLIN | EPOLLEXCLUSIVE);
      watched_[i] = true;
    } catch (const std::exception& error) {
      hooks_.complain(
          std::string("a policy listener cannot be watched, no client is accepted there: ") +
          error.what());
    }
  }
}

void Acceptor::rest(std::size_t index) noexcept {
  if (!watched_[index]) return;
  watched_[index] = false;
  poller_.remove(listeners_[index]);
}

void Acceptor::stop() noexcept {
  for (std::size_t i = 0; i < watched_.size(); ++i) rest(i);
}

bool Acceptor::all_watched() const noexcept {
  return std::find(watched_.begin(), watched_.end(), false) == watched_.end();
}

void Acceptor::accept_some(std::uint64_t id) {
  const auto index = static_cast<std::size_t>(id - first_id_);
  const int listener = listeners_[index];
  for (int i = 0; i < accepts_a_round && watched_[index]; ++i) {
    auto socket = accept_from(listener);
    if (socket) {
      hooks_.admit(std::move(socket));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno == EMFILE || errno == ENFILE) {
      // Linux says EMFILE before it looks whether anybody waits at all.
      if (!refuse_with_spare(listener)) return;
    } else if (errno == ENOBUFS || errno == ENOMEM) {
      stop();
    } else if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK) {
      hooks_.complain(std::string("a policy listener failed: ") + std::strerror(errno));
      rest(index);
    }
    // Anything else is one client's own failed attempt; the next one may be well.
  }
}

/// A client that is left in the backlog would keep the listener ready and the loop spinning. False
/// when nobody waits, or nobody can be refused.
bool Acceptor::refuse_with_spare(int listener) {
  if (!spare_) {
    stop();
    return false;
  }
  spare_.reset();
  const bool somebody = static_cast<bool>(accept_from(listener));
  spare_ = spare_descriptor();
  if (somebody) hooks_.refused_for_want_of_descriptors();
  return somebody;
}

}  // namespace postern::policy_door
