// TableKeeper: brings the tables of the policy in force, and its files about addresses, up to date
// when their files change, without a reload. A thread of its own; the functions here may be called
// by any.
//
// It never changes a policy. A changed file makes a new one, which shares everything else with the
// old (Policy::with_table_file) and takes its place as after a reload: sessions keep the one they
// began with, and each record names the contents it was decided under. A file that is bad, gone or
// unfit for a rule leaves all as it is, and is told of once. So is trouble in the keeper itself,
// after which it goes on.
#pragma once

#include "runtime/file_watch.h"
#include "runtime/files.h"
#include "runtime/log.h"
#include "runtime/service_report.h"
#include "runtime/services.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace postern {

/// `policy` with every table file as it is now; what cannot be taken is as it was.
std::shared_ptr<const Policy> with_current_tables(std::shared_ptr<const Policy> policy,
                                                  const FileReader& reader);

struct TableKeeperSettings {
  /// Between two looks at files of which no event told.
  std::chrono::milliseconds look_every{10'000};
  /// A file that has not changed for so long is taken to be whole.
  std::chrono::milliseconds settle{200};
  /// A bad file is tried again so often though it seems the same: a data base may have been busy.
  std::chrono::milliseconds retry_every{60'000};
  /// After trouble in the keeper itself it looks again so much later; each time in a row twice as
  /// much, up to retry_every.
  std::chrono::milliseconds pause{1'000};
};

/// Where the tables of another policy come from.
enum class TableFiles : std::uint8_t {
  as_in_force,  ///< they are those of the policy before it, with what is wrong with their files
  read_anew,    ///< all files were read for it, and all were good
};

/// Another policy made of the one in force; problems: it stays.
using PolicyChange = std::function<Result<std::shared_ptr<const Policy>>(
    const std::shared_ptr<const Policy>& in_force)>;

class TableKeeper {
 public:
  using Say = std::function<void(LogLevel, const std::string&)>;
  /// Told of the new policy when a table has been exchanged, in the keeper's thread.
  using Exchanged = std::function<void(const Policy&)>;

  /// `policy` lives longer. Relative and absolute paths are those of `place`.
  TableKeeper(PolicyHolder& policy, const ConfigPlace& place, const Clock& clock, Say say,
              Exchanged exchanged, TableKeeperSettings settings = {});
  ~TableKeeper();
  TableKeeper(const TableKeeper&) = delete;
  TableKeeper& operator=(const TableKeeper&) = delete;

  /// Looks at every file once, then whenever one changes.
  void start();
  void stop();

  /// The one way to another policy in force, for whoever serves: whatever else changes it, a table
  /// or a maintenance, comes before or after, and nobody's change is lost to another's. `make` is
  /// called in the caller's thread and must not call back. Returns the problems of `make`.
  Problems change(const PolicyChange& make, TableFiles files);
  /// Entries of each table and titles of the files about addresses; of files when they were taken,
  /// and what is wrong with them now.
  void report(ServiceReport& report) const;

 private:
  struct State {
    std::chrono::system_clock::time_point taken;
    std::string trouble;  ///< what people are told; empty: none
    FileWatch::Clock::time_point tried;
  };

  struct FileMetrics {
    Metric taken;
    Metric trouble;
  };
  static void report_file(ServiceReport& report, const std::string& prefix, const State& state,
                          FileMetrics metrics, const std::string& of);
  void run() noexcept;
  /// Everything once, and a wait for the next change.
  void look();
  void watch();
  void take(const std::string& path);
  void retry();
  void tell_exchanged();
  /// What is wrong with the keeper itself; empty: nothing any more.
  void tell_trouble(const std::string& trouble) noexcept;
  void rest(std::chrono::milliseconds pause) noexcept;

  PolicyHolder& policy_;
  const FileReader reader_;
  const std::function<std::string(const std::string&)> on_disk_;
  const Clock& clock_;
  const Say say_;
  const Exchanged exchanged_;
  const TableKeeperSettings settings_;
  FileWatch watch_;
  std::map<std::string, std::string> paths_;  ///< by what they are on disk; the thread's own

  std::mutex exchange_;  ///< held from reading the policy in force to putting another there
  mutable std::mutex mutex_;
  std::map<std::string, State> states_;  ///< by the path in the policy
  std::string trouble_;                  ///< of the keeper itself
  std::condition_variable stopped_;
  bool look_at_all_ = true;  ///< the thread's own, as is the next
  bool untold_ = false;      ///< a table has been exchanged of which nobody was told
  std::atomic<bool> stopping_{false};
  std::atomic<bool> replaced_{false};
  std::thread thread_;
};

}  // namespace postern
