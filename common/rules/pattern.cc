#include "rules/pattern.h"

#include <re2/re2.h>

namespace postern::expression {
namespace {

// 1 MiB of automaton a pattern: RE2 then rejects patterns such as ((a{100}){100}){100} when the
// policy loads instead of running slowly later. Its own default is 8 MiB.
constexpr std::int64_t memory_octets = 1 << 20;

RE2::Options options(PatternCase letters) {
  RE2::Options result(RE2::Latin1);
  result.set_log_errors(false);
  result.set_max_mem(memory_octets);
  result.set_case_sensitive(letters == PatternCase::sensitive);
  return result;
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct Pattern::Compiled {
  Compiled(std::string_view pattern, PatternCase letters)
      : expression(piece(pattern), options(letters)) {}
  RE2 expression;
};

Pattern::Pattern(std::string_view pattern, PatternCase letters)
    : compiled_(std::make_unique<const Compiled>(pattern, letters)) {}
Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

bool Pattern::ok() const { return compiled_->expression.ok(); }
std::string Pattern::error() const { return compiled_->expression.error(); }
std::string Pattern::error_fragment() const { return compiled_->expression.error_arg(); }
bool Pattern::matches(std::string_view text) const {
  return RE2::PartialMatch(piece(text), compiled_->expression);
}
const std::string& Pattern::text() const { return compiled_->expression.pattern(); }
bool Pattern::is_same(const Pattern& other) const {
  const auto& mine = compiled_->expression;
  const auto& theirs = other.compiled_->expression;
  return mine.pattern() == theirs.pattern() &&
         mine.options().case_sensitive() == theirs.options().case_sensitive();
}

}  // namespace postern::expression
