// Services: what both front ends need from the program. Everything in it is thread-safe and lives
// longer than the front ends.
#pragma once

#include "journal/journal.h"
#include "postern/policy.h"
#include "runtime/asking_ahead.h"
#include "runtime/clock.h"
#include "runtime/decision_tally.h"
#include "runtime/driver.h"
#include "runtime/last_reference.h"
#include "runtime/service_report.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>

namespace postern {

/// The policy in force. A reload swaps it; who holds the old one keeps it alive.
class PolicyHolder {
 public:
  explicit PolicyHolder(std::shared_ptr<const Policy> policy) : policy_(std::move(policy)) {}
  std::shared_ptr<const Policy> get() const {
    const std::lock_guard lock(mutex_);
    return policy_;
  }
  void set(std::shared_ptr<const Policy> policy) {
    const std::lock_guard lock(mutex_);
    policy_ = std::move(policy);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Policy> policy_;
};

/// Hands out references, unique on this host: up to 256 a millisecond, then the next millisecond's.
/// Time in them never goes back, not even from one worker to the next when both share `last`; so
/// they also sort by it.
class ReferenceSource {
 public:
  /// host: 6 bits, to tell mail servers of one site apart. `last` may be null; else it is begun
  /// after, kept up to date, and lives longer. `seed`: of the numbers at which milliseconds begin
  /// (0 to 127), or two servers with the same six bits would give most references twice; 0: each
  /// begins at 0.
  ReferenceSource(const Clock& clock, unsigned host, LastReference* last = nullptr,
                  std::uint32_t seed = 0);
  Reference next();

 private:
  unsigned first_of_a_millisecond();

  const Clock& clock_;
  unsigned host_;
  LastReference* shared_;
  std::mutex mutex_;
  LastReference::Time last_{};
  unsigned sequence_ = 0;
  const bool scattered_;
  std::minstd_rand begins_;
};

/// Counts for `postern status` and metrics.
struct DoorCounters {
  std::atomic<std::uint64_t> sessions{0};  ///< ever opened
  std::atomic<std::uint64_t> open{0};      ///< now
  std::atomic<std::uint64_t> requests{0};  ///< decisions asked
  std::atomic<std::uint64_t> refusals{0};  ///< 4xx and 5xx decided and sent
  /// Policy door: answers given again, because another restriction list asked the same or Postfix
  /// asked a second time. Not counted among the refusals once more.
  std::atomic<std::uint64_t> repeats{0};
  /// Answers that a rule would have delayed, had not as many been delayed already as may be.
  std::atomic<std::uint64_t> undelayed{0};
  std::atomic<std::uint64_t> failures{0};  ///< closed without an answer, or answered internal-error
  DecisionTally tally;
};

/// How a door is called by `postern status`, and in metrics.
struct DoorNames {
  std::string status;
  std::string listener;
};
void report_door(ServiceReport& report, const DoorNames& names, const DoorCounters& counters);

struct Services {
  PolicyHolder& policy;
  ReferenceSource& references;
  Driver& driver;
  AskingAhead& ahead;
  RecordSink& journal;
  const Clock& clock;
  DoorCounters& milter_counters;
  DoorCounters& policy_counters;
};

}  // namespace postern
