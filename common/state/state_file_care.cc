// What is done about a state file before it is opened: is it whole, does nobody else keep it, and
// where it goes if it cannot be used.
#include "ledger/entry_codec.h"
#include "state/state_file.h"
#include "system/child_output.h"
#include "system/write_all.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace postern {
namespace {

constexpr std::chrono::seconds brief_time{2};
constexpr std::chrono::seconds whole_time{120};
/// Besides the time for reading, a child's start and a disk that turns up.
constexpr std::chrono::seconds grace{10};
/// Rows between two looks at the clock.
constexpr unsigned rows_at_once = 4096;

/// In the child: nothing of the server's that it could keep open or leave behind.
void leave_all_but(int kept) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  for (const int fault : {SIGSEGV, SIGBUS, SIGABRT}) ::signal(fault, SIG_DFL);
  const auto fd = static_cast<unsigned>(kept);
  if (fd > 3) ::close_range(3, fd - 1, 0);
  ::close_range(fd + 1, ~0U, 0);
}

/// Every page of a table, so that a bad one shows itself here. False: the time is over.
bool walk(MDB_txn* transaction, MDB_dbi table, std::chrono::steady_clock::time_point until,
          int& status) {
  MDB_cursor* opened = nullptr;
  status = mdb_cursor_open(transaction, table, &opened);
  if (status != 0) return true;
  const LmdbCursor cursor(opened);
  MDB_val key{};
  MDB_val value{};
  // Nobody needs it, but the compiler must not leave out the reading.
  [[maybe_unused]] volatile char last = 0;
  unsigned rows = 0;
  for (status = mdb_cursor_get(opened, &key, &value, MDB_FIRST); status == 0;
       status = mdb_cursor_get(opened, &key, &value, MDB_NEXT)) {
    for (const auto octets : {lmdb_octets(key), lmdb_octets(value)}) {
      if (!octets.empty()) last = octets.back();
    }
    if (++rows % rows_at_once == 0 && std::chrono::steady_clock::now() > until) return false;
  }
  if (status == MDB_NOTFOUND) status = 0;
  return true;
}

FileFault look_through(const std::string& path, Thoroughness thoroughness) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return {StoreFault::down, std::strerror(errno)};
  MDB_env* made = nullptr;
  if (const int status = mdb_env_create(&made); status != 0) {
    return {StoreFault::down, mdb_strerror(status)};
  }
  const LmdbEnvironment environment(made);
  mdb_env_set_maxdbs(made, 8);
  // Whoever calls keeps the file, so that nobody writes; a lock file may be damaged as well.
  int status =
      mdb_env_open(made, path.c_str(), MDB_RDONLY | MDB_NOSUBDIR | MDB_NOTLS | MDB_NOLOCK, 0640);
  if (status == EACCES) return {StoreFault::down, mdb_strerror(status)};
  if (status == MDB_VERSION_MISMATCH) return {StoreFault::version, mdb_strerror(status)};
  if (status != 0) return {StoreFault::damaged, mdb_strerror(status)};
  MDB_envinfo info{};
  MDB_stat pages{};
  mdb_env_info(made, &info);
  mdb_env_stat(made, &pages);
  if (static_cast<std::size_t>(file.st_size) < (info.me_last_pgno + 1) * pages.ms_psize) {
    return {StoreFault::damaged, "the file is cut off"};
  }
  const auto time = thoroughness == Thoroughness::brief ? brief_time : whole_time;
  const auto until = std::chrono::steady_clock::now() + time;
  MDB_txn* begun = nullptr;
  status = mdb_txn_begin(made, nullptr, MDB_RDONLY, &begun);
  if (status != 0) return {StoreFault::damaged, mdb_strerror(status)};
  const LmdbTransaction transaction(begun);
  // The list of free pages is the first table: a writer would trip over it.
  if (!walk(begun, 0, until, status)) return {};
  if (status != 0) return {StoreFault::damaged, mdb_strerror(status)};
  for (const char* name : {"about", "entries", "ends"}) {
    MDB_dbi table = 0;
    status = mdb_dbi_open(begun, name, 0, &table);
    // A file of something else is not ours to write into; an empty one is what a kill at its
    // making leaves.
    if (status == MDB_NOTFOUND) {
      MDB_stat main{};
      MDB_dbi first = 0;
      if (mdb_dbi_open(begun, nullptr, 0, &first) == 0 && mdb_stat(begun, first, &main) == 0 &&
          main.ms_entries == 0) {
        return {};
      }
      return {StoreFault::damaged, "it holds something else"};
    }
    if (status != 0) return {StoreFault::damaged, mdb_strerror(status)};
    if (!walk(begun, table, until, status)) return {};
    if (status != 0) return {StoreFault::damaged, mdb_strerror(status)};
  }
  return {};
}

}  // namespace

FileFault check_state_file(const std::string& path, Thoroughness thoroughness) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) {
    if (errno == ENOENT) return {};
    return {StoreFault::down, std::strerror(errno)};
  }
  if (file.st_size == 0) return {};
  const auto child = ChildOutput::start([&](int writing) {
    leave_all_but(writing);
    const auto fault = look_through(path, thoroughness);
    return write_all(writing, static_cast<char>('0' + static_cast<int>(fault.fault)) + fault.why)
               ? 0
               : 1;
  });
  if (!child) return {StoreFault::down, std::strerror(errno)};
  const auto said =
      child->collect((thoroughness == Thoroughness::brief ? brief_time : whole_time) + grace, 4096);
  if (!said || said->text.empty() || said->status != 0) {
    return {StoreFault::damaged, "reading it ends a process"};
  }
  const auto fault = static_cast<StoreFault>(said->text.front() - '0');
  return {fault, said->text.substr(1)};
}

std::string set_aside(const std::string& path, StoreFault fault,
                      std::chrono::system_clock::time_point now) {
  const auto time = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H%M%SZ", &parts);
  const auto base = path + "." + std::string(to_text(fault)) + "-" + text;
  for (int number = 1; number < 100; ++number) {
    const auto name = number == 1 ? base : base + "-" + std::to_string(number);
    // A link never takes the place of a file that is there, as a rename would.
    if (::link(path.c_str(), name.c_str()) == 0) {
      if (::unlink(path.c_str()) != 0) return {};
      ::unlink((path + "-lock").c_str());
      return name;
    }
    if (errno != EEXIST) break;
  }
  return {};
}

std::optional<FileOwner> FileOwner::take(const std::string& path, FileFault& fault) {
  FileOwner owner;
  owner.lock_.reset(::open((path + "-owner").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!owner.lock_) {
    fault = {StoreFault::down, std::strerror(errno)};
    return std::nullopt;
  }
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  // Of the process, not of the open file: children must not keep it when we end.
  if (::fcntl(owner.lock_.get(), F_SETLK, &lock) != 0) {
    const bool held = errno == EACCES || errno == EAGAIN;
    fault = {StoreFault::down, held ? "another process keeps it" : std::strerror(errno)};
    return std::nullopt;
  }
  struct stat file {};
  owner.left_in_order_ = ::fstat(owner.lock_.get(), &file) == 0 && file.st_size == 0;
  // On a full disk it fails, and the next one looks at less than it should.
  if (owner.left_in_order_ && write_all(owner.lock_.get(), "in use\n")) {
    ::fdatasync(owner.lock_.get());
  }
  return owner;
}

void FileOwner::leave_in_order() noexcept {
  // If it fails, the next one looks at more than it had to.
  static_cast<void>(!::ftruncate(lock_.get(), 0));
}

}  // namespace postern
