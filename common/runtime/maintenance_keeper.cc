#include "runtime/maintenance_keeper.h"

#include "checks/check.h"
#include "runtime/maintenance_file.h"

#include <utility>

namespace postern {
namespace {

constexpr std::chrono::seconds look_every{1};

}  // namespace

MaintenanceKeeper::MaintenanceKeeper(std::string path, const Clock& clock, FileReader reader,
                                     Say say, Current current, Replace replace)
    : path_(std::move(path)),
      clock_(clock),
      reader_(std::move(reader)),
      say_(std::move(say)),
      current_(std::move(current)),
      replace_(std::move(replace)) {}

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
  const std::lock_guard lock(mutex_);
  const auto before = wanted_;
  read();
  if (wanted_ == before) return;
  replace_(applied(current_()));
  say_(LogLevel::warning,
       wanted_ ? "maintenance: mail from the network is put off until " + utc_text(wanted_->until)
               : std::string("maintenance is over; mail is taken again"));
}

void MaintenanceKeeper::put(std::shared_ptr<const Policy> policy) {
  const std::lock_guard lock(mutex_);
  read();
  replace_(applied(std::move(policy)));
}

/// A file that is bad is as none, but told: mail must not wait for nobody knows how long.
void MaintenanceKeeper::read() {
  auto found = read_maintenance(path_);
  std::string trouble;
  wanted_.reset();
  if (!found) {
    trouble = found.problems().front().message;
  } else if (*found && (*found)->until > clock_.system()) {
    wanted_ = std::move(**found);
  }
  if (trouble != trouble_ && !trouble.empty()) say_(LogLevel::error, "maintenance: " + trouble);
  trouble_ = std::move(trouble);
}

std::shared_ptr<const Policy> MaintenanceKeeper::applied(std::shared_ptr<const Policy> policy) {
  const CheckRegistry checks;
  auto changed = with_maintenance(policy, wanted_ ? &*wanted_ : nullptr, reader_, checks);
  if (changed) return std::move(*changed);
  trouble_ = changed.problems().front().message;
  say_(LogLevel::error, "maintenance: " + trouble_);
  return policy;
}

void MaintenanceKeeper::report(StatusText& status) const {
  const std::lock_guard lock(mutex_);
  status.add("maintenance", wanted_ ? "until " + utc_text(wanted_->until) : std::string("off"));
  status.add("maintenance_file", path_);
  if (!trouble_.empty()) status.add("maintenance_trouble", trouble_);
}

}  // namespace postern
