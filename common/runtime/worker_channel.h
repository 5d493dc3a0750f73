// WorkerChannel: the socket pair between the parent and its worker, and the words on it.
// Each end belongs to one thread, except that any may send.
#pragma once

#include "system/unique_fd.h"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace postern {

enum class WorkerWord : std::uint8_t {
  // Parent to worker; each is answered once, in order, except for a ping while a door stands still.
  reload,
  reopen,  ///< the journal
  status,
  metrics,
  ping,
  stop,  ///< answered by leaving
  // Worker to parent.
  ready,     ///< with a sentence for the service manager
  reloaded,  ///< with such a sentence
  refused,   ///< with the problems
  reopened,  ///< with the journal's trouble; empty when well
  report,    ///< to status, with StatusText; to metrics, with their text
  pong,
  tables,  ///< not asked for: a table was exchanged; with a sentence as of `reloaded`
};

struct WorkerMessage {
  WorkerWord word = WorkerWord::ping;
  std::string text;
};

class WorkerChannel {
 public:
  explicit WorkerChannel(UniqueFd fd) : fd_(std::move(fd)) {}
  int fd() const noexcept { return fd_.get(); }

  /// Octets of a text; what is longer is cut. More problems than that help nobody, and metrics of
  /// two thousand rules take a quarter of it.
  static constexpr std::size_t longest_text = std::size_t{2} * 1024 * 1024;
  /// Blocks until all is written; false when the other end is gone.
  bool send(WorkerWord word, std::string_view text = {}) noexcept;
  /// Blocks for the next message; nullopt when the other end is gone.
  std::optional<WorkerMessage> receive();
  /// Takes what has come without waiting. `gone` is set when the other end has closed.
  enum class End : std::uint8_t { open, gone };
  std::vector<WorkerMessage> take(End& end);

 private:
  std::optional<WorkerMessage> parse();

  UniqueFd fd_;
  std::mutex sending_;
  std::string in_;
};

}  // namespace postern
