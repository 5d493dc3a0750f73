// The small words about text that all rooms share, and the cleaning of text from outside before it
// reaches a reply, a log line, a header or a terminal. Pure functions on octets; no locale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
/// Of ASCII.
constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_letter_or_digit(char c) noexcept { return is_letter(c) || is_digit(c); }
/// Whether all octets are below 0x80; of the empty text, yes.
bool is_ascii(std::string_view text) noexcept;
/// One digit at least, and nothing else.
bool all_digits(std::string_view text) noexcept;

/// Without the octets of `space` at both ends; part of `text`.
std::string_view trimmed(std::string_view text, std::string_view space = " \t\r\n") noexcept;

/// In double quotes, as messages cite. Nothing is escaped: render() makes it fit for a terminal. Of
/// more than 100 octets the middle is left out, "like t...is": of names of files the end says more,
/// of all else the beginning. No character of UTF-8 is cut in two.
std::string quoted(std::string_view text);

/// The words with `between` between them.
std::string joined(const std::vector<std::string>& words, std::string_view between);

/// Decimal, with zeros in front up to `width` digits. `number` is not negative.
std::string padded(std::int64_t number, std::size_t width);

/// Printable ASCII only: other octets become '?', runs of white space one space, ends trimmed.
/// For replies: ';' becomes ',', and the result is cut to `longest` octets with "..." at the end.
std::string clean_for_reply(std::string_view text, std::size_t longest);

/// For key=value log lines: in double quotes when it holds anything but letters, digits and
/// "._-@+:/<>[]"; '"' and '\' escaped, octets outside printable ASCII as \xNN; cut to `longest`
/// octets, marked with "...".
std::string quote_for_log(std::string_view text, std::size_t longest);

/// For terminals: octets below 0x20, 0x7f and above as '?'.
std::string clean_for_terminal(std::string_view text);

/// ASCII lower case; other octets unchanged.
std::string lower(std::string_view text);

/// The name among `known` that is nearest to `wrong` (Damerau-Levenshtein distance at most 2, or a
/// third of the length); empty if none is near.
std::string nearest_name(std::string_view wrong, const std::vector<std::string>& known);

/// SHA-256 as 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view octets);

}  // namespace postern
