// JournalWalk: the records of a whole journal in time order, from all its files as they were when
// the walk began. One thread at a time.
#pragma once

#include "journal/journal_parts.h"
#include "journal/reader.h"
#include "postern/result.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace postern {

class JournalWalk {
 public:
  using Time = std::chrono::system_clock::time_point;

  struct Span {
    std::optional<Time> since;  ///< earlier records are left out, and files without others not read
    std::optional<Time> until;  ///< as are those from this moment on
  };

  JournalWalk(const std::string& path, ReadOrder order, const Span& span = {});

  /// The next record; what cannot be read is counted and passed over. nullopt at the end. Within a
  /// file records stand as they were finished, which is nearly the order of their times.
  std::optional<Record> next();
  /// The next line of any of the files unparsed, whatever its time.
  std::optional<JournalLine> next_line();
  /// Parses a line of next_line(); nullopt, and counted, when it is no record.
  std::optional<Record> parse(const JournalLine& line);

  ReadCounts counts() const;
  /// Files that could not be read, or not to their end.
  const Problems& unread() const noexcept { return unread_; }
  /// Files that are done with, and all that there are to read.
  std::size_t files_done() const noexcept { return at_; }
  std::size_t files() const noexcept { return parts_.size(); }
  /// How much of all that there is to read has been read, 0 to 1, as near as it can be known
  /// without unpacking it: for showing progress.
  double done() const noexcept;

 private:
  bool open_next();
  void leave();
  void go_on() noexcept;
  bool is_within(const JournalPart& part) const;
  Result<JournalReader> open(JournalPart& part) const;

  ReadOrder order_;
  Span span_;
  std::vector<JournalPart> parts_;
  std::vector<double> weights_;  // of parts_, in octets of text
  double weight_ = 0;            // of all
  double weight_done_ = 0;
  std::size_t at_ = 0;
  std::optional<JournalReader> reader_;
  ReadCounts counts_;
  Problems unread_;
};

}  // namespace postern
