// Journal: takes finished records from any thread and writes them from one of its own.
#pragma once

#include "journal/record.h"
#include "rules/settings.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace postern {

/// Where front ends put records. Thread-safe; never blocks, never throws, never changes a reply.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual void submit(Record record) noexcept = 0;
};

struct JournalCounters {
  std::uint64_t written = 0;
  std::uint64_t lost_queue_full = 0;
  std::uint64_t lost_write_failed = 0;  ///< also records too long for a line
  std::uint64_t queued = 0;
  std::uint64_t wake_ups = 0;   ///< of the journal's thread, by those who submit
  std::string last_error;       ///< of the file; empty when well
  std::uint64_t segments = 0;   ///< closed
  std::uint64_t octets = 0;     ///< of the journal with all its segments and their indexes
  std::string segment_trouble;  ///< with closing them or with closed ones; empty when well
};

/// Writes JSON lines to the file of JournalSettings and the mail-log line through `log_line`, both
/// from its own thread, in batches. A full queue or a failing disk is counted and logged once, and
/// delays nobody. When the file is large or old enough it is closed, and becomes a segment beside a
/// new one; another thread looks after the closed ones (JournalKeeper). Where the path is a
/// symbolic link, all of that is beside the file it leads to (behind_links).
///
/// What the file never has: half a line before a good one. What a kill -9 can lose: the records
/// still queued, a few milliseconds' worth. What a power cut can lose: about the last second, after
/// settle() nothing.
class Journal final : public RecordSink {
 public:
  using LogLine = std::function<void(const std::string& line)>;
  using Notice = std::function<void(const std::string& message)>;
  /// A decision that is complete, with its trail, and the policy that made it.
  using Seen = std::function<void(const Record& record, const Policy& policy)>;

  /// `queue_limit`: records that may wait, and as many times queued_octets; further ones are lost
  /// and counted, but one that waits alone. As much may be under way to the disk. `log_line` and
  /// `notice` are called from the journal's threads, not at the same time unless segments are in
  /// trouble, and must not call the journal; what they throw is dropped. `seen` is called likewise,
  /// of every record that the queue did not lose, kept or not. `notice` gets one message
  /// when records begin to get lost and one when that is over; without it the messages go to
  /// `log_line`. Throws std::system_error if no thread can be started.
  static constexpr std::size_t queued_octets = 8192;
  Journal(const JournalSettings& settings, const LogSettings& log, unsigned queue_limit,
          LogLine log_line, Notice notice = {}, Seen seen = {});
  /// Writes what is queued, then ends the thread.
  ~Journal() override;

  void submit(Record record) noexcept override;
  JournalCounters counters() const;
  /// Blocks until everything submitted before is written; for tests.
  void flush();
  /// As flush(), and brings it to the disk; for the stop. False when that is not done within
  /// `limit`, because the disk hangs, or failed.
  bool settle(std::chrono::milliseconds limit);
  /// Opens the file anew (log rotation) and takes new settings after a reload. What was submitted
  /// before goes to the old file. Returns when that is done, or after five seconds if the disk
  /// hangs; it is then done later.
  void reopen(const JournalSettings& settings, const LogSettings& log);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern
