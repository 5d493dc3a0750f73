// Looks for the reply of a mail server in texts for people. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

/// A reply as it stands in a text, all lines of it joined.
struct FoundReply {
  std::string text;  ///< "550 5.1.1 No such user", from the code on
  std::optional<int> code;
  std::string enhanced;
};

/// The first reply of 4xx or 5xx in `text`, best one with both codes; of its paragraph, up to
/// 1,000 octets. nullopt when there is none.
std::optional<FoundReply> find_reply(std::string_view text);

/// Three digits of a refusal at `at`, and no more of them around.
bool has_refusal_code(std::string_view text, std::size_t at);

/// One space for all white space between words; the first `longest` octets.
std::string on_one_line(std::string_view text, std::size_t longest);

}  // namespace postern
