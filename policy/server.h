// PolicyServer: the Postfix policy-delegation front end. Epoll loops over many persistent
// connections; never blocks on a decision. (Compiled rules are class Policy, not this folder.)
#pragma once

#include "runtime/services.h"

#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

namespace postern::policy_door {

/// What the process around a server knows better than its policy.
struct ServerCare {
  /// Open connections, whatever limits.policy_connections allows: descriptors are the process's,
  /// and the other door needs some too.
  unsigned most_connections = std::numeric_limits<unsigned>::max();
  /// Called on its thread when a loop ends against its will: part of the door is deaf from then on.
  std::function<void()> failed;
};

class PolicyServer {
 public:
  /// Takes ownership of bound, listening, non-blocking sockets, which it closes in stop(). `loops`:
  /// threads, at least one.
  PolicyServer(std::vector<int> listeners, Services services, unsigned loops = 1,
               ServerCare care = {});
  /// stop() without waiting, unless that has been done.
  ~PolicyServer();
  PolicyServer(const PolicyServer&) = delete;
  PolicyServer& operator=(const PolicyServer&) = delete;

  /// Once. Throws std::system_error when the system gives no thread or epoll.
  void start();
  /// Whether every loop has gone round since the last call (the first call: true). They are made to
  /// go round again, so that idle ones count as well; leave them seconds between two calls. Not
  /// while stop() runs.
  bool goes_round() noexcept;
  /// Stops accepting, answers what has been asked, closes idle connections at once and everything
  /// at `limit`. Returns when the threads have ended. Not from a callback; a second call does
  /// nothing. Does not wait for records of shadow rules: those are the Driver's.
  void stop(std::chrono::milliseconds limit);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::policy_door
