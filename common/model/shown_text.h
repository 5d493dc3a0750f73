// ShownText: octets of any origin as a terminal may show them, and where each octet then stands.
// Pure functions.
#pragma once

#include "postern/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// A piece of a text that is shown as a whole: a character, or one octet written out.
struct ShownPiece {
  std::size_t begin = 0;    ///< first octet in the original
  std::size_t length = 1;   ///< octets in the original
  std::string text;         ///< what is shown: itself, a space for a tab, or "\xNN" for an octet
  std::size_t columns = 1;  ///< of the terminal
};

/// Printable ASCII as it is. What else is printable UTF-8 as it is with Glyphs::utf8; everything
/// else, controls of the writing direction among it, octet by octet as "\xNN".
std::vector<ShownPiece> shown_pieces(std::string_view text, Glyphs glyphs);

/// The pieces' texts, joined.
std::string shown_text(std::string_view text, Glyphs glyphs);

/// A character at the start of a text.
struct Utf8Character {
  char32_t point = 0;
  std::size_t length = 0;  ///< octets; 0: the text does not begin with well-formed UTF-8
};
/// Well-formed as RFC 3629 has it: no surrogates, no longer forms.
Utf8Character first_character(std::string_view text) noexcept;
bool is_utf8(std::string_view text) noexcept;

}  // namespace postern
