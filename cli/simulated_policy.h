// SimulatedPolicy: the policy that a server would decide by at some time, with the maintenance that
// is written down for it.
#pragma once

#include "postern/policy.h"
#include "rules/maintenance.h"
#include "runtime/files.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace postern::cli {

struct SimulatedPolicy {
  std::shared_ptr<const Policy> policy;
  std::optional<Maintenance>
      maintenance;      ///< what is in force; its file is where it was looked for
  std::string trouble;  ///< why a file that is there counts for none
};

/// `policy` with the maintenance of the file beside its journal, if it is not over at `time`. A
/// file that cannot be read or put in force counts for none, as it does for the server.
SimulatedPolicy with_written_maintenance(std::shared_ptr<const Policy> policy,
                                         const ConfigPlace& place,
                                         std::chrono::system_clock::time_point time);

}  // namespace postern::cli
