#include "runtime/maintenance_keeper.h"

#include "checks/check.h"
#include "model/time_text.h"
#include "runtime/maintenance_file.h"

#include <utility>

namespace postern {
namespace {

constexpr std::chrono::seconds look_every{1};

}  // namespace

MaintenanceKeeper::MaintenanceKeeper(std::string path, const Clock& clock, FileReader reader,
                                     Say say, Change change)
    : path_(std::move(path)),
      clock_(clock),
      reader_(std::move(reader)),
      say_(std::move(say)),
      change_(std::move(change)) {}

MaintenanceKeeper::~MaintenanceKeeper() { stop(); }

void MaintenanceKeeper::start() {
  look();
  thread_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, look_every, [this] { return stopping_; })) {
      lock.unlock();
      try {
        look();
      } catch (const std::exception& error) {
        say_(LogLevel::error, std::string("maintenance: ") + error.what());
      }
      lock.lock();
    }
  });
}

void MaintenanceKeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void MaintenanceKeeper::look() {
  const std::lock_guard looking(looking_);
  auto wanted = read();
  {
    const std::lock_guard lock(mutex_);
    if (wanted == in_force_) return;
  }
  enforce(std::move(wanted), nullptr);
}

void MaintenanceKeeper::put(std::shared_ptr<const Policy> policy) {
  const std::lock_guard looking(looking_);
  if (enforce(read(), policy)) return;
  // Without its maintenance: a reload must not fail for that.
  change_([&](const auto&) { return policy; }, TableFiles::read_anew);
  const std::lock_guard lock(mutex_);
  in_force_.reset();
}

/// A file that is bad is as none, but told: mail must not wait for nobody knows how long.
std::optional<Maintenance> MaintenanceKeeper::read() {
  auto found = read_maintenance(path_);
  if (!found) {
    tell_trouble(found.problems().front().message);
    return {};
  }
  if (!*found || (*found)->until <= clock_.system()) {
    tell_trouble({});
    return {};
  }
  return std::move(**found);
}

/// What cannot be put in force is tried again at the next look.
bool MaintenanceKeeper::enforce(std::optional<Maintenance> wanted,
                                const std::shared_ptr<const Policy>& anew) {
  const CheckRegistry checks;
  const auto problems = change_(
      [&](const std::shared_ptr<const Policy>& in_force) {
        return with_maintenance(anew ? anew : in_force, wanted ? &*wanted : nullptr, reader_,
                                checks);
      },
      anew ? TableFiles::read_anew : TableFiles::as_in_force);
  if (!problems.empty()) {
    tell_trouble(problems.front().message);
    return false;
  }
  if (wanted) tell_trouble({});
  std::string message;
  {
    const std::lock_guard lock(mutex_);
    if (wanted == in_force_) return true;
    in_force_ = std::move(wanted);
    message = in_force_ ? "maintenance: mail from the network is put off until " +
                              utc_text(in_force_->until)
                        : std::string("maintenance is over; mail is taken again");
  }
  say_(LogLevel::warning, message);
  return true;
}

/// Once, until it is another.
void MaintenanceKeeper::tell_trouble(std::string trouble) {
  {
    const std::lock_guard lock(mutex_);
    if (trouble == trouble_) return;
    trouble_ = trouble;
  }
  if (!trouble.empty()) say_(LogLevel::error, "maintenance: " + trouble);
}

void MaintenanceKeeper::report(ServiceReport& report) const {
  const std::lock_guard lock(mutex_);
  report.text("maintenance",
              in_force_ ? "until " + utc_text(in_force_->until) : std::string("off"));
  report.text("maintenance_file", path_);
  if (!trouble_.empty()) report.text("maintenance_trouble", trouble_);
  report.sample_if(Metric::maintenance, in_force_.has_value());
}

}  // namespace postern
