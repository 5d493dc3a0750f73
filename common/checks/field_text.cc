#include "checks/field_text.h"

#include "model/text.h"

#include <algorithm>

namespace postern {
namespace {

constexpr std::size_t longest_local_part = 64;  // octets, RFC 5321 4.5.3.1.1

bool is_printable(char c) noexcept { return c >= ' ' && c <= '~'; }

bool is_token_character(char c) noexcept {
  constexpr std::string_view specials = "()<>@,;:\\\"/[]?=";
  return c > ' ' && c <= '~' && specials.find(c) == std::string_view::npos;
}

bool is_atom_character(char c) noexcept {
  constexpr std::string_view others = "!#$%&'*+-/=?^_`{|}~";
  return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
}

bool is_dot_atom(std::string_view text) noexcept {
  bool within_atom = false;
  for (const char c : text) {
    if (c != '.' && !is_atom_character(c)) return false;
    if (c == '.' && !within_atom) return false;
    within_atom = c != '.';
  }
  return within_atom;
}

/// Two labels or more of letters, digits and hyphens (RFC 6376 3.5, RFC 5321 4.1.2).
bool is_domain_name(std::string_view text) noexcept {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '.';
  });
  if (!plain || text.find('.') == std::string_view::npos) return false;
  while (!text.empty()) {
    const auto label = text.substr(0, text.find('.'));
    if (label.empty() || label.front() == '-' || label.back() == '-') return false;
    if (label.size() == text.size()) return true;
    text.remove_prefix(label.size() + 1);
  }
  return false;  // it ends in a dot
}

}  // namespace

std::string quoted_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += is_printable(c) ? c : '?';
  }
  return result + '"';
}

std::string field_value(std::string_view text) {
  const bool token = !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
  return token ? std::string(text) : quoted_string(text);
}

std::string field_comment(std::string_view text) {
  std::string result = "(";
  for (const char c : text) {
    result += !is_printable(c) || c == '(' || c == ')' || c == '\\' ? '?' : c;
  }
  return result + ')';
}

std::string mailbox_value(std::string_view local, std::string_view domain) {
  if (!is_domain_name(domain)) {
    return field_value(std::string(local) + (local.empty() ? "" : "@") + std::string(domain));
  }
  const bool told = !local.empty() && local.size() <= longest_local_part &&
                    std::all_of(local.begin(), local.end(), is_printable);
  if (!told) return std::string(domain);
  return (is_dot_atom(local) ? std::string(local) : quoted_string(local)) + '@' +
         std::string(domain);
}

}  // namespace postern
