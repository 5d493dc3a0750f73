// Connection: a client's socket with what has been read and not answered, answered and not sent.
// Belongs to one loop; not thread-safe.
#pragma once

#include "policy/codec.h"
#include "system/unique_fd.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace postern::policy_door {

class Connection {
 public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Fate : std::uint8_t { lives, ends };

  /// A connected, non-blocking socket.
  Connection(UniqueFd socket, std::uint64_t id, Time now);

  int socket() const noexcept { return socket_.get(); }
  std::uint64_t id() const noexcept { return id_; }

  /// Reads once, if it is willing to. `ends` when the connection is broken.
  Fate read(Time now);
  /// Sends what it can of the answer. `ends` when the connection is broken.
  Fate send(Time now);

  /// The next request to decide; nullptr while an answer is due or unsent, or nothing has come.
  /// The connection is `deciding` afterwards.
  const Request* next_request();
  /// The answer to it.
  void answer(std::string octets);

  bool deciding() const noexcept { return deciding_; }
  bool unsent() const noexcept { return sent_ < output_.size(); }
  bool wants_input() const noexcept { return !deciding_ && !unsent() && !ended_; }
  /// The client will send no more.
  bool ended() const noexcept { return ended_; }
  Decoder::State input_state() const noexcept { return decoder_.state(); }

  /// Has waited too long for a client that is idle, or in the middle of a request, or does not
  /// read its answer.
  bool overdue(Time now, std::chrono::milliseconds idle) const noexcept;

  /// What epoll watches it for at present; the loop's to keep.
  std::uint32_t watched = 0;

 private:
  const UniqueFd socket_;
  const std::uint64_t id_;
  Decoder decoder_;
  std::string output_;
  std::size_t sent_ = 0;
  bool deciding_ = false;
  bool ended_ = false;
  Time active_;   // last octet in or out
  Time waiting_;  // since when the present request or answer is incomplete
};

}  // namespace postern::policy_door
