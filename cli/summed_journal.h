// The records of a journal, read once and summed up. For stats.cc and report.cc.
#pragma once

#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/options.h"
#include "journal/reader.h"
#include "journal/record_sums.h"

#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace postern::cli {

/// Whether the time before is read too, to compare with.
enum class TimeBefore : std::uint8_t { passed_over, summed };

struct SummedJournal {
  JournalSource source;
  RecordSums now;
  RecordSums before;  ///< of the same length, right before; empty if it was not asked for
  ReadCounts counts;
  Problems unread;                       ///< files
  std::optional<TimeSpan::Time> oldest;  ///< of the records that were read
  std::string newest_policy;             ///< digest of the last decision's policy
};

/// The exit status where nothing can be read, which has been told on standard error; as has what
/// had to be passed over. Without a time in `request` the last seven days.
std::variant<std::unique_ptr<SummedJournal>, int> sum_journal(const Options& options,
                                                              TimeBefore before, Terminal terminal);

}  // namespace postern::cli
