#include "runtime/lmdb_rows.h"

#include "system/child_output.h"
#include "system/unique_fd.h"
#include "system/write_all.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <lmdb.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace postern {
namespace {

struct Close {
  void operator()(MDB_env* environment) const { mdb_env_close(environment); }
  void operator()(MDB_txn* transaction) const { mdb_txn_abort(transaction); }
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};
using LmdbEnvironment = std::unique_ptr<MDB_env, Close>;
using LmdbTransaction = std::unique_ptr<MDB_txn, Close>;
using LmdbCursor = std::unique_ptr<MDB_cursor, Close>;

Problems trouble(int status) { return {plain_problem(mdb_strerror(status))}; }

std::string_view text_of(const MDB_val& value) {
  std::string_view text(static_cast<const char*>(value.mv_data), value.mv_size);
  if (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  return text;
}

/// The pages that are read through memory must all be there: one beyond the file's end would end
/// the process.
bool is_whole(MDB_env* environment, const std::string& file) {
  MDB_envinfo info{};
  MDB_stat pages{};
  struct stat status {};
  if (mdb_env_info(environment, &info) != 0 || mdb_env_stat(environment, &pages) != 0 ||
      ::stat(file.c_str(), &status) != 0) {
    return false;
  }
  return static_cast<std::size_t>(status.st_size) >= (info.me_last_pgno + 1) * pages.ms_psize;
}

/// Keeps writers such as postmap(1) away, which do not use LMDB's own lock file.
UniqueFd shared_lock(const std::string& file, int& error) {
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    error = errno;
    return {};
  }
  struct flock lock {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  // Of the open file, not of the process: closing any other descriptor of it must not let it go.
  if (::fcntl(fd.get(), F_OFD_SETLK, &lock) != 0) {
    error = errno;
    return {};
  }
  return fd;
}

Problems read_rows(const std::string& path, const std::string& database, const FileReader::Row& row,
                   const DatabaseLimits& limits) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {plain_problem(std::strerror(errno))};
  const bool folder = S_ISDIR(status.st_mode);
  const auto file = folder ? path + "/data.mdb" : path;
  int error = 0;
  const auto lock = shared_lock(file, error);
  if (!lock && (error == EAGAIN || error == EACCES)) {
    const bool busy = ::access(file.c_str(), R_OK) == 0;
    return {plain_problem(busy ? "it is being written" : std::strerror(EACCES))};
  }
  if (!lock) return {plain_problem(std::strerror(error))};

  LmdbEnvironment environment;
  const auto open = [&](unsigned more) {
    MDB_env* made = nullptr;
    if (const int result = mdb_env_create(&made); result != 0) return result;
    environment.reset(made);
    mdb_env_set_maxdbs(made, 1);
    return mdb_env_open(made, path.c_str(),
                        MDB_RDONLY | MDB_NOTLS | (folder ? 0U : unsigned{MDB_NOSUBDIR}) | more,
                        0600);
  };
  // A lock file that we may not write to, or that nobody has made, is nothing of ours to make: the
  // lock taken above then has to do.
  const auto lock_file = folder ? path + "/lock.mdb" : path + "-lock";
  const bool own_locks = ::access(lock_file.c_str(), R_OK | W_OK) == 0;
  if (const int result = open(own_locks ? 0 : unsigned{MDB_NOLOCK}); result != 0) {
    return trouble(result);
  }
  if (!is_whole(environment.get(), file)) return {plain_problem("the file is cut off")};

  MDB_txn* begun = nullptr;
  if (const int result = mdb_txn_begin(environment.get(), nullptr, MDB_RDONLY, &begun);
      result != 0) {
    return trouble(result);
  }
  const LmdbTransaction transaction(begun);
  MDB_dbi table = 0;
  const char* name = database.empty() ? nullptr : database.c_str();
  if (const int result = mdb_dbi_open(begun, name, 0, &table); result != 0) {
    if (result != MDB_NOTFOUND) return trouble(result);
    return {plain_problem("there is no data base \"" + database + "\" in it")};
  }
  MDB_cursor* opened = nullptr;
  if (const int result = mdb_cursor_open(begun, table, &opened); result != 0) {
    return trouble(result);
  }
  const LmdbCursor cursor(opened);

  const auto until = std::chrono::steady_clock::now() + limits.time;
  std::size_t rows = 0;
  std::size_t octets = 0;
  MDB_val key{};
  MDB_val value{};
  int result = mdb_cursor_get(opened, &key, &value, MDB_FIRST);
  for (; result == 0; result = mdb_cursor_get(opened, &key, &value, MDB_NEXT)) {
    DatabaseRow found;
    found.key = text_of(key);
    found.value = text_of(value);
    if (found.key.empty()) continue;
    octets += found.key.size() + found.value->size();
    if (++rows > limits.rows || octets > limits.octets) {
      return {plain_problem("it holds more than a table can",
                            "at most " + std::to_string(limits.rows) + " keys and " +
                                std::to_string(limits.octets >> 20U) + " MiB")};
    }
    if (rows % 65'536 == 0 && std::chrono::steady_clock::now() > until) {
      return {plain_problem("reading it takes longer than " + std::to_string(limits.time.count()) +
                            " seconds")};
    }
    row(found);
  }
  return result == MDB_NOTFOUND ? Problems{} : trouble(result);
}

// What the child writes: a mark, then texts, each behind its length. Both ends are one program.
constexpr char row_mark = 'r';
constexpr char problem_mark = 'p';
constexpr char end_mark = 'e';
constexpr std::size_t written_at_once = 65'536;

class Writer {
 public:
  explicit Writer(int fd) : fd_(fd) {}

