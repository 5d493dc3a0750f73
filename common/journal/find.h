// RecordFinder: looks for the records of one decision or message through the files of a journal,
// the newest first, and remembers from one to the next what leads on. One thread at a time.
#pragma once

#include "journal/reader.h"
#include "postern/reference.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace postern {

/// What a person has in hand when looking for a decision.
struct ByReference {
  Reference reference;
};
struct ByQueueId {
  std::string queue_id;
};
struct ByInstance {
  std::string instance;  ///< of the Postfix policy protocol
};
using JournalQuery = std::variant<ByReference, ByQueueId, ByInstance>;

/// A reference anywhere in `text`, such as a reply pasted from a bounce; else an instance
/// ("437b.6b009e9b.c35ad.0") or a queue id, whatever it looks like.
JournalQuery query_from_text(std::string_view text);

struct FoundRecords {
  std::vector<Record> records;
  ReadCounts counts;
};

class RecordFinder {
 public:
  /// Keeps at most `limit` records, the newest.
  explicit RecordFinder(const JournalQuery& query, std::size_t limit = 1000);
  ~RecordFinder();
  RecordFinder(RecordFinder&&) noexcept;
  RecordFinder& operator=(RecordFinder&&) noexcept;

  /// Looks into the next older file. Problems only of the file itself.
  Problems search(const std::string& path);
  /// The same of a file that is open, newest first.
  Problems search(JournalReader& reader);
  /// The same of whole lines, oldest first, that stand at `offset` in the text of the file `path`.
  void search_lines(std::string_view lines, const std::string& path, std::uint64_t offset);
  /// What a record has at least one of that search() would find now: numbers as of key_number().
  std::vector<std::uint64_t> keys() const;

  enum class Progress : std::uint8_t {
    nothing,  ///< found yet
    some,     ///< and older records may belong to it
    all,      ///< that there can be, or that may be kept
  };
  Progress progress() const noexcept;

  /// By reference: a decision was found. What goes on looking does so for another one that has the
  /// same reference, which servers may give that do not know of each other.
  bool has_decision() const noexcept { return whole_; }

  /// What was found, once. By reference: the decision and its repeats. By queue id: also what the
  /// same message left before the MTA gave it its queue id, joined by session tag and sender.
  FoundRecords take(ReadOrder order);

  class Query;  ///< how records are told apart; known to the implementation alone

 private:
  void consider(Record&& record);
  bool goes_on();

  std::unique_ptr<Query> query_;
  std::size_t limit_;
  bool whole_ = false;
  std::size_t further_ = 0;  // lines to look at although there is a decision
  FoundRecords found_;       // newest first
};

/// The records that answer `query` in one file, at most `limit`. Problems only of the file itself.
Result<FoundRecords> find_records(const std::string& path, const JournalQuery& query,
                                  ReadOrder order = ReadOrder::oldest_first,
                                  std::size_t limit = 1000);

}  // namespace postern
