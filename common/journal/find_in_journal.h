// Look-ups in a journal: in all of its files, by their indexes where they have one.
#pragma once

#include "journal/find.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace postern {

struct FoundInJournal {
  FoundRecords found;
  std::size_t older = 0;  ///< closed and rotated files that were read
  Problems unread;        ///< files, or parts of them, that could not be read
  Problems notes;         ///< indexes that are missing or damaged; their segments were read whole
  bool cut = false;       ///< there may be more records than are kept
};

/// As find_records, in the active segment first and then in the older files: until one has the
/// decision, or for a message, in the first that has anything and in the next older one, because a
/// segment may have been closed in the middle of it. A reference tells its time, so files that
/// ended before it are left alone, as are all that ended before `since`. Where servers have given
/// the same reference, there are several decisions. Problems if the active segment cannot be read
/// and no older file has anything.
Result<FoundInJournal> find_in_journal(
    const std::string& path, const JournalQuery& query,
    std::optional<std::chrono::system_clock::time_point> since = std::nullopt);

}  // namespace postern
