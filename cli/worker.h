// The worker process: both front ends, the driver, the journal, and the policy in force.
#pragma once

#include "postern/policy.h"
#include "runtime/descriptors.h"
#include "runtime/files.h"
#include "runtime/last_reference.h"
#include "runtime/service_counts.h"
#include "runtime/worker_channel.h"

#include <memory>
#include <vector>

namespace postern::cli {

struct WorkerSetup {
  std::shared_ptr<const Policy> policy;
  ConfigPlace place;
  int milter = -1;                    ///< listening; -1 for none
  std::vector<int> policy_listeners;  ///< listening, non-blocking; the worker closes them
  int metrics = -1;                   ///< listening, non-blocking; -1 for none
  DescriptorShare descriptors;
  // Made before the fork, so that all workers share them.
  LastReference* last_reference = nullptr;
  const ServiceCounts* counts = nullptr;  ///< of the parent; null: none
};

/// Works until the parent says `stop` or is gone, then leaves the process: libmilter's threads may
/// outlive any function, so nothing they use is ever destroyed.
[[noreturn]] void run_worker(const WorkerSetup& setup, WorkerChannel& channel);

}  // namespace postern::cli
