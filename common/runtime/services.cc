#include "runtime/services.h"

#include <chrono>

namespace postern {

namespace {

constexpr unsigned references_per_millisecond = 256;  // 8 bits of sequence in a reference

}  // namespace

ReferenceSource::ReferenceSource(const Clock& clock, unsigned host, LastReference* last,
                                 std::uint32_t seed)
    : clock_(clock), host_(host), shared_(last), scattered_(seed != 0), begins_(seed) {
  // The worker before may have used any of the last millisecond's sequence.
  if (last != nullptr) last_ = last->get() + std::chrono::milliseconds(1);
}

/// The other half of the numbers is left for a burst.
unsigned ReferenceSource::first_of_a_millisecond() {
  return scattered_ ? static_cast<unsigned>(begins_() >> 8U) % (references_per_millisecond / 2) : 0;
}

Reference ReferenceSource::next() {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(clock_.system());
  const std::lock_guard lock(mutex_);
  // A clock set back must not bring old references again, so time here never goes back; a burst
  // borrows from the milliseconds to come.
  if (now > last_) {
    last_ = now;
    sequence_ = first_of_a_millisecond();
  } else if (++sequence_ == references_per_millisecond) {
    last_ += std::chrono::milliseconds(1);
    sequence_ = 0;
  }
  // Before anybody can see it: a crash right after it must not lose what it was.
  if (shared_ != nullptr) shared_->set(last_);
  return Reference::make(last_, host_, sequence_);
}

void report_door(ServiceReport& report, const DoorNames& names, const DoorCounters& counters) {
  const auto add = [&](const char* name, const std::atomic<std::uint64_t>& value, Metric metric) {
    report.number(names.status + '.' + name, value.load(), metric, {names.listener});
  };
  add("sessions", counters.sessions, Metric::connections_opened);
  add("open", counters.open, Metric::connections);
  add("requests", counters.requests, Metric::requests);
  add("refusals", counters.refusals, Metric::refusals);
  add("undelayed", counters.undelayed, Metric::undelayed);
  add("failures", counters.failures, Metric::failures);
  counters.tally.report(report, names.listener);
}

}  // namespace postern
