#include "reply/codes_search.h"

#include "model/text.h"
#include "reply/codes_own.h"
#include "reply/codes_phrases.h"

#include <algorithm>
#include <array>
#include <string>

namespace postern {

namespace {

// Octets. Longer questions are pasted replies, whose every word no reason has.
constexpr std::size_t longest_search = 200;
// Octets. A reply of several lines is a few hundred.
constexpr std::size_t longest_reply = 4'000;

/// Words of letters and digits, in small letters.
std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : lower(text)) {
    if (!is_letter_or_digit(c)) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    words.back() += c;
    inside = true;
  }
  return words;
}

/// Words that people search with, by their beginning, and the beginnings of the catalogue's words
/// for the same. An empty alternative is unused.
struct Synonym {
  std::string_view word;
  std::array<std::string_view, 2> ours;
};
constexpr Synonym synonyms[] = {
    {"antivir", {"virus"}},
    {"barracuda", {"dnsbl"}},
    {"blacklist", {"dnsbl", "blocked"}},
    {"blocklist", {"dnsbl", "blocked"}},
    {"callback", {"unverified"}},
    {"callout", {"unverified"}},
    {"credential", {"password"}},
    {"encrypt", {"encrypt", "tls"}},
    {"fcrdns", {"rdns"}},
    {"geoip", {"country"}},
    {"graylist", {"greylist"}},
    {"junk", {"spam"}},
    {"large", {"larger", "big"}},
    {"nonexist", {"unknown"}},
    {"nullmx", {"null"}},
    {"oversize", {"big"}},
    {"phish", {"spam"}},
    {"ratelimit", {"rate"}},
    {"rbl", {"dnsbl"}},
    {"sasl", {"auth"}},
    {"sorbs", {"dnsbl"}},
    {"spamcop", {"dnsbl"}},
    {"spamhaus", {"dnsbl"}},
    {"spoof", {"forge"}},
    {"ssl", {"tls"}},
    {"surbl", {"dnsbl"}},
    {"throttl", {"rate"}},
    {"trojan", {"virus"}},
    {"unsolicited", {"spam"}},
    {"uribl", {"dnsbl"}},
};

/// "greylisting" and "addresses" without their endings. What is left is a beginning, so it need not
/// be a word.
std::string_view stem(std::string_view word) {
  constexpr std::size_t shortest = 4;
  for (const std::string_view ending : {"ing", "ed", "es", "s"}) {
    if (word.size() >= ending.size() + shortest && word.ends_with(ending)) {
      return word.substr(0, word.size() - ending.size());
    }
  }
  return word;
}

/// The beginnings of words of which a text must have one.
std::vector<std::string_view> beginnings_for(std::string_view word) {
  for (const auto& synonym : synonyms) {
    if (!word.starts_with(synonym.word)) continue;
    std::vector<std::string_view> beginnings;
    for (const auto ours : synonym.ours) {
      if (!ours.empty()) beginnings.push_back(ours);
    }
    return beginnings;
  }
  return {stem(word)};
}

bool has_all(const std::vector<std::string>& text, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& word) {
    const auto beginnings = beginnings_for(word);
    return std::any_of(text.begin(), text.end(), [&](const std::string& other) {
      return std::any_of(beginnings.begin(), beginnings.end(),
                         [&](std::string_view beginning) { return other.starts_with(beginning); });
    });
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
  CodesQuery pasted;
  pasted.words = what.substr(0, longest_reply);
  if (const auto* own = own_reason(pasted)) return {own};
  const auto phrases = phrases_in(searchable_words(pasted.words));
  if (phrases.empty()) return found;
  for (const auto id : {phrases.front()->reason, phrases.front()->counterpart}) {
    if (const auto* reason = find_reason(id)) found.push_back(reason);
  }
  return found;
}

}  // namespace postern
