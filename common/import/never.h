// Never: what a file of another program asks about and Postern never says, so that a rule made of
// it would look like protection and match nothing. Pure.
#pragma once

#include "import/import.h"

#include <string>
#include <string_view>

namespace postern::importer {

/// What stands against a pattern or key.
struct Never {
  enum class How {
    may_match,
    in_part,  ///< some of what it is written for
    at_all,
  };
  How how = How::may_match;
  std::string why;  ///< one sentence without final stop; empty: it may match
};

/// Of a pattern that is asked about the names of clients, the words of HELO, or addresses.
Never pattern_never(Keys keys, std::string_view pattern);
/// Of a name, address or domain that is compared as a whole.
Never word_never(Keys keys, std::string_view word);

/// What stands against a name, domain or address that is compared as a whole and ends in a dot;
/// empty: it does not.
std::string final_dot(std::string_view word);

/// What stands against a POSIX pattern that names the ends of a word, \< and \>, which RE2 takes
/// for the brackets; empty: it does not.
std::string ends_of_words(std::string_view pattern);

/// Whether a pattern, in letters of either case, fits `text`. What RE2 does not take fits nothing.
bool pattern_fits(const std::string& pattern, std::string_view text);

/// Whether a pattern matches the empty text alone: "^$".
bool is_empty_pattern(std::string_view pattern);
/// Why a pattern that only the sender of bounces can fit stays out of lists.
std::string bounces_apart();

}  // namespace postern::importer
