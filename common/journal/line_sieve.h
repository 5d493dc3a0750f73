// LineSieve: tells lines of a journal that cannot be of a record that is looked for, without
// parsing them: that takes a hundredth of the time. Constant; any thread may ask.
#pragma once

#include "journal/line_skim.h"
#include "journal/search.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What the line of a record that is looked for must have: one of the octets, and in an index one
/// of the keys.
struct LineClue {
  std::vector<std::string> octets;
  std::vector<std::uint64_t> keys = {};  ///< numbers of key_number(); none: indexes do not know
};

/// "name":"value" as it stands in the line of a record.
std::string json_member_text(std::string_view name, std::string_view value);

class LineSieve {
 public:
  /// `more`: what the line must hold besides, one of each.
  explicit LineSieve(const RecordFilter& filter, std::vector<LineClue> more = {});

  enum class Answer : std::uint8_t {
    parse,
    pass_over,
    too_old,  ///< and so are all lines that were written before it
  };
  Answer look(std::string_view line) const;
  /// Keys of which a block of a segment must have one of each, to hold such a line.
  std::vector<std::vector<std::uint64_t>> keys() const;

 private:
  void add(const AddressFilter& filter, IndexKey whole, IndexKey domain_alone);

  std::vector<LineClue> clues_;
  std::string oldest_;
  std::string newest_;
};

}  // namespace postern
