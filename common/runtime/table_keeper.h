// TableKeeper: brings the tables of the policy in force up to date when their files change, without
// a reload. A thread of its own; the functions here may be called by any.
//
// It never changes a policy. A changed file makes a new one, which shares everything else with the
// old (Policy::with_table_file) and takes its place as after a reload: sessions keep the one they
// began with, and each record names the contents it was decided under. A file that is bad, gone or
// unfit for a rule leaves all as it is, and is told of once.
#pragma once

#include "runtime/control.h"
#include "runtime/file_watch.h"
#include "runtime/files.h"
#include "runtime/log.h"
#include "runtime/services.h"

#include <atomic>
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
};

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

  /// Puts another policy in force, after a reload: not between the keeper's look at the old one and
  /// its exchange, which would bring the old rules back.
  void replace(std::shared_ptr<const Policy> policy);
  /// Entries of each table; of those with a file when it was taken, and what is wrong with it now.
  void report(StatusText& status) const;

 private:
  struct State {
    std::chrono::system_clock::time_point taken;
    std::string trouble;  ///< what people are told; empty: none
    FileWatch::Clock::time_point tried;
  };

  void run();
  void watch();
  void take(const std::string& path);
  void retry();

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
  std::atomic<bool> stopping_{false};
  std::atomic<bool> replaced_{false};
  std::thread thread_;
};

}  // namespace postern
