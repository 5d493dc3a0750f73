#include "milter/filter.h"

#include "milter/callbacks.h"
#include "runtime/log.h"

#include <string_view>
#include <utility>

namespace postern::milter_door {
namespace {

/// A session keeps the policy in force when it began, through every reload.
std::unique_ptr<Session> make_session(const Services& services) {
  auto policy = services.policy.get();
  const auto& settings = policy->settings();

  SessionSetup setup;
  setup.plan = Plan::of(*policy);
  setup.identity = {settings.identity.host, settings.identity.contact, settings.identity.help};
  setup.decide = [services, policy, deadline = settings.limits.deadline](
                     const Transaction& transaction, Facts facts,
                     std::function<void(Outcome)> closed) {
    return services.driver.decide_and_wait(policy, transaction, std::move(facts), deadline,
                                           std::move(closed));
  };
  setup.is_recorded = [policy](const Decision& decision) { return is_needed(*policy, decision); };
  setup.submit = [services, policy](Record record) {
    record.policy = policy;
    services.journal.submit(std::move(record));
  };
  setup.next_reference = [services] { return services.references.next(); };
  setup.now = [services] { return services.clock.system(); };
  setup.complain = [](std::string_view message) { log(LogLevel::error, message); };
  setup.counters = &services.milter_counters;
  return std::make_unique<Session>(std::move(setup));
}

}  // namespace

bool prepare(const std::string& connection, Services services) {
  return register_filter(
      connection, [services] { return make_session(services); },
      [](std::string_view message) { log(LogLevel::error, message); });
}

int run() { return run_filter(); }

bool stop(std::chrono::milliseconds limit) { return stop_filter(limit); }

std::string library_version() { return library_version_text(); }

}  // namespace postern::milter_door
