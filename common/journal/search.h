// Searching a journal by what a person knows of a message: who sent it, to whom, from where, when.
#pragma once

#include "journal/reader.h"
#include "postern/address.h"
#include "postern/result.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// An address, or all of a domain.
struct AddressFilter {
  MailAddress address;  ///< without a local part: every address of the domain
  bool whole_domain = false;
  std::string hidden_local = {};  ///< what may stand for its local part; empty: nothing

  /// Reads "bob@example.org", "example.org" and "@example.org" (a domain, without those below it),
  /// and "<>". nullopt for a word that can be neither.
  static std::optional<AddressFilter> parse(std::string_view text);
  /// Case does not count: whoever searches has the address from a mail or a telephone.
  bool fits(const MailAddress& other) const;
};

/// What a record must have; what is not set fits all.
struct RecordFilter {
  std::optional<Network> client;
  std::optional<AddressFilter> sender;
  std::optional<AddressFilter> recipient;  ///< one of them
  std::optional<std::chrono::system_clock::time_point> since;
  std::optional<std::chrono::system_clock::time_point> until;  ///< and not at that time any more

  bool empty() const noexcept;
  bool fits(const Record& record) const;
};

struct SearchedJournal {
  std::vector<Record> records;  ///< decisions, the newest first
  ReadCounts counts;
  std::size_t older = 0;  ///< closed and rotated files that were read
  Problems unread;        ///< files, or parts of them, that could not be read
  bool cut = false;       ///< there are more than are kept
};

/// The newest `most` decisions that fit, from all files of the journal, read from the end:
/// reading stops where they are found, or where all is older than `since`. A Problem if there is
/// no file that can be read.
Result<SearchedJournal> search_journal(const std::string& path, const RecordFilter& filter,
                                       std::size_t most);

}  // namespace postern
