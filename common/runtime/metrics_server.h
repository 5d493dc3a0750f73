// MetricsServer: answers GET /metrics on a listening socket that somebody else has opened. Its one
// thread does nothing else, so that nobody in a door ever waits for whoever asks. HTTP is the
// library's, libmicrohttpd, which is known to this file alone; a build without it has no metrics.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace postern {

struct MetricsLimits {
  /// A Prometheus or two, a person with curl; more wait in the backlog.
  unsigned connections = 8;
  /// Octets of memory for a connection, its request line and headers. Prometheus sends some 300.
  std::size_t memory = 16'384;
  /// From the first octet to the last, however busily it is used: whoever is slower is cut off, so
  /// that nobody keeps the others out for longer.
  std::chrono::milliseconds time{10'000};
};

class MetricsServer {
 public:
  /// `listener`: listening, non-blocking; stays the caller's. `text` makes what is answered, in the
  /// server's thread; when it throws, the answer is 503. Throws std::runtime_error when the
  /// library, or the thread, cannot be started.
  MetricsServer(int listener, std::function<std::string()> text, MetricsLimits limits = {});
  /// Ends the thread; requests under way are cut off.
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern
