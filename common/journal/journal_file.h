// JournalFile: the active segment, which the journal appends lines to. Keeps every good line whole:
// after a failed or cut write, the next line begins on a fresh one, so a reader loses only what was
// torn. One thread at a time.
#pragma once

#include "system/unique_fd.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace postern {

/// Whether somebody, also in this process, has the file open as a JournalFile. False where that
/// cannot be found out.
bool is_written_to(const std::string& path);

class JournalFile {
 public:
  using Time = std::chrono::system_clock::time_point;

  /// An empty path is no journal: every write succeeds and does nothing.
  explicit JournalFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const noexcept { return path_; }

  /// Opens for appending, creating the file with mode 0640 (less the umask); closes the old one
  /// first. False on failure, with error() set.
  bool open(std::string path);
  bool is_open() const noexcept { return static_cast<bool>(file_); }
  /// Pipes and devices can be written to, but there are no segments of them.
  bool is_regular() const noexcept { return is_regular_; }
  /// Octets in the file.
  std::uint64_t size() const noexcept { return size_; }
  /// When its first record was made, if that can be read, else when it was written to last; nothing
  /// while it is empty.
  std::optional<Time> begun() const noexcept { return begun_; }

  /// Appends `lines`, each with its line feed, in as few writes as the system allows. Returns how
  /// many octets of `lines` are in the file; fewer than all only on failure, with error() set.
  /// Whatever others have written to the file meanwhile, also half a line, stays apart from them.
  std::size_t append(std::string_view lines, Time now = std::chrono::system_clock::now());
  /// The last append ended because the file may not become larger: by the process's limit
  /// (RLIMIT_FSIZE), or that of its file system. What it has is whole lines, if nobody else writes.
  bool is_full() const noexcept { return is_full_; }

  /// No name leads to the file any more: what is written into it goes with it.
  bool is_removed() const;

  /// To the disk; errors are reported by error().
  bool sync();

  enum class Closing : std::uint8_t {
    done,    ///< the file has its name and is no longer open
    taken,   ///< there is a file of that name; nothing has changed
    failed,  ///< error() says why; nothing has changed
  };
  /// Ends the segment: gives the file the name `path`, unless another process has it open too, in
  /// whose hands it would go on growing.
  Closing close_as(const std::string& path);

  /// Of the last operation; empty when it went well.
  const std::string& error() const noexcept { return error_; }

 private:
  void remember_error(std::string_view operation);
  bool is_what_the_path_names() const;
  void look_into();
  void see_what_others_did();
  void cut_off(std::uint64_t octets);

  std::string path_;
  std::string error_;
  UniqueFd file_;
  bool is_regular_ = false;
  std::uint64_t size_ = 0;
  std::optional<Time> begun_;
  bool ends_within_line_ = false;
  bool is_full_ = false;
};

}  // namespace postern
