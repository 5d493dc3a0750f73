#include "rules/diagnostics.h"

#include <algorithm>
#include <utility>

namespace postern {

SourceFile::SourceFile(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)), line_starts_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
}

SourcePosition SourceFile::position(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto start = *(next - 1);
  return {name_, static_cast<unsigned>(next - line_starts_.begin()),
          static_cast<unsigned>(offset - start + 1)};
}

std::string_view SourceFile::line(unsigned number) const {
  if (number == 0 || number > line_starts_.size()) return {};
  const auto start = line_starts_[number - 1];
  auto end = number < line_starts_.size() ? line_starts_[number] - 1 : text_.size();
  if (end > start && text_[end - 1] == '\r') --end;
  return std::string_view(text_).substr(start, end - start);
}

std::size_t SourceFile::offset(unsigned line_number, unsigned character) const {
  if (line_number == 0) return 0;
  if (line_number > line_starts_.size()) return text_.size();
  const auto text = line(line_number);
  std::size_t i = 0;
  for (unsigned seen = 1; seen < character && i < text.size(); ++seen) {
    ++i;
    while (i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U) ++i;
  }
  return line_starts_[line_number - 1] + i;
}

std::string place_text(const Span& span) {
  const auto position = span.file->position(span.begin);
  return position.file + ':' + std::to_string(position.line);
}

const SourceFile& Diagnostics::add_file(std::string name, std::string text) {
  return files_.emplace_back(std::move(name), std::move(text));
}

void Diagnostics::error(const Span& span, std::string message, std::string hint) {
  add(Severity::error, span, std::move(message), std::move(hint));
}

void Diagnostics::warning(const Span& span, std::string message, std::string hint) {
  add(Severity::warning, span, std::move(message), std::move(hint));
}

void Diagnostics::note(const Span& span, std::string message, std::string hint) {
  add(Severity::note, span, std::move(message), std::move(hint));
}

void Diagnostics::add(Severity severity, const Span& span, std::string message, std::string hint) {
  Problem problem;
  problem.severity = severity;
  problem.position = span.file->position(span.begin);
  const auto line = span.file->line(problem.position.line);
  problem.source_line = line;
  // A culprit of several lines is underlined to the end of its first.
  const auto rest = line.size() - std::min<std::size_t>(line.size(), problem.position.column - 1);
  const auto length = std::min(rest, span.end > span.begin ? span.end - span.begin : 1);
  problem.length = std::max(1U, static_cast<unsigned>(length));
  problem.message = std::move(message);
  problem.hint = std::move(hint);
  if (severity == Severity::error) ++errors_;
  problems_.push_back(std::move(problem));
}

void Diagnostics::add(Problem problem) {
  if (problem.source_line.empty()) {
    const auto file = std::find_if(files_.begin(), files_.end(), [&](const SourceFile& candidate) {
      return candidate.name() == problem.position.file;
    });
    if (file != files_.end()) problem.source_line = file->line(problem.position.line);
  }
  if (problem.severity == Severity::error) ++errors_;
  problems_.push_back(std::move(problem));
}

Problems Diagnostics::take() {
  auto problems = std::exchange(problems_, {});
  errors_ = 0;
  sort_by_position(problems);
  return problems;
}

}  // namespace postern
