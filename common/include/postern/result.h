// Result<T>: a value, or the list of all problems that stand in its way.
//
// Bad configuration is reported completely: a function that reads policy text collects every
// problem it finds before it gives up, so that an administrator corrects a file in one go.
// Plain values; no synchronisation needed or given.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace postern {

enum class Severity { error, warning, note };

/// Where in a policy file something stands. Lines and columns count from 1 (octets, not glyphs);
/// line 0 means "the file as a whole".
struct SourcePosition {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;

  friend bool operator==(const SourcePosition&, const SourcePosition&) = default;
};

/// One thing an administrator has to know about a policy: what, where, and what to do.
struct Problem {
  Severity severity = Severity::error;
  SourcePosition position;
  unsigned length = 1;      ///< octets under the caret line, at least 1
  std::string source_line;  ///< the line of the file, without its line end; may be empty
  std::string message;      ///< what is wrong and why, one sentence without final stop
  std::string hint;         ///< what to do, or the nearest right name; may be empty
};

using Problems = std::vector<Problem>;

/// Orders by file, line, column; equal positions keep their order of discovery.
void sort_by_position(Problems& problems);

/// True if any of them is an error (warnings and notes do not stop a policy from loading).
bool has_errors(const Problems& problems);

/// What the reader's terminal or log can show.
enum class Glyphs { ascii, utf8 };

/// The compiler-like text a person reads:
///   postern.toml:12:8: error: unknown key "rejct"
///      12 | rejct = "spam"
///         | ^~~~~
///      hint: did you mean "reject"?
/// What is not printable is written out as "\xNN", with Glyphs::ascii all that is not ASCII; a tab
/// is one space. The caret counts columns of the terminal. Of a long line about 100 columns around
/// the caret are shown, with "..." where it is cut.
std::string render(const Problem& problem, Glyphs glyphs = Glyphs::ascii);
std::string render(const Problems& problems, Glyphs glyphs = Glyphs::ascii);
/// "2 errors, 1 warning": the last line of what a person reads.
std::string count_text(const Problems& problems);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Problems problems) : state_(std::in_place_index<1>, std::move(problems)) {}
  Result(Problem problem) : state_(std::in_place_index<1>, Problems{std::move(problem)}) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  /// Only after ok(); anything else is a bug of the caller.
  T& value() & {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    assert(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }

  /// Empty when ok().
  const Problems& problems() const noexcept {
    static const Problems none;
    const auto* list = std::get_if<1>(&state_);
    return list ? *list : none;
  }

 private:
  std::variant<T, Problems> state_;
};

/// A Result with one problem that has no place in a file.
Problem plain_problem(std::string message, std::string hint = {});

}  // namespace postern
