#include "model/reference_in_text.h"

#include "model/text.h"

namespace postern {
namespace {

constexpr std::size_t length = 14;  // XXXX-XXXX-XXXX
constexpr std::size_t first_hyphen = 4;
constexpr std::size_t second_hyphen = 9;

}  // namespace

std::optional<Reference> find_reference(std::string_view text) {
  if (const auto whole = Reference::parse(text)) return whole;
  const auto of_a_word = [&](std::size_t at) {
    if (at >= text.size()) return false;
    return text[at] == '-' || is_letter_or_digit(text[at]);
  };
  for (std::size_t at = 0; at + length <= text.size(); ++at) {
    if (text[at + first_hyphen] != '-' || text[at + second_hyphen] != '-' ||
        of_a_word(at + length) || (at > 0 && of_a_word(at - 1))) {
      continue;
    }
    if (const auto found = Reference::parse(text.substr(at, length))) return found;
  }
  return std::nullopt;
}

bool looks_like_reference(std::string_view text) noexcept {
  constexpr std::string_view around = " ()\t\r\n";
  const auto trim = [&] {
    const auto first = text.find_first_not_of(around);
    text = first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(around) - first + 1);
  };
  trim();
  if (text.starts_with("ref ")) {
    text.remove_prefix(sizeof "ref");
    trim();
  }
  if (text.size() != length) return false;
  for (std::size_t at = 0; at < length; ++at) {
    const bool hyphen = at == first_hyphen || at == second_hyphen;
    if (hyphen ? text[at] != '-' : !is_letter_or_digit(text[at])) return false;
  }
  return true;
}

}  // namespace postern
