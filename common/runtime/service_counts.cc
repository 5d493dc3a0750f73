#include "runtime/service_counts.h"

#include <string>

namespace postern {

std::string_view to_text(ServiceCounts::Reload result) noexcept {
  switch (result) {
    case ServiceCounts::Reload::none:
      return "none yet";
    case ServiceCounts::Reload::ok:
      return "ok";
    case ServiceCounts::Reload::refused:
      return "refused";
    case ServiceCounts::Reload::failed:
      return "failed";
  }
  return "";
}

ServiceCounts::ServiceCounts(Time start) : shared_("memory for counts") {
  shared_->started = shared_->succeeded = std::chrono::system_clock::to_time_t(start);
}

void ServiceCounts::reloaded(Reload result, Time now) noexcept {
  const auto index = static_cast<std::size_t>(result);
  shared_->reloads[index].fetch_add(1, std::memory_order_relaxed);
  if (result == Reload::ok) shared_->succeeded = std::chrono::system_clock::to_time_t(now);
  shared_->last = index;
}

ServiceCounts::Reload ServiceCounts::last_reload() const noexcept {
  return static_cast<Reload>(shared_->last.load());
}

void ServiceCounts::report(ServiceReport& report) const {
  const auto last = last_reload();
  report.text("last_reload", std::string(to_text(last)));
  report.number("worker.restarts", shared_->restarts, Metric::worker_restarts);
  report.sample(Metric::start_time, static_cast<double>(shared_->started));
  report.sample_if(Metric::config_reload_successful, last == Reload::none || last == Reload::ok);
  report.sample(Metric::config_reload_time, static_cast<double>(shared_->succeeded));
  for (const auto result : {Reload::ok, Reload::refused, Reload::failed}) {
    report.sample(Metric::config_reloads,
                  static_cast<double>(shared_->reloads[static_cast<std::size_t>(result)]),
                  {std::string(to_text(result))});
  }
}

}  // namespace postern
