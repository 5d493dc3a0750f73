// JournalFollower: the lines that are added to a journal, across the closing of its active segment.
// Never waits: whoever owns it calls read() when there may be more. One thread at a time.
#pragma once

#include "postern/result.h"
#include "system/unique_fd.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace postern {

class JournalFollower {
 public:
  /// Hands out what is written from now on. The file need not be there yet.
  explicit JournalFollower(std::string path);

  using Take = std::function<void(std::string_view line)>;
  /// Hands out the lines that have been added since, whole ones only and without their line ends,
  /// none twice; also those of a segment that was begun and closed since. A line that is longer
  /// than a record can be is passed over.
  void read(const Take& take);

  /// True while the journal's active segment is the file that was found at first: nothing has been
  /// closed or rotated since.
  bool is_current() const;
  /// Where in that file reading began.
  std::uint64_t start() const noexcept { return start_; }
  bool has_file() const noexcept { return static_cast<bool>(now_.fd); }

  /// Why lines may be missing: files that could not be read.
  const Problems& trouble() const noexcept { return trouble_; }

 private:
  struct File {
    UniqueFd fd;
    std::uint64_t offset = 0;  ///< up to where it has been read
    std::string rest = {};     ///< begun and not ended
    bool too_long = false;     ///< what was begun is passed over

    void read(const Take& take);
  };

  void open();
  void go_on(const Take& take);

  std::string path_;
  File now_;
  /// Renamed by another hand, the file is written to until the server opens its journal anew.
  File before_;
  std::string newest_;  ///< closed segment, when `now_` was opened
  std::uint64_t start_ = 0;
  Problems trouble_;
};

}  // namespace postern
