// JournalWriter: makes lines of records and brings them into the active segment and the mail log,
// and closes that segment when it is large or old enough. One thread at a time, but for the counts.
#pragma once

#include "journal/address_mask.h"
#include "journal/journal.h"
#include "journal/journal_file.h"
#include "journal/lasting_trouble.h"
#include "journal/policy_store.h"
#include "journal/record_batch.h"
#include "rules/settings.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace postern {

/// Records written and lost. Thread-safe.
class JournalCount {
 public:
  void written(std::uint64_t records);
  void lost(std::uint64_t records);
  void trouble(const std::string& why);
  /// Why the active segment cannot be closed; empty: it can.
  void closing_trouble(const std::string& why);
  /// Of the active segment.
  void octets(std::uint64_t octets);
  /// Those of the file. Octets and trouble of segments are added to what is there.
  void read(JournalCounters& into) const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t written_ = 0;
  std::uint64_t lost_ = 0;
  std::string trouble_;
  std::string closing_trouble_;
  std::uint64_t octets_ = 0;
};

/// Whether somebody waits for the records to be written.
enum class Hurry : std::uint8_t { no, yes };

class JournalWriter {
 public:
  using Steady = std::chrono::steady_clock;

  struct Outlets {
    Journal::LogLine log_line;
    Journal::Notice notice;
    Journal::Seen seen;
    std::function<void()> closed;  ///< a segment has been; or there is room on the disk again
  };

  JournalWriter(const JournalSettings& settings, const LogSettings& log, Outlets outlets,
                PolicyStore& policies);

  const JournalCount& count() const noexcept { return count_; }

  void open();
  void write(RecordBatch& batch, Hurry hurry);
  /// Of the batch under way, what is not in the file is lost, for want of memory.
  void abandon() noexcept;
  /// Brings all to the disk, takes the settings, opens the file anew.
  void change(const JournalSettings& settings, const LogSettings& log);
  /// `lost`: records that the queue has lost since the start.
  void tell_about_overflow(std::uint64_t lost, std::size_t queue_limit);
  void sync(Hurry hurry);
  /// False: what was written last may not be on the disk.
  bool is_synced() const noexcept { return !last_sync_failed_; }
  void close_segment_if_due();
  /// When there will be something to do although no record comes.
  std::optional<Steady::time_point> next_due() const;

 private:
  void write_record(Record& record, Hurry hurry);
  void end_line(std::size_t start);
  void show(const Record& record, const Policy* policy) const noexcept;
  void write_hidden(Record& record, const Policy* policy, bool kept);
  void make_mask();
  void write_buffer(Hurry hurry);
  struct Appended {
    std::uint64_t lines = 0;
    std::string why;  ///< not all of them
  };
  Appended append_buffer();
  void open_if_due(Hurry hurry);
  void leave_if_removed();
  bool is_segment_due(JournalFile::Time now) const;
  bool close_segment(JournalFile::Time now);
  std::string close_file(JournalFile::Time now);
  void keep_policy(const Policy& policy);
  void lose(std::uint64_t records, const std::string& why);
  void recovered();
  void write_log_line(const Record& record) const;
  void tell(const std::string& message) const noexcept;

  JournalSettings settings_;
  LogSettings log_;
  const Outlets outlets_;
  PolicyStore& policies_;
  JournalCount count_;
  JournalFile file_;
  AddressMask mask_;
  std::string buffer_;
  std::uint64_t buffered_lines_ = 0;
  std::uint64_t in_file_ = 0;  // records written since it was opened
  std::size_t unwritten_ = 0;  // records of the batch that are not in the buffer yet
  Steady::time_point next_open_{};
  Steady::time_point next_sync_{};
  Steady::time_point next_closing_{};  // after one that failed
  Steady::time_point next_keeping_{};  // of a policy, after one that failed
  std::string kept_policy_;            // digest
  bool unsynced_ = false;
  bool last_sync_failed_ = false;
  bool write_failed_ = false;  // the descriptor may be stale: open anew when it is time
  bool in_trouble_ = false;    // file: told already
  std::uint64_t lost_in_trouble_ = 0;
  LastingTrouble closing_;
  bool keeping_failed_ = false;      // told already
  std::uint64_t overflow_told_ = 0;  // records lost to the queue at the last look
  bool overflowing_ = false;         // told already
};

}  // namespace postern
