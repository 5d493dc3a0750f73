#include "reply/codes_own.h"

#include "model/text.h"

#include <algorithm>
#include <string>
#include <vector>

namespace postern {

namespace {

// Octets. A whole first sentence has at most 100, so no value in it is longer.
constexpr std::size_t longest_value = 100;

/// The fixed words of a text's first sentence, in order, in small letters. The second one is left
/// out of a reply where there is no room.
std::vector<std::string> fixed_words(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto open = text.find('{');
    const auto literal = text.substr(0, open);
    const auto end = literal.find(". ");
    parts.push_back(lower(literal.substr(0, end == std::string_view::npos ? end : end + 1)));
    if (end != std::string_view::npos || open == std::string_view::npos) break;
    const auto close = text.find('}', open);
    text = close == std::string_view::npos ? std::string_view{} : text.substr(close + 1);
  }
  return parts;
}

/// True if the parts follow each other in `text` from `at`, with a value between them.
bool follow(std::string_view text, std::size_t at, const std::vector<std::string>& parts) {
  for (const auto& part : parts) {
    const auto found = text.substr(at, longest_value + part.size()).find(part);
    if (found == std::string_view::npos) return false;
    at += found + part.size();
  }
  return true;
}

bool says(std::string_view text, const std::vector<std::string>& parts) {
  for (auto at = text.find(parts.front()); at != std::string_view::npos;
       at = text.find(parts.front(), at + 1)) {
    if (follow(text, at, parts)) return true;
  }
  return false;
}

struct OwnText {
  const Reason* reason = nullptr;
  std::vector<std::string> parts;
  std::size_t length = 0;  // octets of all parts
};

const std::vector<OwnText>& own_texts() {
  static const auto texts = [] {
    std::vector<OwnText> all;
    for (const auto& reason : all_reasons()) {
      OwnText own{&reason, fixed_words(reason.text), 0};
      for (const auto& part : own.parts) own.length += part.size();
      all.push_back(std::move(own));
    }
    // The longer the words, the less they can stand there by chance.
    std::stable_sort(all.begin(), all.end(),
                     [](const OwnText& a, const OwnText& b) { return a.length > b.length; });
    return all;
  }();
  return texts;
}

bool has_form(const Reason& reason, const CodesQuery& query) {
  const auto forms = allowed_forms(reason);
  return std::any_of(forms.begin(), forms.end(), [&](const ReplyForm& form) {
    if (query.code && form.code.value() != *query.code) return false;
    if (!query.enhanced || !form.enhanced) return true;
    return form.enhanced->subject() == query.enhanced->subject &&
           form.enhanced->detail() == query.enhanced->detail;
  });
}

const Reason* by_advice(std::string_view text, const CodesQuery& query) {
  const Reason* only = nullptr;
  for (const auto& reason : all_reasons()) {
    if (reason.advice.empty() || !has_form(reason, query)) continue;
    if (text.find(lower(reason.advice)) == std::string_view::npos) continue;
    if (only != nullptr) return nullptr;
    only = &reason;
  }
  return only;
}

}  // namespace

const Reason* own_reason(const CodesQuery& query) {
  const auto text = lower(query.words);
  for (const auto& own : own_texts()) {
    if (says(text, own.parts)) return own.reason;
  }
  return query.reference.empty() ? nullptr : by_advice(text, query);
}

}  // namespace postern
