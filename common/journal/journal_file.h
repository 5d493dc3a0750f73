// JournalFile: the file that the journal appends lines to. Keeps every good line whole: after a
// failed or cut write, the next line begins on a fresh one, so a reader loses only what was torn.
// One thread at a time.
#pragma once

#include "system/unique_fd.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace postern {

class JournalFile {
 public:
  /// An empty path is no journal: every write succeeds and does nothing.
  explicit JournalFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const noexcept { return path_; }

  /// Opens for appending, creating the file with mode 0640 (less the umask); closes the old one
  /// first. False on failure, with error() set.
  bool open(std::string path);
  bool is_open() const noexcept { return static_cast<bool>(file_); }

  /// Appends `lines`, each with its line feed, in as few writes as the system allows. Returns how
  /// many octets of `lines` are in the file; fewer than all only on failure, with error() set.
  std::size_t append(std::string_view lines);

  /// To the disk; errors are reported by error().
  bool sync();

  /// Of the last operation; empty when it went well.
  const std::string& error() const noexcept { return error_; }

 private:
  void remember_error(std::string_view operation);

  std::string path_;
  std::string error_;
  UniqueFd file_;
  bool ends_within_line_ = false;
};

}  // namespace postern
