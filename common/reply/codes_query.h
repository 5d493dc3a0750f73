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
  std::string reference;                  ///< of a reply of ours, as "XXXX-XXXX-XXXX"; may be empty
  std::vector<std::string> faults;        ///< what is wrong with the form of a pasted reply
};

/// nullopt when there is neither a code nor an enhanced code in it.
std::optional<CodesQuery> read_codes_query(std::string_view what);

}  // namespace postern