  void put(char mark, std::string_view first, std::string_view second) {
    waiting_ += mark;
    for (const auto text : {first, second}) {
      const auto size = static_cast<std::uint32_t>(text.size());
      waiting_.append(reinterpret_cast<const char*>(&size), sizeof(size));
      waiting_.append(text);
    }
    if (waiting_.size() >= written_at_once) flush();
  }
  bool flush() {
    whole_ = whole_ && write_all(fd_, waiting_);
    waiting_.clear();
    return whole_;
  }

 private:
  int fd_;
  std::string waiting_;
  bool whole_ = true;
};

/// Takes apart what a Writer put; the texts are parts of the whole.
class Reader {
 public:
  explicit Reader(std::string_view all) : rest_(all) {}

  /// The mark, or nothing when the rest is not whole.
  std::optional<char> next(std::string_view& first, std::string_view& second) {
    if (rest_.empty()) return std::nullopt;
    const char mark = rest_.front();
    rest_.remove_prefix(1);
    if (!text(first) || !text(second)) return std::nullopt;
    return mark;
  }

 private:
  bool text(std::string_view& into) {
    std::uint32_t size = 0;
    if (rest_.size() < sizeof(size)) return false;
    std::memcpy(&size, rest_.data(), sizeof(size));
    rest_.remove_prefix(sizeof(size));
    if (rest_.size() < size) return false;
    into = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  std::string_view rest_;
};

/// In the child: nothing of the server's that it could keep open or leave behind.
void leave_all_but(int kept) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  for (const int fault : {SIGSEGV, SIGBUS, SIGABRT}) ::signal(fault, SIG_DFL);
  const auto fd = static_cast<unsigned>(kept);
  if (fd > 3) ::close_range(3, fd - 1, 0);
  ::close_range(fd + 1, ~0U, 0);
}

}  // namespace

Problems lmdb_rows(const std::string& path, const std::string& database, const FileReader::Row& row,
                   const DatabaseLimits& limits) {
  const auto child = ChildOutput::start([&](int writing) {
    leave_all_but(writing);
    Writer writer(writing);
    const auto problems = read_rows(
        path, database,
        [&](const DatabaseRow& found) { writer.put(row_mark, found.key, *found.value); }, limits);
    for (const auto& problem : problems) writer.put(problem_mark, problem.message, problem.hint);
    writer.put(end_mark, "", "");
    return writer.flush() ? 0 : 1;
  });
  if (!child) return {plain_problem(std::strerror(errno))};
  // A mark and two lengths for each row, and as much again for the last words.
  const auto most = limits.octets + limits.rows * 9 + written_at_once;
  const auto output = child->collect(limits.time + std::chrono::seconds(5), most);
  if (!output) {
    return {
        plain_problem("it cannot be read: the file is damaged, or reading it takes longer than " +
                          std::to_string(limits.time.count()) + " seconds",
                      "write it anew, as with postmap")};
  }
  Problems problems;
  Reader reader(output->text);
  std::string_view first;
  std::string_view second;
  while (const auto mark = reader.next(first, second)) {
    if (*mark == end_mark) return problems;
    if (*mark == problem_mark) {
      problems.push_back(plain_problem(std::string(first), std::string(second)));
      continue;
    }
    DatabaseRow found;
    found.key = first;
    found.value = second;
    row(found);
  }
  return {
      plain_problem("it cannot be read: the file is damaged", "write it anew, as with postmap")};
}

}  // namespace postern
