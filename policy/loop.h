// Loop: one thread's epoll over listeners and connections. Reads requests, hands them to the
// Responder, writes answers in order, and never waits for a decision.
//
// Every connection has at most one request under way and at most one answer unsent, and is not read
// while it has either, so that a client can make us hold one request and one read's worth of
// octets, no more. Connections are named by numbers that are never used again: an answer that comes
// when its connection is gone finds nobody.
#pragma once

#include "policy/responder.h"
#include "runtime/log_limit.h"
#include "runtime/services.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace postern::policy_door {

/// What the loops of one server share; outlives them.
struct LoopContext {
  LoopContext(const Services& services_in, std::vector<int> listeners_in,
              unsigned most_connections_in)
      : services(services_in),
        responder(services_in),
        listeners(std::move(listeners_in)),
        most_connections(most_connections_in) {}

  Services services;
  Responder responder;
  std::vector<int> listeners;
  const unsigned most_connections;  ///< whatever the policy allows
  std::atomic<unsigned> connections{0};
  // What clients can cause at will.
  LogLimit too_many{std::chrono::minutes(1)};
  LogLimit too_long{std::chrono::minutes(1)};
  LogLimit no_descriptors{std::chrono::minutes(1)};
  LogLimit trouble;  ///< with single events and connections
};

class Loop {
 public:
  /// Throws std::system_error when the system gives no epoll or event descriptor.
  explicit Loop(LoopContext& context);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Why run() has returned: it was told to, or it could not go on (which is logged).
  enum class End : std::uint8_t { told, failed };
  /// The body of the loop's thread; returns after drain() when the last connection is gone, or
  /// soon after abandon().
  End run() noexcept;

  /// From any thread: accept no more, answer what has been asked, close what is idle.
  void drain() noexcept;
  /// From any thread: how often it has gone round. nudge() makes it go round though nothing comes.
  std::uint64_t rounds() const noexcept;
  void nudge() noexcept;
  /// From any thread: close everything now.
  void abandon() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::policy_door
