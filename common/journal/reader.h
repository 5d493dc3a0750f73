// JournalReader: the records of a journal file, streamed in either direction. Files of
// gigabytes are read in blocks; nothing but the current line is kept. One thread at a time.
#pragma once

#include "journal/record.h"
#include "postern/result.h"
#include "system/unique_fd.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

enum class ReadOrder : std::uint8_t { oldest_first, newest_first };

/// What was read, and what had to be left out. A crash or a full disk may leave half a line behind;
/// it must not hide the records around it, and it must not go unmentioned.
struct ReadCounts {
  std::uint64_t lines = 0;       ///< complete or not, without empty ones
  std::uint64_t unreadable = 0;  ///< torn, foreign or longer than longest_journal_line
  std::uint64_t foreign = 0;     ///< of these: whole JSON, and no record that can be read here
  std::string first_fault;       ///< of the first unreadable line: byte offset and what is wrong
};

/// A line without its line end, at most longest_journal_line octets.
struct JournalLine {
  std::string text;
  std::uint64_t offset = 0;  ///< of its first octet in the file
};

/// The lines of one file. Reads up to the end that the file had when it was opened.
class JournalReader {
 public:
  /// A Problem if the file cannot be opened or is no regular file. One whose name ends in ".gz" is
  /// unpacked as it is read; what is damaged in it is passed over.
  static Result<JournalReader> open(const std::string& path, ReadOrder order);
  /// Of a file that is open for reading; `path` as in open().
  static Result<JournalReader> of(UniqueFd file, const std::string& path, ReadOrder order);
  ~JournalReader();
  JournalReader(JournalReader&&) noexcept;
  JournalReader& operator=(JournalReader&&) noexcept;

  /// The next record; what cannot be read is counted and passed over. nullopt at the end.
  std::optional<Record> next();
  /// The next line unparsed, for those who look before they parse; too long ones are counted and
  /// passed over. nullopt at the end.
  std::optional<JournalLine> next_line();
  /// Parses a line of next_line(); nullopt, and counted, when it is no record.
  std::optional<Record> parse(const JournalLine& line);

  const ReadCounts& counts() const noexcept;
  /// How much of the file has been read, 0 to 1.
  double done() const noexcept;
  /// Known at the end: why reading ended early, or what was damaged and left out; else empty.
  const std::string& read_error() const noexcept;

 private:
  struct State;
  explicit JournalReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace postern
