// rework(): writes a closed segment anew, compressed, without what is no longer to be kept, and
// with its index. Whenever it is interrupted, the segment as it was or as it becomes is there
// whole.
#pragma once

#include "journal/segment.h"
#include "journal/segment_index.h"
#include "journal/segment_text.h"
#include "postern/result.h"

#include <cstdint>
#include <functional>
#include <string>

namespace postern {

enum class Passes : std::uint8_t {
  keep,
  drop,  ///< records of mail that passed, joins that lead to nothing else, and torn lines
};

/// Changes a line, without its line end. True: it did; one that is empty then goes.
using LineEdit = std::function<bool(std::string& line)>;

struct SegmentWork {
  SegmentForm form = SegmentForm::gzip;
  Passes passes = Passes::keep;
  LineEdit edit = {};  ///< none: lines stay as they are
  OnDamage on_damage = OnDamage::fail;
};

struct Reworked {
  bool finished = false;  ///< false: told to stop, nothing has changed
  IndexSummary summary;   ///< of the segment as it is now
  std::uint64_t dropped = 0;
  std::uint64_t changed = 0;
  GzipDamage damage;  ///< what could not be unpacked, and is no longer there
};

/// Edits the lines of `block`; how many have changed.
std::uint64_t edit_lines(std::string& block, const LineEdit& edit);

/// `go_on` is called after each block of text and may sleep; false stops the work. A plain segment
/// that stays as it is only gets its index. Nothing has changed when there are Problems.
Result<Reworked> rework(const Segment& segment, const SegmentWork& work,
                        const std::function<bool()>& go_on);

}  // namespace postern
