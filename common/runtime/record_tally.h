// RecordTally: what the metrics tell of decisions that takes longer to find out: which shadow rules
// said yes, and which checks had no answer. Counted from finished records on the journal's thread,
// for which nobody waits: whenever there is something of the kind, a decision is recorded. What the
// journal's queue loses is not counted here.
#pragma once

#include "journal/record.h"
#include "runtime/service_report.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace postern {

class Check;

class RecordTally {
 public:
  /// A record with its trail, and the policy that decided. One thread.
  void add(const Record& record, const Policy& policy);
  /// Thread-safe.
  void report(ServiceReport& report) const;

 private:
  struct Missing {
    std::uint64_t errors = 0;
    std::uint64_t timeouts = 0;
  };
  void add_missing(const Record& record, const Policy& policy);

  // Of the policy that was looked at last; held so weakly that its lists may end.
  std::string digest_;
  std::vector<std::weak_ptr<const Check>> checks_;

  mutable std::mutex mutex_;  // guards what follows; nobody in a door takes it
  std::map<std::string, std::uint64_t> shadow_;
  std::map<std::string, Missing> missing_;
};

}  // namespace postern
