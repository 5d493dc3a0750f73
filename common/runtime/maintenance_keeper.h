// MaintenanceKeeper: puts a maintenance in force while its file says so, and ends it in time. Looks
// at the file every second, so that nobody has to tell it and a restart changes nothing.
#pragma once

#include "postern/policy.h"
#include "rules/maintenance.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/service_report.h"
#include "runtime/table_keeper.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace postern {

class MaintenanceKeeper {
 public:
  using Say = std::function<void(LogLevel, const std::string&)>;
  /// TableKeeper::change, or what stands for it.
  using Change = std::function<Problems(const PolicyChange& make, TableFiles files)>;

  MaintenanceKeeper(std::string path, const Clock& clock, FileReader reader, Say say,
                    Change change);
  ~MaintenanceKeeper();
  MaintenanceKeeper(const MaintenanceKeeper&) = delete;
  MaintenanceKeeper& operator=(const MaintenanceKeeper&) = delete;

  /// Looks at once, in the caller's thread, then every second in its own.
  void start();
  void stop();
  /// Makes the policy in force what file and clock say. Any thread.
  void look();
  /// A policy that was read anew: in force with the maintenance there is.
  void put(std::shared_ptr<const Policy> policy);
  /// "maintenance": "off", or until when; "maintenance_trouble": why its file does not count.
  void report(ServiceReport& report) const;

 private:
  /// What the file wants now; nullopt: nothing.
  std::optional<Maintenance> read();
  /// False: it cannot be, which is told.
  /// `anew`: a policy that was read anew; null: the one in force.
  bool enforce(std::optional<Maintenance> wanted, const std::shared_ptr<const Policy>& anew);
  void tell_trouble(std::string trouble);

  const std::string path_;
  const Clock& clock_;
  const FileReader reader_;
  const Say say_;
  const Change change_;

  /// One look at a time. Held while another policy is put in force, which may wait for a table that
  /// is being read; a report must not wait for that.
  std::mutex looking_;
  mutable std::mutex mutex_;  ///< of all below
  std::optional<Maintenance> in_force_;
  std::string trouble_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace postern
