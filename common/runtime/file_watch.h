// FileWatch: tells which files have changed. By inotify where the kernel and the file system have
// it, and by looking now and then in any case: files on network file systems and behind symbolic
// links change without a word. Owned by one thread; wake() may be called by any.
#pragma once

#include "system/unique_fd.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace postern {

class FileWatch {
 public:
  using Clock = std::chrono::steady_clock;

  FileWatch();

  /// The files from now on, as they are on disk. Files that were watched before keep what is known
  /// of them; of new ones this look is the first.
  void set(const std::vector<std::string>& paths);
  /// Waits until files have changed, at most `limit`, and names them. A file counts as changed when
  /// it has not gone on changing for `settle`, so that one that is being written is left alone; one
  /// that is gone has changed too. Returns nothing after wake() or when time is up.
  std::vector<std::string> wait(std::chrono::milliseconds limit, std::chrono::milliseconds settle);
  /// Ends a wait(), or the next one. Async-safe.
  void wake() noexcept;

 private:
  /// What stat(2) says of a file and of those beside it that belong to it: the write-ahead log of
  /// SQLite, the data file in a folder of LMDB.
  struct Stamp {
    struct One {
      std::uint64_t device = 0;
      std::uint64_t inode = 0;
      std::int64_t size = -1;
      std::int64_t modified = 0;  ///< nanoseconds
      std::int64_t changed = 0;
      friend bool operator==(const One&, const One&) = default;
    };
    std::array<One, 3> files;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  struct File {
    Stamp known;
    std::optional<Stamp> newer;  ///< seen since, and when first
    Clock::time_point since;
  };

  static Stamp look_at(const std::string& path);
  void watch_folders();
  std::vector<std::string> look(std::chrono::milliseconds settle);

  UniqueFd events_;  ///< inotify; none: looks alone
  UniqueFd wake_;
  std::map<std::string, File> files_;
};

}  // namespace postern
