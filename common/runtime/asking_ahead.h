// AskingAhead: asks DNS what later stages of a session will want to know, as soon as it can be
// asked, so that the answers are in the cache by then. Nobody waits for it, and no decision rests
// on it.
#pragma once

#include "postern/policy.h"
#include "postern/transaction.h"
#include "runtime/clock.h"
#include "runtime/driver.h"

#include <memory>

namespace postern {

/// Thread-safe.
class AskingAhead {
 public:
  /// Source and clock live longer.
  AskingAhead(FactSource& source, const Clock& clock);
  /// Ends what is under way, as ~Driver().
  ~AskingAhead();
  AskingAhead(const AskingAhead&) = delete;
  AskingAhead& operator=(const AskingAhead&) = delete;

  /// Whether rules of this policy ask DNS, and it wants that done ahead (`dns.prefetch`).
  static bool is_wanted(const Policy& policy) noexcept;
  /// Asks what questions_to_come() tells, and with each answer what follows from it, until there is
  /// nothing more or limits.deadline is over. Where everything is in the cache it takes as long as
  /// a decision; else it leaves at once. Without memory it does nothing.
  void begin(const std::shared_ptr<const Policy>& policy, const Transaction& transaction) noexcept;

  /// As Driver::tick().
  void tick() { driver_.tick(); }

 private:
  Driver driver_;
};

}  // namespace postern
