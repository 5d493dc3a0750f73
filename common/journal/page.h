// Page: plain text for a terminal, folded at a fixed width, clean whatever it is given. Not
// synchronised.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace postern {

class Page {
 public:
  /// Columns: fits the terminals, mails and tickets that a help desk pastes it into.
  static constexpr std::size_t width = 78;

  /// Folded between words; continued lines begin `indent` columns in, the first one `first`
  /// columns. A word that is longer than a line is cut to pieces, none of its octets is dropped.
  void paragraph(std::string_view text, std::size_t first, std::size_t indent);
  void paragraph(std::string_view text, std::size_t indent) { paragraph(text, indent, indent); }
  /// "  Label     value", the value's continued lines under its first.
  void field(std::string_view label, std::string_view value);
  /// A blank line and a title.
  void section(std::string_view title);
  /// Every octet of `line`, white space included: "    |" before the first part, "    +" before the
  /// following ones.
  void verbatim(std::string_view line);
  void blank() { text_ += '\n'; }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace postern
