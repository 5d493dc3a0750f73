#include "runtime/file_watch.h"

#include <algorithm>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace postern {
namespace {

constexpr std::uint32_t events =
    IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB;

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void drain(int fd) {
  std::array<char, 16'384> buffer;
  while (fd >= 0 && ::read(fd, buffer.data(), buffer.size()) > 0) {
  }
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileWatch::FileWatch()
    : events_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

FileWatch::Stamp FileWatch::look_at(const std::string& path) {
  Stamp stamp;
  const std::array names{path, path + "-wal", path + "/data.mdb"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    struct stat status {};
    if (::stat(names[i].c_str(), &status) != 0) continue;
    stamp.files[i] = {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
                      nanoseconds(status.st_ctim)};
  }
  return stamp;
}

void FileWatch::set(const std::vector<std::string>& paths) {
  std::map<std::string, File> files;
  for (const auto& path : paths) {
    const auto found = files_.find(path);
    files.emplace(path, found != files_.end() ? found->second : File{look_at(path), {}, {}});
  }
  files_ = std::move(files);
  watch_folders();
}

/// The folders and not the files: files are replaced by renaming others, and their watch would go
/// with them. To watch one again changes nothing, and finds a folder that was made anew.
void FileWatch::watch_folders() {
  if (!events_) return;
  std::set<std::string> folders;
  for (const auto& [path, file] : files_) {
    folders.insert(folder_of(path));
    folders.insert(path);  // of an LMDB environment; a mere file does no harm
  }
  for (const auto& folder : folders) ::inotify_add_watch(events_.get(), folder.c_str(), events);
}

std::vector<std::string> FileWatch::look(std::chrono::milliseconds settle) {
  std::vector<std::string> changed;
  const auto now = Clock::now();
  for (auto& [path, file] : files_) {
    const auto stamp = look_at(path);
    if (stamp == file.known) {
      file.newer.reset();
    } else if (file.newer != stamp) {
      file.newer = stamp;
      file.since = now;
    } else if (now - file.since >= settle) {
      file.known = stamp;
      file.newer.reset();
      changed.push_back(path);
    }
  }
  return changed;
}

std::vector<std::string> FileWatch::wait(std::chrono::milliseconds limit,
                                         std::chrono::milliseconds settle) {
  const auto until = Clock::now() + limit;
  const auto woken = [&](std::chrono::milliseconds time, nfds_t count) {
    std::array<pollfd, 2> fds{{{wake_.get(), POLLIN, 0}, {events_.get(), POLLIN, 0}}};
    ::poll(fds.data(), count, static_cast<int>(std::max<std::int64_t>(0, time.count())));
    return (fds[0].revents & POLLIN) != 0;
  };
  watch_folders();
  while (true) {
    auto changed = look(settle);
    if (!changed.empty()) return changed;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return {};
    const bool pending = std::any_of(files_.begin(), files_.end(), [](const auto& file) {
      return file.second.newer.has_value();
    });
    // While a file settles, further events would wake us for nothing. So they would when other
    // files of a folder change without end, hence the rest after the first event.
    const bool wake = (!pending && woken(left, 2)) || woken(std::min(left, settle), 1);
    if (wake) {
      drain(wake_.get());
      return {};
    }
    drain(events_.get());
  }
}

void FileWatch::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

}  // namespace postern
