// StateFile: the entries of the embedded store in a file of LMDB, ordered by key, with an index by
// the minute of their end. One writes at a time; any number of threads and processes may read
// meanwhile, and see what was committed last.
//
// LMDB trusts its pages: a damaged file can end the process that reads it. So a child looks through
// the file before it is opened (check_state_file()), and each entry has a checksum of its own.
#pragma once

#include "ledger/entry.h"
#include "state/lmdb_handle.h"
#include "state/store.h"
#include "system/unique_fd.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What became of a file.
struct FileFault {
  StoreFault fault = StoreFault::none;
  std::string why;

  explicit operator bool() const noexcept { return fault != StoreFault::none; }
};

enum class Thoroughness : std::uint8_t {
  brief,  ///< gives up after two seconds, as good: it was closed in order, and mail waits
  whole,  ///< every page, for up to two minutes: the last time did not end well
};

/// Reads the file in a child. `damaged`, `version`, or `down` when it cannot be opened; a file that
/// is not there or empty is good. Blocks.
FileFault check_state_file(const std::string& path, Thoroughness thoroughness);

struct FileWrite {
  std::string key;
  std::optional<LedgerEntry> entry;  ///< nothing: erase it
};

/// What one commit did besides.
struct FileCare {
  std::uint64_t expired = 0;
  std::uint64_t evicted = 0;
};

struct FileSize {
  std::uint64_t entries = 0;
  std::uint64_t octets = 0;  ///< of pages in use
};

class StateFile {
 public:
  enum class Access : std::uint8_t { write, read };

  /// The file that is kept in a folder.
  static std::string path_in(const std::string& folder) { return folder + "/state.mdb"; }

  /// Opens or makes the file, which has been checked. `bound`: octets of pages in use, from which
  /// on entries are evicted. For Access::read, which other processes use, the file must be there.
  /// nullptr: `fault` says why.
  static std::unique_ptr<StateFile> open(const std::string& path, std::uint64_t bound,
                                         Access access, FileFault& fault);
  ~StateFile();
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;

  /// What is under the keys, in their order; `damaged` counts those that could not be read, which
  /// are nothing then. One thread at a time, another than the one that writes if you like.
  FileFault read(const std::vector<std::string>& keys,
                 std::vector<std::optional<LedgerEntry>>& entries, std::uint64_t& damaged);
  /// Entries whose keys begin with `prefix`, beginning with the first that is not before `from`;
  /// those that have expired by `now` are left out. `more`: where to go on, or empty. Any thread.
  FileFault list(std::string_view prefix, std::string_view from, std::size_t most, LedgerTime now,
                 std::vector<StoredEntry>& entries, std::string& more);
  /// All of it or nothing, and on the disk when it returns. Erases a bounded number of those that
  /// have expired, and, when the file is full, of those that would do so next. One thread at a
  /// time.
  FileFault write(const std::vector<FileWrite>& writes, LedgerTime now, FileCare& care);
  /// Any thread.
  FileSize size();
  /// Forgets readers that died and would keep pages from being used again.
  void check_readers();

 private:
  StateFile() = default;

  struct Writing;
  FileFault open_tables(Access access);
  int put(const Writing& in, const FileWrite& write);
  int sweep(const Writing& in, LedgerTime now, FileCare& care);
  int evict(const Writing& in, std::size_t written, FileCare& care);
  std::uint64_t used(MDB_txn* transaction) const;

  std::uint64_t bound_ = 0;
  std::string path_;
  LmdbEnvironment environment_;
  MDB_dbi entries_ = 0;
  MDB_dbi ends_ = 0;
  LmdbTransaction reading_;
};

/// Renames a file that cannot be used, with the time and a word for why in its name, and takes away
/// the lock file beside it. Returns the new path; empty: it could not be done.
std::string set_aside(const std::string& path, StoreFault fault,
                      std::chrono::system_clock::time_point now);

/// Says that this process alone keeps the file, and whether whoever did before it left in order.
class FileOwner {
 public:
  /// `fault` is `down` when another process keeps it, or the folder cannot be written to.
  static std::optional<FileOwner> take(const std::string& path, FileFault& fault);

  bool left_in_order() const noexcept { return left_in_order_; }
  /// Everything is on the disk: the next one need not look at all of it.
  void leave_in_order() noexcept;

 private:
  UniqueFd lock_;
  bool left_in_order_ = true;
};

}  // namespace postern
