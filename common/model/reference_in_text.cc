#include "model/reference_in_text.h"

#include "model/text.h"

#include <algorithm>

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

std::vector<Reference> find_references(std::string_view text, std::size_t most) {
  std::vector<Reference> references;
  for (auto at = text.find('-'); at != std::string_view::npos && references.size() < most;
       at = text.find('-', at + 1)) {
    if (at < first_hyphen) continue;
    // With an octet on either side, so that a longer word is not taken for one.
    const auto begin = at == first_hyphen ? 0 : at - first_hyphen - 1;
    const auto reference =
        find_reference(text.substr(begin, length + (at == first_hyphen ? 1 : 2)));
    // Words of a whole that parses only without its neighbours are none.
    if (!reference || !looks_like_reference(text.substr(at - first_hyphen, length))) continue;
    if (std::find(references.begin(), references.end(), *reference) == references.end()) {
      references.push_back(*reference);
    }
  }
  return references;
}

std::vector<std::string> mistyped_references(std::string_view text) {
  constexpr std::string_view before = "ref";
  constexpr std::size_t most = 10;
  std::vector<std::string> found;
  for (auto at = text.find(before); at != std::string_view::npos && found.size() < most;
       at = text.find(before, at + 1)) {
    if (at > 0 && is_letter_or_digit(text[at - 1])) continue;
    // Mails fold their lines anywhere.
    const auto begin = text.find_first_not_of(" \t\r\n", at + before.size());
    if (begin == std::string_view::npos || begin == at + before.size()) continue;
    const auto word = text.substr(begin, length);
    const auto end = begin + length;
    if (!looks_like_reference(word) || find_reference(word)) continue;
    if (end < text.size() && (text[end] == '-' || is_letter_or_digit(text[end]))) continue;
    if (std::find(found.begin(), found.end(), word) == found.end()) found.emplace_back(word);
  }
  return found;
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
