// MaintenanceKeeper: puts a maintenance in force while its file says so, and ends it in time. Looks
// at the file every second, so that nobody has to tell it and a restart changes nothing.
#pragma once

#include "postern/policy.h"
#include "rules/maintenance.h"
#include "runtime/clock.h"
#include "runtime/control.h"
#include "runtime/log.h"

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
  /// The policy in force.
  using Current = std::function<std::shared_ptr<const Policy>()>;
  /// Puts another in its place.
  using Replace = std::function<void(std::shared_ptr<const Policy>)>;

  MaintenanceKeeper(std::string path, const Clock& clock, FileReader reader, Say say,
                    Current current, Replace replace);
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
  void report(StatusText& status) const;

 private:
  /// What the file wants now; nullopt: nothing.
  std::optional<Maintenance> read();
  /// False: it cannot be, which is told.
  bool enforce(const std::shared_ptr<const Policy>& policy, std::optional<Maintenance> wanted);
  void tell_trouble(std::string trouble);

  const std::string path_;
  const Clock& clock_;
  const FileReader reader_;
  const Say say_;
  const Current current_;
  const Replace replace_;

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
