#include "rules/quoted.h"

namespace postern {
namespace {

/// Octets, ours: a message stays within two lines of a terminal, and no rule's name is longer.
constexpr std::size_t longest = 100;
/// Octets kept of the end.
constexpr std::size_t kept_end = 37;
constexpr std::string_view gap = "...";

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

std::string quoted(std::string_view text) {
  if (text.size() <= longest) return '"' + std::string(text) + '"';
  auto begin = longest - kept_end - gap.size();
  auto end = text.size() - kept_end;
  // Three octets follow the first of a character at most; other octets are no text anyway.
  for (int i = 0; i < 3 && continues_character(text[begin]); ++i) --begin;
  for (int i = 0; i < 3 && continues_character(text[end]); ++i) ++end;
  std::string result = "\"";
  result.append(text.substr(0, begin)).append(gap).append(text.substr(end));
  return result + '"';
}

}  // namespace postern
