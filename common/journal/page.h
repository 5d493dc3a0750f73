// Page: plain text for a terminal, folded at a fixed width, clean whatever it is given. Not
// synchronised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace postern {

/// Whether titles and labels stand out by the colours that terminals have (ECMA-48 8.3.117).
enum class Paint : std::uint8_t { none, ansi };

/// What a headline says at a glance.
enum class Tone : std::uint8_t { plain, good, waiting, bad };

class Page {
 public:
  explicit Page(Paint paint = Paint::none) : paint_(paint) {}

  /// Columns: fits the terminals, mails and tickets that a help desk pastes it into.
  static constexpr std::size_t width = 78;

  /// Folded between words; continued lines begin `indent` columns in, the first one `first`
  /// columns. A word that is longer than a line is cut to pieces, none of its octets is dropped.
  void paragraph(std::string_view text, std::size_t first, std::size_t indent);
  void paragraph(std::string_view text, std::size_t indent) { paragraph(text, indent, indent); }
  /// A paragraph that stands out.
  void headline(std::string_view text, Tone tone);
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
  std::string painted(std::string_view text, std::string_view colour) const;

  std::string text_;
  Paint paint_;
};

}  // namespace postern
