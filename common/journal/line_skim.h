// skim(): what an index needs to know of a journal line, found in one pass over its octets, ten
// times as fast as parsing it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What records are looked for by.
enum class IndexKey : std::uint8_t {
  reference,
  queue_id,
  instance,  ///< of the Postfix policy protocol
  session,
  client,  ///< address
  sender,  ///< whole address
  sender_domain,
  recipient,
  recipient_domain,
};

/// Views into the line, as they stand there: escaped as JSON strings, without the quotes.
struct SkimmedLine {
  struct Key {
    IndexKey kind;
    std::string_view value;
  };

  std::string_view kind;
  std::string_view reference;
  std::string_view time;
  std::string_view policy;
  std::string_view verdict;     ///< of the decision; empty: there is none
  bool told_something = false;  ///< sent.expected is not empty: the client read something of ours
  std::vector<Key> keys;
};

/// False if the line is no complete JSON object, such as a torn one. `found` is emptied first, so
/// that its memory can be used again.
bool skim(std::string_view line, SkimmedLine& found);

/// Whether the record is one of mail that passed, which is kept for as long as accepts are: a pass
/// or an accept, or a repeat that told nobody anything. Not a join, which says nothing by itself.
bool is_of_a_pass(const SkimmedLine& line);

/// A number for a key: equal for equal values, capital and small letters alike. `value` as in
/// SkimmedLine.
std::uint64_t key_number(IndexKey kind, std::string_view value);
/// The same for octets that are not escaped.
std::uint64_t key_number_of_text(IndexKey kind, std::string_view octets);

}  // namespace postern
