// SegmentIndex: where in a closed segment records may stand that somebody looks for. A file beside
// the segment, made by reading it, and never believed when it does not fit the segment.
#pragma once

#include "journal/line_skim.h"
#include "journal/segment.h"
#include "postern/result.h"
#include "system/unique_fd.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// Octets of lines in a block, unless a line is longer: unpacked in a millisecond, and large enough
/// that small blocks cost no compression.
inline constexpr std::size_t segment_block = 262'144;

/// First and last of some moments, in microseconds since 1970; none: first is above last.
struct TimeRange {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = std::numeric_limits<std::int64_t>::min();

  void add(std::int64_t time) {
    if (time < first) first = time;
    if (time > last) last = time;
  }
  void add(const TimeRange& range) {
    if (range.first < first) first = range.first;
    if (range.last > last) last = range.last;
  }
  bool holds(std::int64_t time) const { return first <= time && time <= last; }
};
std::int64_t index_time(std::chrono::system_clock::time_point time);

struct IndexBlock {
  std::uint64_t offset = 0;       ///< of its first octet in the file
  std::uint64_t octets = 0;       ///< in the file
  std::uint64_t text_offset = 0;  ///< of its first line in the unpacked text
  std::uint64_t text_octets = 0;
  TimeRange times;
  TimeRange references;  ///< of the times that are in references
  std::uint64_t filter_offset = 0;
  std::uint32_t filter_octets = 0;
  std::uint32_t filter_check = 0;  ///< CRC-32
};

struct IndexSummary {
  SegmentForm form = SegmentForm::plain;
  std::uint64_t octets = 0;  ///< of the segment's file
  std::uint64_t text_octets = 0;
  std::uint64_t records = 0;
  std::uint64_t of_passes = 0;   ///< records of mail that passed (is_of_a_pass)
  std::uint64_t unreadable = 0;  ///< torn lines
  TimeRange times;
  std::set<std::string, std::less<>> policies;  ///< digests
};

/// Gathers an index, block after block.
class IndexBuilder {
 public:
  /// `text`: whole lines. `offset` and `octets`: of the block in the segment's file.
  void add_block(std::string_view text, std::uint64_t offset, std::uint64_t octets);
  const IndexSummary& summary() const noexcept { return summary_; }
  /// The file's content, for a segment of that form.
  std::string finish(SegmentForm form) const;

 private:
  IndexSummary summary_;
  std::vector<IndexBlock> blocks_;
  std::string filters_;
  SkimmedLine line_;
  std::vector<std::uint64_t> keys_;
};

class SegmentIndex {
 public:
  /// A Problem if there is none, it is damaged, or it is of another file than the segment's.
  static Result<SegmentIndex> open(const Segment& segment);

  const IndexSummary& summary() const noexcept { return summary_; }
  const std::vector<IndexBlock>& blocks() const noexcept { return blocks_; }

  enum class Answer : std::uint8_t { no, perhaps, damaged };
  /// Whether a block may hold a record with one of these keys (numbers of key_number()).
  Answer may_hold_any(const IndexBlock& block, const std::vector<std::uint64_t>& keys) const;
  /// Whether it may hold all of them. No keys: it may.
  Answer may_hold_all(const IndexBlock& block, const std::vector<std::uint64_t>& keys) const;

  /// The lines of a block, whatever has become of the segment since open().
  Result<std::string> read_block(const IndexBlock& block) const;

 private:
  IndexSummary summary_;
  std::vector<IndexBlock> blocks_;
  bool read_filter(const IndexBlock& block, std::string& filter) const;

  std::string path_;  // of the segment's file
  UniqueFd file_;
  UniqueFd data_;
};

}  // namespace postern
