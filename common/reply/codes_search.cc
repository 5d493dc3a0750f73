#include "reply/codes_search.h"

#include "model/text.h"
#include "reply/codes_query.h"

#include <algorithm>
#include <string>

namespace postern {

namespace {

// Octets. Longer questions are pasted replies, whose every word no reason has.
constexpr std::size_t longest_search = 200;
// Octets. A reply of several lines is a few hundred.
constexpr std::size_t longest_reply = 4'000;

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_word_part(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

/// Words of letters and digits, in small letters.
std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : lower(text)) {
    if (!is_word_part(c)) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    words.back() += c;
    inside = true;
  }
  return words;
}

bool has_all(const std::vector<std::string>& text, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& word) {
    return std::any_of(text.begin(), text.end(),
                       [&](const std::string& other) { return other.starts_with(word); });
  });
}

std::string foremost_text(const Reason& reason) {
  return std::string(reason.id) + ' ' + std::string(reason.what) + ' ' + std::string(reason.text);
}

std::string whole_text(const Reason& reason) {
  std::string text = foremost_text(reason);
  for (const auto part : {reason.group, reason.advice, reason.sender_help, reason.admin_help,
                          reason.note, reason.reference}) {
    text += ' ' + std::string(part);
  }
  for (const auto cause : reason.causes) text += ' ' + std::string(cause);
  return text;
}

}  // namespace

std::vector<const Reason*> search_reasons(std::string_view what) {
  const auto wanted = words_in(what.substr(0, longest_search));
  const bool searchable = std::any_of(wanted.begin(), wanted.end(), [](const std::string& word) {
    return word.size() > 1 && std::any_of(word.begin(), word.end(), is_letter);
  });
  std::vector<const Reason*> found;
  if (!searchable) return found;
  for (const auto text_of : {foremost_text, whole_text}) {
    for (const auto& reason : all_reasons()) {
      if (has_all(words_in(text_of(reason)), wanted)) found.push_back(&reason);
    }
    if (!found.empty()) return found;
  }
  // A single word that nobody knows is more likely a typing error.
  if (wanted.size() < 2) return found;
  for (const auto id : reasons_by_words(what.substr(0, longest_reply))) {
    if (const auto* reason = find_reason(id)) found.push_back(reason);
  }
  return found;
}

}  // namespace postern
