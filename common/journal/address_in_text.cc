#include "journal/address_in_text.h"

#include "model/text.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace postern {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

/// RFC 5322 3.2.3 with the dot and what SMTPUTF8 adds.
bool is_of_local(char c) {
  constexpr std::string_view others = "!#$%&'*+-/=?^_`{|}~.";
  return is_letter_or_digit(c) || is_beyond_ascii(c) || others.find(c) != std::string_view::npos;
}
bool is_of_domain(char c) {
  return is_letter_or_digit(c) || is_beyond_ascii(c) || c == '-' || c == '.' || c == '_';
}

/// Whether a local part that begins here would begin earlier. Texts have "to=bob@example.org" and
/// "'bob@example.org'", so that not all that may be in a local part is taken for it.
bool goes_on_before(std::string_view text, std::size_t at) {
  if (at == 0) return false;
  const char c = text[at - 1];
  return is_letter_or_digit(c) || is_beyond_ascii(c) || c == '.' || c == '_' || c == '-' ||
         c == '+';
}
bool goes_on_behind(std::string_view text, std::size_t at) {
  if (at >= text.size()) return false;
  const char c = text[at];
  if (c == '.') return at + 1 < text.size() && is_letter_or_digit(text[at + 1]);
  return is_letter_or_digit(c) || is_beyond_ascii(c) || c == '-' || c == '_';
}

std::string in_quotes(std::string_view local) {
  std::string text = "\"";
  for (const char c : local) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

bool replace_all(std::string& text, const std::string& wanted, std::string_view other,
                 bool in_bounce_address) {
  bool found = false;
  auto folded = lower(text);
  for (auto at = folded.find(wanted); at != std::string::npos; at = folded.find(wanted, at)) {
    const auto end = at + wanted.size();
    // "bounce-bob=example.org@lists.example": what is before it is a part of another address.
    const bool begins = in_bounce_address ? at == 0 || !is_letter_or_digit(text[at - 1])
                                          : !goes_on_before(text, at);
    if (!begins || goes_on_behind(text, end)) {
      ++at;
      continue;
    }
    text.replace(at, wanted.size(), other);
    folded = lower(text);
    at += other.size();
    found = true;
  }
  return found;
}

/// Where a quoted string begins that ends before `end`; `end` if there is none.
std::size_t begin_of_quoted(std::string_view text, std::size_t end) {
  for (auto begin = end - 1; begin-- > 0;) {
    if (text[begin] != '"') continue;
    std::size_t escapes = 0;
    while (escapes < begin && text[begin - 1 - escapes] == '\\') ++escapes;
    if (escapes % 2 == 0) return begin;
  }
  return end;
}

/// Where a local part begins whose '@' stands at `at`; `at` if there is none.
std::size_t begin_of_local(std::string_view text, std::size_t at) {
  auto begin = at;
  if (at > 1 && text[at - 1] == '"') {
    begin = begin_of_quoted(text, at);
    if (begin == at) return at;
  }
  // Before a quoted string too: what stands for it must not make another local part of them.
  while (begin > 0 && is_of_local(text[begin - 1])) --begin;
  // Quotation marks around an address.
  while (begin < at && (text[begin] == '\'' || text[begin] == '`')) ++begin;
  return begin;
}

std::size_t end_of_domain(std::string_view text, std::size_t begin) {
  auto end = begin;
  if (end < text.size() && text[end] == '[') {
    const auto close = text.find(']', end);
    return close == std::string_view::npos ? begin : close + 1;
  }
  while (end < text.size() && is_of_domain(text[end])) ++end;
  while (end > begin && text[end - 1] == '.') --end;
  return end;
}

}  // namespace

bool is_hidden_local(std::string_view local) noexcept {
  if (!local.starts_with(hidden_local)) return false;
  if (local == erased_local) return true;
  local.remove_prefix(hidden_local.size());
  return local.empty() ||
         (local.size() == hash_digits && std::all_of(local.begin(), local.end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
          }));
}

bool replace_address(std::string& text, const MailAddress& address, std::string_view other) {
  const auto domain = lower(address.domain());
  if (text.size() < domain.size()) return false;
  const auto local = lower(address.local());
  bool found = replace_all(text, in_quotes(local) + '@' + domain, other, false);
  found = replace_all(text, local + '@' + domain, other, false) || found;
  // A second '@' would make it no address.
  std::string inside(other);
  std::replace(inside.begin(), inside.end(), '@', '=');
  found = replace_all(text, local + '=' + domain, inside, true) || found;
  // SRS: "SRS0=hash=day=example.org=bob@forwarder.example".
  return replace_all(text, domain + '=' + local, inside, false) || found;
}

bool replace_locals(std::string& text, const LocalEdit& other) {
  bool changed = false;
  for (auto at = text.find('@'); at != std::string::npos; at = text.find('@', at + 1)) {
    const auto begin = begin_of_local(text, at);
    const auto end = end_of_domain(text, at + 1);
    if (begin == at || end == at + 1) continue;
    const auto local = other(std::string_view(text).substr(begin, at - begin),
                             std::string_view(text).substr(at + 1, end - at - 1));
    if (!local) continue;
    text.replace(begin, at - begin, *local);
    at = begin + local->size();
    changed = true;
  }
  return changed;
}

}  // namespace postern
