// SocketFile: the file of a unix socket, known by its name in a directory that is held open.
//
// Root makes sockets in directories that may belong to the unprivileged user it gives them to. All
// is done relative to the directory first found and never through a link, so that nothing put in
// the way meanwhile leads root to somebody else's file.
#pragma once

#include "system/unique_fd.h"

#include <optional>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>

namespace postern {

class SocketFile {
 public:
  /// Holds the directory of `path`. Links on the way to it are followed now, and not again.
  explicit SocketFile(const std::string& path);
  bool has_directory() const noexcept { return static_cast<bool>(directory_); }

  /// Of the file itself, not of what it links to. 0, or errno.
  int look(struct stat& status) const noexcept;
  /// Takes the name away. 0, or errno.
  int unlink() const noexcept;

  /// Takes the file for the one just bound and gives it to `owner` and `group`, as far as they are
  /// set. Refused unless it is a socket of our own user that has no other name: anything else has
  /// been put there by somebody else. Empty, or why not; it is claimed all the same when only its
  /// owner or group could not be changed.
  std::string claim(std::optional<uid_t> owner, std::optional<gid_t> group);

  /// Removes the file if it is still the one that was claimed. Empty, or why it is still there.
  std::string remove_claimed() const;

 private:
  UniqueFd directory_;
  std::string name_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace postern
