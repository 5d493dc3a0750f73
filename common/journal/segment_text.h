// SegmentText: the lines of a closed file of a journal, compressed or not, in blocks. One thread at
// a time.
#pragma once

#include "journal/gzip_text.h"
#include "postern/result.h"
#include "system/unique_fd.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace postern {

/// What is done about parts of a compressed file that cannot be unpacked.
enum class OnDamage : std::uint8_t {
  fail,
  pass_over,  ///< except that an end that is missing may still be on its way, in a file that was
              ///< written to within the last hour
};

class SegmentText {
 public:
  /// A Problem if the file cannot be opened, or nothing of it be unpacked.
  static Result<SegmentText> open(const std::string& path, OnDamage damage = OnDamage::fail);
  /// Of a file that is open already and may have another name by now; `path` is for messages.
  static Result<SegmentText> of(UniqueFd file, const std::string& path,
                                OnDamage damage = OnDamage::fail);
  ~SegmentText();
  SegmentText(SegmentText&&) noexcept;
  SegmentText& operator=(SegmentText&&) noexcept;

  /// The next whole lines, about segment_block octets of them; the last one may lack its line end,
  /// and one that is longer than any record comes in pieces. False at the end. A Problem if the
  /// file cannot be read or unpacked.
  Result<bool> next(std::string& block);
  /// What was passed over; whole at the end.
  GzipDamage damage() const;

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
