// SourceFile, Span and Diagnostics: from an octet of a policy file to the message a person reads.
// Used while one policy is compiled, by one thread.
#pragma once

#include "postern/result.h"

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// The text of one file of a policy. Offsets count octets from its start.
class SourceFile {
 public:
  SourceFile(std::string name, std::string text);

  const std::string& name() const noexcept { return name_; }
  const std::string& text() const noexcept { return text_; }
  /// Line and column, both from 1; an offset beyond the end stands after the last octet.
  SourcePosition position(std::size_t offset) const;
  /// A line without its line end; empty when there is no such line.
  std::string_view line(unsigned number) const;
  /// The offset of a character that is counted in Unicode code points, as the TOML reader counts
  /// them; cut to the line's end.
  std::size_t offset(unsigned line, unsigned character) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
};

/// Octets of a file: what a caret line points to. `file` is never null and outlives the span.
struct Span {
  const SourceFile* file = nullptr;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// "a.toml:12" for messages that name a second place.
std::string place_text(const Span& span);

/// Collects problems. Owns the files, so that spans stay good.
class Diagnostics {
 public:
  const SourceFile& add_file(std::string name, std::string text);

  void error(const Span& span, std::string message, std::string hint = {});
  void warning(const Span& span, std::string message, std::string hint = {});
  void note(const Span& span, std::string message, std::string hint = {});
  /// A problem that has its position already; its source line is filled in when it has none and
  /// the file is known here.
  void add(Problem problem);

  std::size_t error_count() const noexcept { return errors_; }
  bool any_errors() const noexcept { return errors_ > 0; }
  /// Sorted by position. Leaves nothing behind.
  Problems take();

 private:
  void add(Severity severity, const Span& span, std::string message, std::string hint);

  std::deque<SourceFile> files_;  // a deque: references stay good while it grows
  Problems problems_;
  std::size_t errors_ = 0;
};

}  // namespace postern
