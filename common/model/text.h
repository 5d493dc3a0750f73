// Cleaning of text from outside before it reaches a reply, a log line, a header or a terminal.
// Pure functions on octets.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

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
