#include "journal/journal_file.h"

#include "journal/timestamp.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace postern {
namespace {

// The administrator's group may read decisions, nobody else: they hold addresses of people.
constexpr mode_t journal_mode = 0640;

// Octets of the first line in which its time is looked for; it stands behind some thirty.
constexpr std::size_t head_size = 512;

// How often the file may be closed by another process just while it is opened.
constexpr int most_openings = 10;

// All who write to the active segment hold it shared, who closes it holds it alone. Locks of the
// open file (fcntl(2), F_OFD_SETLK) end with it, also at a kill. Where a file system has none, one
// writer is taken for granted.
bool lock(int descriptor, short kind) {
  struct flock whole {};
  whole.l_type = kind;
  whole.l_whence = SEEK_SET;
  return ::fcntl(descriptor, F_OFD_SETLK, &whole) == 0 || (errno != EAGAIN && errno != EACCES);
}

// A crash may have left half a line.
bool file_ends_within_line(int descriptor, off_t size) {
  char last = '\n';
  const ssize_t got = pread(descriptor, &last, 1, size - 1);
  return got == 1 && last != '\n';
}

std::optional<JournalFile::Time> time_of_first_line(int descriptor) {
  std::array<char, head_size> head{};
  const ssize_t got = pread(descriptor, head.data(), head.size(), 0);
  if (got <= 0) return std::nullopt;
  const std::string_view text(head.data(), static_cast<std::size_t>(got));
  constexpr std::string_view member = "\"time\":\"";
  const auto at = text.find(member);
  if (at == std::string_view::npos || text.find('\n') < at) return std::nullopt;
  const auto begin = at + member.size();
  const auto end = text.find('"', begin);
  if (end == std::string_view::npos) return std::nullopt;
  return timestamp_from_text(text.substr(begin, end - begin));
}

}  // namespace

bool is_written_to(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  return file && !lock(file.get(), F_WRLCK);
}

bool JournalFile::open(std::string path) {
  file_.reset();
  path_ = std::move(path);
  error_.clear();
  if (path_.empty()) return true;
  for (int i = 0; i < most_openings; ++i) {
    file_.reset(
        ::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, journal_mode));
    if (!file_) {
      remember_error("open");
      return false;
    }
    look_into();
    if (!is_regular_) return true;
    // Whoever holds it alone is about to give it another name.
    if (lock(file_.get(), F_RDLCK) && is_what_the_path_names()) return true;
    ::usleep(1000);
  }
  file_.reset();
  error_ = "cannot open " + path_ + ": another process holds it";
  return false;
}

void JournalFile::look_into() {
  is_regular_ = false;
  size_ = 0;
  begun_.reset();
  ends_within_line_ = false;
  struct stat status {};
  if (fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  is_regular_ = true;
  if (status.st_size == 0) return;
  size_ = static_cast<std::uint64_t>(status.st_size);
  ends_within_line_ = file_ends_within_line(file_.get(), status.st_size);
  begun_ = time_of_first_line(file_.get());
  if (!begun_) begun_ = std::chrono::system_clock::from_time_t(status.st_mtime);
}

bool JournalFile::is_what_the_path_names() const {
  struct stat ours {};
  struct stat named {};
  return fstat(file_.get(), &ours) == 0 && stat(path_.c_str(), &named) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/// Another process may have appended, half a line when its disk was full; or somebody has cut the
/// file, as some who rotate logs do.
void JournalFile::see_what_others_did() {
  struct stat status {};
  if (!is_regular_ || fstat(file_.get(), &status) != 0) return;
  if (static_cast<std::uint64_t>(status.st_size) == size_) return;
  size_ = static_cast<std::uint64_t>(status.st_size);
  ends_within_line_ = size_ != 0 && file_ends_within_line(file_.get(), status.st_size);
  if (size_ == 0) begun_.reset();
}

/// The half line at the end of a file that is full; only where nobody else writes to it.
void JournalFile::cut_off(std::uint64_t octets) {
  if (octets == 0 || octets > size_ || !lock(file_.get(), F_WRLCK)) return;
  if (::ftruncate(file_.get(), static_cast<off_t>(size_ - octets)) == 0) {
    size_ -= octets;
    ends_within_line_ = false;
  }
  lock(file_.get(), F_RDLCK);
}

bool JournalFile::is_removed() const {
  struct stat status {};
  return is_regular_ && file_ && fstat(file_.get(), &status) == 0 && status.st_nlink == 0;
}

std::size_t JournalFile::append(std::string_view lines, Time now) {
  error_.clear();
  is_full_ = false;
  if (path_.empty() || lines.empty()) return lines.size();
  see_what_others_did();
  std::string with_line_feed;
  std::string_view rest = lines;
  if (ends_within_line_) {
    // In the same write, because a line feed alone could fail or succeed apart from the line.
    with_line_feed.reserve(lines.size() + 1);
    with_line_feed += '\n';
    with_line_feed += lines;
    rest = with_line_feed;
  }
  const auto all = rest;
  while (!rest.empty()) {
    const ssize_t written = ::write(file_.get(), rest.data(), rest.size());
    if (written > 0) {
      const auto octets = static_cast<std::size_t>(written);
      ends_within_line_ = rest[octets - 1] != '\n';
      size_ += octets;
      if (!begun_) begun_ = now;
      rest.remove_prefix(octets);
    } else if (written == 0 || errno != EINTR) {
      is_full_ = written < 0 && errno == EFBIG;
      remember_error("write");
      break;
    }
  }
  // The added line feed is none of the caller's octets.
  auto done = lines.size() - std::min(lines.size(), rest.size());
  if (is_full_) {
    const auto whole = all.substr(0, all.size() - rest.size()).rfind('\n') + 1;
    cut_off(all.size() - rest.size() - whole);
    // Octets of a line that is no longer there, or only half.
    done -= std::min<std::size_t>(done, all.size() - rest.size() - whole);
  }
  return done;
}

bool JournalFile::sync() {
  error_.clear();
  // EINVAL: a pipe or a device, which have nothing to bring to a disk.
  if (!file_ || fdatasync(file_.get()) == 0 || errno == EINVAL) return true;
  remember_error("sync");
  return false;
}

JournalFile::Closing JournalFile::close_as(const std::string& path) {
  error_.clear();
  if (!lock(file_.get(), F_WRLCK)) {
    error_ = "cannot close " + path_ + ": another process writes to it too";
    return Closing::failed;
  }
  int result = -1;
  if (is_what_the_path_names()) {
    result = ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE);
    if (result != 0 && errno == EINVAL && ::access(path.c_str(), F_OK) != 0) {
      // A file system without that flag.
      result = ::rename(path_.c_str(), path.c_str());
    }
  } else {
    // Rotated by another hand: it has a name, and what the path names now is to be opened.
    result = 0;
  }
  if (result == 0) {
    file_.reset();
    is_regular_ = false;
    begun_.reset();
    size_ = 0;
    return Closing::done;
  }
  const bool taken = errno == EEXIST;
  if (!taken) remember_error("close");
  lock(file_.get(), F_RDLCK);
  return taken ? Closing::taken : Closing::failed;
}

void JournalFile::remember_error(std::string_view operation) {
  const int number = errno;
  error_ = "cannot " + std::string(operation) + ' ' + path_ + ": " +
           std::generic_category().message(number);
}

}  // namespace postern
