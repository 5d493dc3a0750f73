// RootWatch: whether what DNS denies may be believed. Thread-safe.
//
// A resolver that says there is nothing, whatever it is asked, would make every client one without
// a name and every sender one without a domain. It gives itself away at the root, which always
// exists. It may begin to do so at any time, so that a test now and then is not enough: a denial
// counts only when the root was seen after it had come.
#pragma once

#include "dns/resolver.h"
#include "runtime/log.h"
#include "runtime/service_report.h"
#include "system/clock.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace postern {

class RootWatch {
 public:
  using Say = std::function<void(LogLevel, const std::string&)>;
  using Then = std::function<void(const std::string& cause)>;

  /// Resolver and clock live longer. Asks nothing before tick() or confirm().
  RootWatch(Resolver& resolver, const Clock& clock, Say say);

  /// Calls `then` with why no answer of the resolver may count, or with nothing if one may: at
  /// once, or when the root has been asked for for the first time.
  void admit(Then then);
  /// The same of an answer that came at `came` and says that there is nothing: at once if the root
  /// was seen since, else when it has been asked for again, once for everybody who waits.
  void confirm(std::chrono::steady_clock::time_point came, Then then);
  /// Whether confirm() would let an answer that came at `came` count at once.
  bool vouches_for(std::chrono::steady_clock::time_point came) const;
  /// Asks for the root when it is due.
  void tick();
  void report(ServiceReport& report) const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // answers may come when this is gone
};

}  // namespace postern
