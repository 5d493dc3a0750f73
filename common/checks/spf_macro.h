// SPF macro strings (RFC 7208 7): read once, expanded for each mail. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// A piece of a macro string: text as it stands, or "%{l1r-}".
struct SpfMacroPart {
  std::string text;                                                      ///< when `letter` is 0
  char letter = 0;                                                       ///< lower case
  enum class Escape : std::uint8_t { none, url } escape = Escape::none;  ///< capital letters
  enum class Order : std::uint8_t { as_is, reversed } order = Order::as_is;
  unsigned keep = 0;  ///< parts from the right; 0: all
  std::string delimiters = ".";
};
using SpfMacroString = std::vector<SpfMacroPart>;

/// Where it stands decides what it may hold.
enum class SpfMacroPlace : std::uint8_t {
  domain,       ///< no c, r, t (RFC 7208 7.2)
  modifier,     ///< of an unknown modifier: any letter
  explanation,  ///< of the text that `exp` fetches: spaces too
};

/// nullopt: not a macro string (RFC 7208 12).
std::optional<SpfMacroString> spf_macro_string(std::string_view text, SpfMacroPlace place);

/// Whether it ends as a domain must: in a macro, or in a top label that is not all digits.
bool spf_ends_as_domain(std::string_view text, const SpfMacroString& parsed);

/// True if it has this macro letter, in either case.
bool spf_has_letter(const SpfMacroString& parsed, char letter) noexcept;

/// One macro's value, split, reversed, cut and escaped as `part` says.
std::string spf_transformed(const SpfMacroPart& part, std::string_view value);

}  // namespace postern
