// Reads what a person asks `postern codes` about: a code, a pair, or a whole pasted reply. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// An enhanced code as it was written, registered or not. `klass` 0 stands for X.
struct AskedEnhanced {
  int klass = 0;
  int subject = 0;
  int detail = 0;

  std::string text() const;
};

/// What was found in a question.
struct CodesQuery {
  std::optional<int> code;                ///< three digits, of any value
  std::optional<AskedEnhanced> enhanced;  ///< the first one
  std::string words;                      ///< the text behind the codes, all lines joined
  std::vector<std::string> faults;        ///< what is wrong with the form of a pasted reply
};

/// nullopt when there is neither a code nor an enhanced code in it.
std::optional<CodesQuery> read_codes_query(std::string_view what);

/// The reason whose idiom stands in the text of a reply ("relay access denied"), and behind it the
/// one for the same cause with a code of the other class, where there is one; empty if no idiom is
/// known.
std::vector<std::string_view> reasons_by_words(std::string_view words);

}  // namespace postern
