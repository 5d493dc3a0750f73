#include "milter/filter.h"

#include "milter/callbacks.h"
#include "runtime/log.h"

#include <atomic>
#include <string_view>
#include <utility>

namespace postern::milter_door {
namespace {

/// Without the memory to find out, it is the journal's to say.
Kept kept_of(const Policy& policy, Record& record) noexcept {
  if (record.kind != RecordKind::decision) return record.of_decision;
  try {
    return what_is_kept(policy, record.transaction, record.facts, record.decision);
  } catch (...) {
    return Kept::record;
  }
}

/// Each delayed answer keeps one of libmilter's threads, of which it makes as many as are wanted.
bool pause(std::chrono::milliseconds duration, unsigned most) {
  static std::atomic<unsigned> pausing{0};
  const bool good = ++pausing <= most;
  if (good) pause_callback(duration);
  --pausing;
  return good;
}

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
  if (AskingAhead::is_wanted(*policy)) {
    setup.ask_ahead = [services, policy](const Transaction& transaction) {
      services.ahead.begin(policy, transaction);
    };
  }
  setup.submit = [services, policy](Record record) {
    const auto kept = kept_of(*policy, record);
    if (kept == Kept::nothing) return kept;
    record.policy = policy;
    services.journal.submit(std::move(record));
    return kept;
  };
  setup.pause = [most = settings.limits.delayed_answers](std::chrono::milliseconds duration) {
    return pause(duration, most);
  };
  setup.next_reference = [services] { return services.references.next(); };
  setup.now = [services] { return services.clock.system(); };
  setup.utc_offset = [services](auto time) { return services.clock.utc_offset(time); };
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
