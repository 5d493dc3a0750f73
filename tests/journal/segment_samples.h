// A journal of many records at known times, for the tests of segments.
#pragma once

#include "journal/journal_parts.h"
#include "journal/journal_walk.h"
#include "journal/samples.h"
#include "journal/segment_care.h"
#include "journal/segment_rework.h"
#include "support/temp_dir.h"

#include <chrono>
#include <string>
#include <vector>

namespace postern::samples {

using Time = std::chrono::system_clock::time_point;

/// 2026-11-01T00:00:00Z and so many milliseconds.
inline Time moment(std::int64_t milliseconds = 0) {
  return Time(std::chrono::seconds(1'793'491'200) + std::chrono::milliseconds(milliseconds));
}
inline Record at(Record record, Time time) {
  record.transaction.time = time;
  record.transaction.reference = Reference::make(time, 5, 0);
  return record;
}
/// The n-th refusal, n milliseconds behind the first.
inline Record refusal(std::int64_t number) { return at(refused_recipient(), moment(number)); }
inline Record pass(std::int64_t number) { return at(accepted(), moment(number)); }

inline std::string line_of(const Record& record) { return to_json(record) + '\n'; }

/// The refusals from `first` on, so many.
inline std::string refusals(std::int64_t first, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += line_of(refusal(first + i));
  return text;
}

/// The numbers of all records of a journal in the order of a walk.
inline std::vector<std::int64_t> walked(const std::string& path,
                                        ReadOrder order = ReadOrder::oldest_first,
                                        const JournalWalk::Span& span = {}) {
  std::vector<std::int64_t> numbers;
  JournalWalk walk(path, order, span);
  while (const auto record = walk.next()) {
    numbers.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(
                          record->transaction.reference.time() - moment())
                          .count());
  }
  EXPECT_TRUE(walk.unread().empty()) << render(walk.unread());
  return numbers;
}

class SegmentFolder : public ::testing::Test {
 protected:
  JournalSettings settings() const {
    JournalSettings settings;
    settings.path = path_;
    settings.keep.reset();
    settings.keep_accepts.reset();
    return settings;
  }
  /// A closed segment with this text.
  Segment closed(Time time, const std::string& text) const {
    folder_.write(segment_path("decisions.jsonl", time), text);
    return at(time);
  }
  Segment at(Time time) const {
    for (const auto& segment : segments_of(path_)) {
      if (segment.closed == time) return segment;
    }
    ADD_FAILURE() << "no such segment";
    return {};
  }
  SegmentTotals care(const JournalSettings& settings, Time now,
                     ClockTrust trust = ClockTrust::settled) {
    SegmentCare care(
        policies_, [this](const std::string& message) { said_.push_back(message); },
        [](bool) { return true; });
    return care.round(settings, now, trust);
  }

  testing::TempDir folder_;
  std::string path_ = folder_ / "decisions.jsonl";
  PolicyStore policies_{path_};
  std::vector<std::string> said_;
};

}  // namespace postern::samples
