// Look-ups in a journal and in the files that log rotation has left beside it.
#pragma once

#include "journal/find.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace postern {

/// Rotated files looked into for one query: two months of daily rotation and more.
constexpr std::size_t most_rotated_files = 100;

/// The rotated files of the journal `path` ("decisions.jsonl.1", "decisions.jsonl.2.gz",
/// "decisions.jsonl-20261121"), the one written to last first, at most most_rotated_files. With
/// `written_since`, only those that were still written to then.
std::vector<std::string> rotated_files(
    const std::string& path,
    std::optional<std::chrono::system_clock::time_point> written_since = std::nullopt);

struct FoundInJournal {
  FoundRecords found;
  std::size_t rotated = 0;  ///< rotated files looked into
  Problems unread;          ///< rotated files that could not be read
  bool cut = false;         ///< there may be more records than are kept
};

/// As find_records, in the journal first and then in the rotated files: until one has the decision,
/// or for a message, in the first that has anything and in the next older one, because rotation
/// may have come in the middle of it. A reference tells its time, so files that ended before it
/// are left alone. Problems if the journal itself cannot be read and no rotated file has anything.
Result<FoundInJournal> find_in_journal(const std::string& path, const JournalQuery& query);

}  // namespace postern
