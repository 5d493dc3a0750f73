#include "model/text.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <vector>

namespace postern {
namespace {

constexpr std::string_view mark_of_cut = "...";

/// Octets, ours: a message stays within two lines of a terminal, and no rule's name is longer.
constexpr std::size_t longest_citation = 100;
/// Octets kept of the end.
constexpr std::size_t kept_end = 37;
bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

bool is_printable_ascii(char c) { return c >= 0x20 && c <= 0x7e; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Optimal string alignment: insertions, deletions, substitutions, swaps of neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool all_digits(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

std::string_view trimmed(std::string_view text, std::string_view space) noexcept {
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::string quoted(std::string_view text) {
  if (text.size() <= longest_citation) return '"' + std::string(text) + '"';
  auto begin = longest_citation - kept_end - mark_of_cut.size();
  auto end = text.size() - kept_end;
  // Three octets follow the first of a character at most; other octets are no text anyway.
  for (int i = 0; i < 3 && continues_character(text[begin]); ++i) --begin;
  for (int i = 0; i < 3 && continues_character(text[end]); ++i) ++end;
  std::string result = "\"";
  result.append(text.substr(0, begin)).append(mark_of_cut).append(text.substr(end));
  return result + '"';
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

std::string padded(std::int64_t number, std::size_t width) {
  auto text = std::to_string(number);
  if (text.size() < width) text.insert(0, width - text.size(), '0');
  return text;
}

std::string clean_for_reply(std::string_view text, std::size_t longest) {
  std::string clean;
  clean.reserve(std::min(text.size(), longest) + mark_of_cut.size());
  for (const char c : text) {
    if (is_space(c)) {
      if (!clean.empty() && clean.back() != ' ') clean += ' ';
    } else if (c == ';') {
      clean += ',';
    } else {
      clean += is_printable_ascii(c) ? c : '?';
    }
    if (clean.size() > longest + 1) break;
  }
  while (!clean.empty() && clean.back() == ' ') clean.pop_back();
  if (clean.size() > longest) {
    const std::size_t kept = longest > mark_of_cut.size() ? longest - mark_of_cut.size() : 0;
    clean.resize(kept);
    clean.append(mark_of_cut.substr(0, longest - kept));
  }
  return clean;
}

std::string quote_for_log(std::string_view text, std::size_t longest) {
  constexpr std::string_view plain = "._-@+:/<>[]";
  const auto is_plain = [&](char c) {
    return is_letter_or_digit(c) || plain.find(c) != std::string_view::npos;
  };
  const bool bare = !text.empty() && std::all_of(text.begin(), text.end(), is_plain);
  constexpr std::string_view hex = "0123456789abcdef";
  std::string body;
  bool cut = false;
  for (const char c : text) {
    std::string piece;
    if (c == '"' || c == '\\') {
      piece = {'\\', c};
    } else if (is_printable_ascii(c)) {
      piece = c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      piece = {'\\', 'x', hex[octet >> 4U], hex[octet & 15U]};
    }
    if (body.size() + piece.size() > longest) {
      cut = true;
      break;
    }
    body += piece;
  }
  if (cut) body += mark_of_cut;
  return bare ? body : '"' + body + '"';
}

std::string clean_for_terminal(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    if (!is_printable_ascii(c)) c = '?';
  }
  return clean;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string nearest_name(std::string_view wrong, const std::vector<std::string>& known) {
  // Beyond this length a name is no slip of the pen, and the cost grows with its square.
  constexpr std::size_t longest_name = 80;
  if (wrong.empty() || wrong.size() > longest_name) return {};
  const std::string wanted = lower(wrong);
  const std::size_t allowed = std::max<std::size_t>(2, wrong.size() / 3);
  std::size_t best_distance = allowed + 1;
  std::string best;
  for (const auto& name : known) {
    const std::size_t d = distance(wanted, lower(name));
    // A name that shares no octet in place with a short word is no help.
    if (d < best_distance && d < std::max(wrong.size(), name.size())) {
      best_distance = d;
      best = name;
    }
  }
  return best;
}

std::string sha256_hex(std::string_view octets) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(octets.data(), octets.size(), digest.data(), &length, EVP_sha256(), nullptr);
  constexpr std::string_view hex = "0123456789abcdef";
  std::string text;
  text.reserve(std::size_t{length} * 2);
  for (unsigned i = 0; i < length; ++i) {
    text += hex[digest[i] >> 4U];
    text += hex[digest[i] & 15U];
  }
  return text;
}

}  // namespace postern
