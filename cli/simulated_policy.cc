#include "cli/simulated_policy.h"

#include "checks/check.h"
#include "cli/load.h"
#include "runtime/maintenance_file.h"

#include <utility>

namespace postern::cli {

SimulatedPolicy with_written_maintenance(std::shared_ptr<const Policy> policy,
                                         const ConfigPlace& place,
                                         std::chrono::system_clock::time_point time) {
  SimulatedPolicy simulated;
  simulated.policy = std::move(policy);
  const auto settings = settings_on_disk(simulated.policy->settings(), place.root);
  const auto path = maintenance_path(settings.journal, place.root);
  auto found = read_maintenance(path);
  if (!found) {
    simulated.trouble = found.problems().front().message;
    return simulated;
  }
  if (!*found || (*found)->until <= time) return simulated;
  const CheckRegistry checks;
  auto changed = with_maintenance(simulated.policy, &**found, disk_reader(place), checks);
  if (!changed) {
    simulated.trouble = path + ": " + changed.problems().front().message;
    return simulated;
  }
  simulated.policy = std::move(*changed);
  simulated.maintenance = std::move(**found);
  return simulated;
}

}  // namespace postern::cli
