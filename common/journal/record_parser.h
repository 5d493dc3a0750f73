// RecordParser: reads many lines of a journal, keeping the memory that reading one takes.
#pragma once

#include "journal/record.h"

#include <memory>
#include <string_view>

namespace postern {

/// One thread at a time.
class RecordParser {
 public:
  RecordParser();
  ~RecordParser();
  RecordParser(RecordParser&&) noexcept;
  RecordParser& operator=(RecordParser&&) noexcept;

  /// As record_from_json().
  Result<Record> parse(std::string_view line);
  /// Whether the line of the last parse() was a whole JSON object: if it was no record, then no
  /// crash has torn it.
  bool was_whole() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern
