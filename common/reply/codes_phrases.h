// What mail servers say in their replies, and the reason of the catalogue that it speaks of.
// Constant data; pure; safe from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// How much words count beside an enhanced code that means something else.
enum class Weight : std::uint8_t {
  hint,  ///< a mere word, "spf": the code is believed
  plain  ///< says the cause outright, "relay access denied": the words are believed
};

/// A row of the table. `words` in small letters; " * " stands for anything between two parts.
struct Phrase {
  std::string_view words;
  std::string_view reason;
  /// The reason for the same cause with a code of the other class, where there is one.
  std::string_view counterpart = {};
  Weight weight = Weight::hint;
};

/// `words` in small letters, without addresses, which say nothing about causes
/// ("<spam@example.org>"), and with one space for many.
std::string searchable_words(std::string_view words);

/// True if the phrase stands in `text` (searchable words) at the start of a word.
bool has_phrase(std::string_view text, std::string_view phrase);

/// The whole table, most specific first.
std::span<const Phrase> all_phrases();

/// The rows whose words stand in `text` (searchable words), most specific first.
std::vector<const Phrase*> phrases_in(std::string_view text);

}  // namespace postern
