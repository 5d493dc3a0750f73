// PolicyServer: the Postfix policy-delegation front end. Epoll loops over many persistent
// connections; never blocks on a decision. (Compiled rules are class Policy, not this folder.)
#pragma once

#include "runtime/services.h"

#include <chrono>
#include <memory>
#include <vector>

namespace postern::policy_door {

class PolicyServer {
 public:
  /// Takes ownership of bound, listening, non-blocking sockets.
  PolicyServer(std::vector<int> listeners, Services services, unsigned loops = 1);
  ~PolicyServer();

  void start();
  /// Stops accepting, lets running requests finish until `limit`, closes everything.
  void stop(std::chrono::milliseconds limit);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::policy_door
