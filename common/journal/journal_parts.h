// The files that a journal consists of: the active segment, the closed ones, and what another hand,
// such as logrotate, has rotated.
#pragma once

#include "journal/segment.h"
#include "system/unique_fd.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace postern {

/// The files of the journal `path` that another hand has rotated ("decisions.jsonl.1",
/// "decisions.jsonl.2.gz", "decisions.jsonl-20261121"), the one written to last first.
/// With `written_since`, only those that were still written to then.
std::vector<std::string> rotated_files(
    const std::string& path,
    std::optional<std::chrono::system_clock::time_point> written_since = std::nullopt);

struct JournalPart {
  std::string path;
  std::optional<Segment> segment;  ///< nothing for the active one and for rotated files
  /// Nothing in it was written later. The active segment's is the end of time.
  std::chrono::system_clock::time_point until;
  /// Of the active segment: it may get another name at any moment.
  UniqueFd opened = {};
};

/// All of them at one moment, the newest first; each record is in one of them. The active segment,
/// when there is one, stands first.
std::vector<JournalPart> parts_of(const std::string& path);

/// The segment as it is now, in whichever form; nothing if it has been deleted.
std::optional<Segment> as_it_is_now(const Segment& segment);

}  // namespace postern
