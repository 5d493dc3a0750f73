// ListHealth: whether lists in DNS work, by their test points (RFC 5782 5), and whether DNS as a
// whole does. Thread-safe.
//
// A list that has died lists nobody, or everybody. So each is asked for something that it has to
// list and for something that it must not, before its first answer counts and regularly after; what
// it says is kept from decisions while it lies, and counts again by itself. A resolver that says
// there is nothing, whatever it is asked, would make every client one without a name and every
// sender one without a domain. It gives itself away at the root, which always exists.
#pragma once

#include "checks/dns_list.h"
#include "dns/resolver.h"
#include "runtime/control.h"
#include "runtime/log.h"
#include "system/clock.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace postern {

class ListHealth {
 public:
  struct List {
    std::string name;  ///< the check's
    std::string zone;  ///< in normal spelling
    DnsListKind kind = DnsListKind::v4;
  };
  using Say = std::function<void(LogLevel, const std::string&)>;

  /// Resolver and clock live longer. Asks nothing before tick().
  ListHealth(std::vector<List> lists, Resolver& resolver, const Clock& clock, Say say);

  /// Calls `then` with why no answer about `name` may count, or with nothing if one may: at once,
  /// or when the list that the name belongs to has been tested for the first time.
  void admit(const std::string& name, std::function<void(const std::string& cause)> then);
  /// The same of any question: why no answer of the resolver may count.
  void admit_any(std::function<void(const std::string& cause)> then);
  /// Whether both would let an answer about `name` count at once; with an empty name, the latter.
  bool admits(const std::string& name) const;
  /// Asks the test points that are due.
  void tick();
  void report(StatusText& status) const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // answers may come when this is gone
};

}  // namespace postern
