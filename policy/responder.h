// Responder: answers one policy request after the other: recalls, decides, renders, records. Knows
// nothing of sockets. Thread-safe.
#pragma once

#include "policy/codec.h"
#include "policy/memory.h"
#include "runtime/services.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace postern::policy_door {

class Responder {
 public:
  explicit Responder(const Services& services, MemoryLimits limits = {});

  /// The octets to send. nullopt: we cannot decide; close without an answer, so that the MTA puts
  /// the client off (semantics 14). What there is to log has been logged.
  using Done = std::function<void(std::optional<std::string> octets)>;

  /// Calls `done` exactly once: before it returns when nothing has to be asked, else from another
  /// thread, even after the Responder is gone. Never throws.
  void respond(const Request& request, Done done) noexcept;

 private:
  struct Core;
  struct Pending;
  std::shared_ptr<Core> core_;
};

}  // namespace postern::policy_door
