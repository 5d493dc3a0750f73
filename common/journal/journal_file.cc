#include "journal/journal_file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace postern {
namespace {

// The administrator's group may read decisions, nobody else: they hold addresses of people.
constexpr mode_t journal_mode = 0640;

// A crash may have left half a line; only a regular file can tell.
bool file_ends_within_line(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) {
    return false;
  }
  char last = '\n';
  const ssize_t got = pread(descriptor, &last, 1, status.st_size - 1);
  return got == 1 && last != '\n';
}

}  // namespace

bool JournalFile::open(std::string path) {
  file_.reset();
  path_ = std::move(path);
  error_.clear();
  ends_within_line_ = false;
  if (path_.empty()) return true;
  file_.reset(
      ::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, journal_mode));
  if (!file_) {
    remember_error("open");
    return false;
  }
  ends_within_line_ = file_ends_within_line(file_.get());
  return true;
}

std::size_t JournalFile::append(std::string_view lines) {
  error_.clear();
  if (path_.empty() || lines.empty()) return lines.size();
  std::string with_line_feed;
  std::string_view rest = lines;
  if (ends_within_line_) {
    // In the same write, because a line feed alone could fail or succeed apart from the line.
    with_line_feed.reserve(lines.size() + 1);
    with_line_feed += '\n';
    with_line_feed += lines;
    rest = with_line_feed;
  }
  while (!rest.empty()) {
    const ssize_t written = ::write(file_.get(), rest.data(), rest.size());
    if (written > 0) {
      const auto octets = static_cast<std::size_t>(written);
      ends_within_line_ = rest[octets - 1] != '\n';
      rest.remove_prefix(octets);
    } else if (written == 0 || errno != EINTR) {
      remember_error("write");
      break;
    }
  }
  // The added line feed is none of the caller's octets.
  return lines.size() - std::min(lines.size(), rest.size());
}

bool JournalFile::sync() {
  error_.clear();
  // EINVAL: a pipe or a device, which have nothing to bring to a disk.
  if (!file_ || fdatasync(file_.get()) == 0 || errno == EINVAL) return true;
  remember_error("sync");
  return false;
}

void JournalFile::remember_error(std::string_view operation) {
  const int number = errno;
  error_ = "cannot " + std::string(operation) + ' ' + path_ + ": " +
           std::generic_category().message(number);
}

}  // namespace postern
