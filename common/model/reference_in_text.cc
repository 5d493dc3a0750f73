#include "model/reference_in_text.h"

namespace postern {

std::optional<Reference> find_reference(std::string_view text) {
  if (const auto whole = Reference::parse(text)) return whole;
  constexpr std::size_t length = 14;  // XXXX-XXXX-XXXX
  const auto of_a_word = [&](std::size_t at) {
    if (at >= text.size()) return false;
    const char c = text[at];
    return c == '-' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  };
  for (std::size_t at = 0; at + length <= text.size(); ++at) {
    if (text[at + 4] != '-' || text[at + 9] != '-' || of_a_word(at + length) ||
        (at > 0 && of_a_word(at - 1))) {
      continue;
    }
    if (const auto found = Reference::parse(text.substr(at, length))) return found;
  }
  return std::nullopt;
}

}  // namespace postern
