// Control socket: how `postern status`, `metrics`, `reload`, `reopen` and `stop` speak to the
// running server.
//
// One exchange a connection. The client sends a word and a line end; the server answers a line
// with the exit code the client shall leave with, then text until it closes. The socket has mode
// 0600: whoever may open it may stop the server.
#pragma once

#include "postern/result.h"
#include "rules/settings.h"
#include "system/unique_fd.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

enum class ControlCommand : std::uint8_t { status, metrics, reload, reopen, stop };
std::string_view to_text(ControlCommand command) noexcept;
std::optional<ControlCommand> control_command_from_text(std::string_view text) noexcept;

struct ControlAnswer {
  int exit_code = 0;  ///< of sysexits.h
  std::string text;
};

/// Asks a running server and waits for its answer, at most `limit`. Problems: nobody takes the
/// connection. A server that takes it and says nothing is an answer too, 75 (EX_TEMPFAIL).
Result<ControlAnswer> ask_control(const ListenAddress& address, ControlCommand command,
                                  std::chrono::milliseconds limit);

/// The server's side, driven by its owner's poll loop: never blocks. Not thread-safe.
class ControlServer {
 public:
  struct Request {
    unsigned client = 0;
    ControlCommand command = ControlCommand::status;
  };

  /// `listener`: listening, non-blocking, owned by the caller; -1 for none.
  explicit ControlServer(int listener) : listener_(listener) {}

  /// Adds what it waits for.
  void watch(std::vector<pollfd>& fds) const;
  /// Looks at what poll found, at everything it watches; returns commands that are complete.
  std::vector<Request> handle(const std::vector<pollfd>& fds,
                              std::chrono::steady_clock::time_point now);
  /// Answers a request; does nothing when that client has gone.
  void answer(unsigned client, const ControlAnswer& answer);
  /// Gives the answers written so far a last chance to leave, at most `limit`.
  void flush(std::chrono::milliseconds limit);
  /// Closes everything without a word: in a forked worker, which has no business here.
  void abandon();

 private:
  struct Client {
    UniqueFd fd;
    std::string in;
    std::string out;
    enum class State : std::uint8_t { reading, waiting, writing } state = State::reading;
    std::chrono::steady_clock::time_point since;
  };
  void accept_all(std::chrono::steady_clock::time_point now);
  /// False: the client is done with.
  static bool write_some(Client& client);

  int listener_;
  unsigned next_ = 1;
  std::map<unsigned, Client> clients_;
};

/// The text of a status answer: names with dots for groups, strings or numbers, in order.
class StatusText {
 public:
  struct Item {
    std::string name;
    std::string value;
    enum class Kind : std::uint8_t { text, number } kind = Kind::text;
  };

  void add(std::string name, std::string value) {
    items_.push_back({std::move(name), std::move(value), Item::Kind::text});
  }
  void add(std::string name, std::uint64_t value) {
    items_.push_back({std::move(name), std::to_string(value), Item::Kind::number});
  }
  const std::vector<Item>& items() const noexcept { return items_; }

  /// One item a line; control characters of values become spaces.
  std::string encode() const;
  /// Lines that are no items are left out.
  static StatusText decode(std::string_view text);

 private:
  std::vector<Item> items_;
};

}  // namespace postern
