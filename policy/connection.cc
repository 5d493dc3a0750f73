#include "policy/connection.h"

#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace postern::policy_door {

namespace {

/// Octets of one read: some twenty ordinary requests, so one is nearly always enough.
constexpr std::size_t read_size = 16'384;

/// For the rest of a request and for taking an answer. Postfix gives up after as long
/// (smtpd_policy_service_timeout), so nobody honest is still there.
constexpr std::chrono::seconds longest_wait{100};

bool try_later(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

Connection::Connection(UniqueFd socket, std::uint64_t id, Time now)
    : socket_(std::move(socket)), id_(id), active_(now), waiting_(now) {}

Connection::Fate Connection::read(Time now) {
  if (!wants_input()) return Fate::lives;
  std::array<char, read_size> octets;
  const auto count = ::recv(socket(), octets.data(), octets.size(), MSG_DONTWAIT);
  if (count < 0) return try_later(errno) ? Fate::lives : Fate::ends;
  if (count == 0) {
    ended_ = true;
    return Fate::lives;
  }
  // A client that sends one octet at a time must not look active: the wait counts from the first
  // octet of a request.
  if (!decoder_.partial()) waiting_ = now;
  active_ = now;
  decoder_.feed(std::string_view(octets.data(), static_cast<std::size_t>(count)));
  return Fate::lives;
}

Connection::Fate Connection::send(Time now) {
  while (unsent()) {
    const auto count = ::send(socket(), output_.data() + sent_, output_.size() - sent_,
                              MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) {
      if (errno == EINTR) continue;
      return try_later(errno) ? Fate::lives : Fate::ends;
    }
    sent_ += static_cast<std::size_t>(count);
    active_ = waiting_ = now;
  }
  return Fate::lives;
}

const Request* Connection::next_request() {
  if (deciding_ || unsent()) return nullptr;
  const auto* request = decoder_.next();
  deciding_ = request != nullptr;
  return request;
}

void Connection::answer(std::string octets) {
  deciding_ = false;
  output_ = std::move(octets);
  sent_ = 0;
}

bool Connection::overdue(Time now, std::chrono::milliseconds idle) const noexcept {
  // A decision has its own deadline (`limits.deadline`, at most 25 s): an answer so far behind it
  // got lost.
  if (deciding_) return now - active_ >= longest_wait;
  if (unsent() || decoder_.partial()) return now - waiting_ >= longest_wait;
  return now - active_ >= idle;
}

}  // namespace postern::policy_door
