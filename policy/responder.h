// Responder: answers one policy request after the other: recalls, decides, renders, records. Knows
// nothing of sockets. Thread-safe.
#pragma once

#include "policy/answer.h"
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
  using Answer = PolicyAnswer;
  using Done = std::function<void(Answer answer)>;

  /// The answer, if nothing has to be asked for it. Else nullopt: `later` has been called once,
  /// here and now, for the function that takes the answer; that one is called exactly once, from
  /// any thread, maybe before this returns, maybe after the Responder is gone. Never throws.
  std::optional<Answer> respond(const Request& request,
                                const std::function<Done()>& later) noexcept;

  /// Forgets what is too old; see Memory::tidy().
  Memory::Left tidy();

 private:
  struct Asked;
  struct Core;
  struct Pending;
  std::shared_ptr<Core> core_;
};

}  // namespace postern::policy_door
