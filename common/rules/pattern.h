// Pattern: a compiled regular expression (RE2 syntax, linear time). Immutable; any thread may
// match.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace postern::expression {

enum class PatternCase : std::uint8_t { sensitive, ignored };

class Pattern {
 public:
  /// Always constructed; ask ok() before matches().
  Pattern(std::string_view pattern, PatternCase letters);
  ~Pattern();
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;

  bool ok() const;
  /// What is wrong, in RE2's words, and the offending piece of the pattern.
  std::string error() const;
  std::string error_fragment() const;
  /// True if the pattern fits anywhere in `text`. Octets, not glyphs: what MTAs hand over need not
  /// be UTF-8.
  bool matches(std::string_view text) const;
  /// As it was written.
  const std::string& text() const;
  /// The same text with the same care for letters.
  bool is_same(const Pattern& other) const;

 private:
  struct Compiled;
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace postern::expression
