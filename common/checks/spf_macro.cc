#include "checks/spf_macro.h"

#include "model/text.h"

#include <algorithm>
#include <array>

namespace postern {
namespace {

char lower_letter(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr std::string_view delimiters = ".-+,/_=";
constexpr std::string_view letters_anywhere = "slodiphv";
constexpr std::string_view letters_of_explanations = "crt";
/// More parts than a name can have.
constexpr unsigned most_parts = 128;

/// What stands between "%{" and "}".
std::optional<SpfMacroPart> macro_part(std::string_view inside, SpfMacroPlace place) {
  if (inside.empty()) return {};
  SpfMacroPart part;
  part.letter = lower_letter(inside[0]);
  if (part.letter != inside[0]) part.escape = SpfMacroPart::Escape::url;
  if (letters_anywhere.find(part.letter) == std::string_view::npos &&
      (place == SpfMacroPlace::domain ||
       letters_of_explanations.find(part.letter) == std::string_view::npos)) {
    return {};
  }
  std::size_t at = 1;
  bool has_digits = false;
  for (; at < inside.size() && is_digit(inside[at]); ++at) {
    has_digits = true;
    part.keep = std::min(part.keep * 10 + static_cast<unsigned>(inside[at] - '0'), most_parts);
  }
  if (has_digits && part.keep == 0) return {};  // RFC 7208 7.3
  if (at < inside.size() && (inside[at] == 'r' || inside[at] == 'R')) {
    part.order = SpfMacroPart::Order::reversed;
    ++at;
  }
  const auto rest = inside.substr(at);
  if (rest.find_first_not_of(delimiters) != std::string_view::npos) return {};
  if (!rest.empty()) part.delimiters = rest;
  return part;
}

bool is_literal(char c, SpfMacroPlace place) noexcept {
  if (c == ' ') return place == SpfMacroPlace::explanation;
  return c > 0x20 && c < 0x7f && c != '%';
}

std::string url_escaped(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    // RFC 3986 2.3.
    if (is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      escaped += c;
      continue;
    }
    const auto value = static_cast<unsigned char>(c);
    escaped += '%';
    escaped += digits[value >> 4];
    escaped += digits[value & 15U];
  }
  return escaped;
}

}  // namespace

std::optional<SpfMacroString> spf_macro_string(std::string_view text, SpfMacroPlace place) {
  SpfMacroString parts;
  const auto add = [&](std::string_view more) {
    if (parts.empty() || parts.back().letter != 0) parts.emplace_back();
    parts.back().text += more;
  };
  while (!text.empty()) {
    if (text.front() != '%') {
      const auto literal = text.substr(0, text.find('%'));
      const bool good =
          std::all_of(literal.begin(), literal.end(), [&](char c) { return is_literal(c, place); });
      if (!good) return {};
      add(literal);
      text.remove_prefix(literal.size());
      continue;
    }
    if (text.size() < 2) return {};
    const char kind = text[1];
    if (kind == '{') {
      const auto close = text.find('}');
      if (close == std::string_view::npos) return {};
      auto part = macro_part(text.substr(2, close - 2), place);
      if (!part) return {};
      parts.push_back(std::move(*part));
      text.remove_prefix(close + 1);
      continue;
    }
    if (kind == '%') {
      add("%");
    } else if (kind == '_') {
      add(" ");
    } else if (kind == '-') {
      add("%20");
    } else {
      return {};
    }
    text.remove_prefix(2);
  }
  return parts;
}

bool spf_ends_as_domain(std::string_view text, const SpfMacroString& parsed) {
  if (parsed.empty()) return false;
  if (parsed.back().letter != 0 || text.ends_with("%%") || text.ends_with("%_") ||
      text.ends_with("%-")) {
    return true;
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  const auto dot = text.rfind('.');
  if (dot == std::string_view::npos) return false;
  const auto label = text.substr(dot + 1);
  if (label.empty() || !is_letter_or_digit(label.front()) || !is_letter_or_digit(label.back()))
    return false;
  const bool plain = std::all_of(label.begin(), label.end(),
                                 [](char c) { return is_letter_or_digit(c) || c == '-'; });
  return plain && !std::all_of(label.begin(), label.end(), is_digit);
}

bool spf_has_letter(const SpfMacroString& parsed, char letter) noexcept {
  return std::any_of(parsed.begin(), parsed.end(),
                     [&](const SpfMacroPart& part) { return part.letter == letter; });
}

std::string spf_transformed(const SpfMacroPart& part, std::string_view value) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const auto end = value.find_first_of(part.delimiters);
    pieces.push_back(value.substr(0, end));
    if (end == std::string_view::npos) break;
    value.remove_prefix(end + 1);
  }
  if (part.order == SpfMacroPart::Order::reversed) std::reverse(pieces.begin(), pieces.end());
  const std::size_t first =
      part.keep != 0 && part.keep < pieces.size() ? pieces.size() - part.keep : 0;
  std::string joined;
  for (std::size_t i = first; i < pieces.size(); ++i) {
    if (i != first) joined += '.';
    joined += pieces[i];
  }
  return part.escape == SpfMacroPart::Escape::url ? url_escaped(joined) : joined;
}

}  // namespace postern
