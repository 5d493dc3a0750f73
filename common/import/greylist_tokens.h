// Tokens of greylist.conf(5), statement by statement. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern::importer {

struct GreylistToken {
  enum class Kind { word, text, pattern, open, close };
  Kind kind = Kind::word;
  std::string value;  ///< without quotes or slashes
};

struct GreylistStatement {
  unsigned line = 0;
  std::string text;  ///< as it stands, joined to one line
  std::vector<GreylistToken> tokens;
};

/// A statement ends with its line, unless that ends in a backslash or inside braces.
std::vector<GreylistStatement> greylist_statements(std::string_view text);

/// A regular expression of POSIX's basic kind as RE2 writes it.
std::string from_basic_pattern(std::string_view pattern);

}  // namespace postern::importer
