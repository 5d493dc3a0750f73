// SegmentText: the lines of a closed file of a journal, compressed or not, in blocks. One thread at
// a time.
#pragma once

#include "postern/result.h"
#include "system/unique_fd.h"

#include <memory>
#include <string>
#include <string_view>

namespace postern {

class SegmentText {
 public:
  /// A Problem if the file cannot be opened.
  static Result<SegmentText> open(const std::string& path);
  /// Of a file that is open already and may have another name by now; `path` is for messages.
  static Result<SegmentText> of(UniqueFd file, const std::string& path);
  ~SegmentText();
  SegmentText(SegmentText&&) noexcept;
  SegmentText& operator=(SegmentText&&) noexcept;

  /// The next whole lines, about segment_block octets of them; the last one may lack its line end,
  /// and one that is longer than any record comes in pieces. False at the end. A Problem if the
  /// file cannot be read or unpacked.
  Result<bool> next(std::string& block);

 private:
  struct State;
  explicit SegmentText(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Calls `visit` with each line of `block`, without its line end; not with empty ones.
template <typename Visit>
void each_line(std::string_view block, Visit visit) {
  while (!block.empty()) {
    const auto end = block.find('\n');
    const auto line = block.substr(0, end);
    if (!line.empty()) visit(line);
    block.remove_prefix(end == std::string_view::npos ? block.size() : end + 1);
  }
}

}  // namespace postern
