// ListHealth: whether lists in DNS work, by their test points (RFC 5782 5). Thread-safe.
//
// A list that has died lists nobody, or everybody. So each is asked for something that it has to
// list and for something that it must not, before its first answer counts, regularly after, and
// when it lists nearly everybody; what it says is kept from decisions while it lies, and counts
// again by itself. The tests go to the servers, whatever is in the cache.
#pragma once

#include "checks/dns_list.h"
#include "dns/resolver.h"
#include "runtime/log.h"
#include "runtime/service_report.h"
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
    bool has_test_points = true;  ///< else its answers count untested
    bool is_former = false;       ///< of a policy that is not in force any more: not shown

    friend bool operator==(const List&, const List&) = default;
  };
  using Say = std::function<void(LogLevel, const std::string&)>;
  using Then = std::function<void(const std::string& cause)>;

  /// Resolver and clock live longer. Asks nothing before tick() or weigh().
  ListHealth(Resolver& resolver, const Clock& clock, Say say);

  /// From now on these lists; what is known of those that are there already stays known.
  void set(const std::vector<List>& lists);

  /// Calls `then` with why no answer about `name` may count, or with nothing if one may: at once,
  /// or when the list that the name belongs to has been tested for the first time.
  void admit(const std::string& name, Then then);
  /// The same of an answer that has just come from the list, which says whether it lists. A list
  /// that lists nearly everybody is tested again before that counts.
  void weigh(const std::string& name, bool lists, Then then);
  /// Whether admit() would let an answer about `name` count at once.
  bool admits(const std::string& name) const;
  /// Asks the test points that are due.
  void tick();
  void report(ServiceReport& report) const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // answers may come when this is gone
};

}  // namespace postern
