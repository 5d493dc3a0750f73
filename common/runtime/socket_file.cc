#include "runtime/socket_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace postern {

SocketFile::SocketFile(const std::string& path) {
  const std::filesystem::path whole(path);
  name_ = whole.filename().string();
  std::error_code error;
  // /var/run is a link on most systems: the way there may have links, its end may not.
  const auto way = std::filesystem::canonical(
      whole.has_parent_path() ? whole.parent_path() : std::filesystem::path("."), error);
  if (error) return;
  directory_ = UniqueFd(::open(way.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

int SocketFile::look(struct stat& status) const noexcept {
  return ::fstatat(directory_.get(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

int SocketFile::unlink() const noexcept {
  return ::unlinkat(directory_.get(), name_.c_str(), 0) == 0 ? 0 : errno;
}

std::string SocketFile::claim(std::optional<uid_t> owner, std::optional<gid_t> group) {
  // What is looked at is what is given away: the descriptor stands for one file, whatever becomes
  // of the name.
  const UniqueFd file(::openat(directory_.get(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return std::strerror(errno);
  if (!S_ISSOCK(status.st_mode) || status.st_nlink != 1 || status.st_uid != ::geteuid()) {
    return "another file has been put in its place";
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
  if ((owner || group) && ::fchownat(file.get(), "", owner.value_or(static_cast<uid_t>(-1)),
                                     group.value_or(static_cast<gid_t>(-1)), AT_EMPTY_PATH) != 0) {
    return std::string("cannot give it its owner and group: ") + std::strerror(errno);
  }
  return {};
}

std::string SocketFile::remove_claimed() const {
  struct stat status {};
  if (const int error = look(status)) return error == ENOENT ? "" : std::strerror(error);
  if (!S_ISSOCK(status.st_mode) || status.st_dev != device_ || status.st_ino != inode_) {
    return "it is not ours any more";
  }
  const int error = unlink();
  return error == 0 ? "" : std::strerror(error);
}

}  // namespace postern
