// JournalText: the octets of a file of a journal, unpacked if its name ends in ".gz", in pieces
// from one of its ends on. Nothing is written anywhere, and little is kept in memory. One thread at
// a time.
#pragma once

#include "journal/gzip_text.h"
#include "journal/reader.h"
#include "postern/result.h"
#include "system/unique_fd.h"

#include <cstdint>
#include <memory>
#include <string>

namespace postern {

class JournalText {
 public:
  /// Problems if the file (of `path`, which tells its form and is named in problems) is no regular
  /// one, or cannot be unpacked at all. To be read from its end, a compressed file is unpacked once
  /// from its beginning here.
  static Result<std::unique_ptr<JournalText>> of(UniqueFd file, const std::string& path,
                                                 ReadOrder order);
  virtual ~JournalText() = default;

  /// The next piece in the order of reading, not empty; its octets are in the order of the file.
  /// False at the end, or where error() says why.
  virtual bool next(std::string& piece) = 0;
  /// How much has been read, 0 to 1.
  virtual double done() const noexcept = 0;
  /// Octets of text, known only when read from the end.
  virtual std::uint64_t size() const noexcept = 0;
  /// Of the system, if reading ended early.
  const std::string& error() const noexcept { return error_; }
  /// What was passed over.
  virtual GzipDamage damage() const { return {}; }

 protected:
  JournalText() = default;
  JournalText(const JournalText&) = delete;
  JournalText& operator=(const JournalText&) = delete;

  std::string error_;
};

}  // namespace postern
