#include "postern/result.h"

#include "model/shown_text.h"

#include <algorithm>
#include <tuple>

namespace postern {
namespace {

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "error";
}

// Columns of a quoted line; leaves room for the line's number on a terminal of 110.
constexpr std::size_t longest_line = 100;
constexpr std::size_t before_caret = 40;
// Octets on either side of the caret that are looked at: enough for the columns above however many
// octets a character has, and little enough for a file that is one line.
constexpr std::size_t looked_at = 1000;

struct QuotedLine {
  std::string text;
  std::size_t caret = 0;  ///< columns before it
  std::size_t under = 1;  ///< columns it underlines
};

QuotedLine quoted_line(const Problem& problem, Glyphs glyphs) {
  std::string_view line = problem.source_line;
  // A caret past the end of the line would point at nothing a person can see.
  const auto column = std::max(problem.position.column, 1U);
  auto begin = std::min<std::size_t>(column - 1, line.size());
  auto end = begin + std::clamp<std::size_t>(problem.length, 1, line.size() + 1 - begin);
  bool cut_before = false;
  bool cut_behind = false;
  if (line.size() > begin + looked_at) {
    line = line.substr(0, begin + looked_at);
    end = std::min(end, line.size());
    cut_behind = true;
  }
  if (begin > looked_at) {
    auto skipped = begin - looked_at;
    while (skipped < begin && (static_cast<unsigned char>(line[skipped]) & 0xC0U) == 0x80U) {
      ++skipped;
    }
    line.remove_prefix(skipped);
    begin -= skipped;
    end -= skipped;
    cut_before = true;
  }

  const auto pieces = shown_pieces(line, glyphs);
  std::size_t columns = 0;
  std::size_t caret = 0;
  std::size_t caret_end = 0;
  for (const auto& piece : pieces) {
    if (piece.begin + piece.length <= begin) caret = columns + piece.columns;
    columns += piece.columns;
    if (piece.begin < end) caret_end = columns;
  }
  // Nothing under it: it stands behind the last character.
  caret_end = std::max(caret_end, caret + 1);

  QuotedLine quoted;
  const bool whole = columns <= longest_line && !cut_before && !cut_behind;
  const auto from = whole || caret <= before_caret * 3 / 2 ? 0 : caret - before_caret;
  const auto to = whole ? columns : std::min(columns, from + longest_line);
  if (from > 0 || cut_before) quoted.text = "...";
  std::size_t at = 0;
  std::size_t first = columns;  // the first column that is shown: pieces are not cut
  for (const auto& piece : pieces) {
    if (at >= from && at + piece.columns <= to) {
      first = std::min(first, at);
      quoted.text += piece.text;
    }
    at += piece.columns;
  }
  quoted.caret = caret - std::min(caret, first) + (from > 0 || cut_before ? 3 : 0);
  quoted.under = std::max<std::size_t>(1, std::min(caret_end, std::max(to, caret + 1)) - caret);
  if (to < columns || cut_behind) quoted.text += "...";
  return quoted;
}

std::string counted(std::size_t number, std::string_view word) {
  return std::to_string(number) + ' ' + std::string(word) + (number == 1 ? "" : "s");
}

}  // namespace

void sort_by_position(Problems& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.position.file, a.position.line, a.position.column) <
           std::tie(b.position.file, b.position.line, b.position.column);
  });
}

bool has_errors(const Problems& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& p) { return p.severity == Severity::error; });
}

std::string render(const Problem& problem, Glyphs glyphs) {
  std::string text;
  const auto& at = problem.position;
  if (!at.file.empty()) {
    text += shown_text(at.file, glyphs);
    if (at.line != 0) {
      text += ':' + std::to_string(at.line);
      if (at.column != 0) text += ':' + std::to_string(at.column);
    }
    text += ": ";
  }
  text += name_of(problem.severity);
  text += ": " + shown_text(problem.message, glyphs) + '\n';
  if (at.line != 0 && !problem.source_line.empty()) {
    std::string number = std::to_string(at.line);
    if (number.size() < 5) number.insert(0, 5 - number.size(), ' ');
    const auto quoted = quoted_line(problem, glyphs);
    text += number + " | " + quoted.text + '\n';
    if (at.column != 0) {
      text += std::string(number.size(), ' ') + " | " + std::string(quoted.caret, ' ') + '^' +
              std::string(quoted.under - 1, '~') + '\n';
    }
  }
  if (!problem.hint.empty()) text += "      hint: " + shown_text(problem.hint, glyphs) + '\n';
  return text;
}

std::string render(const Problems& problems, Glyphs glyphs) {
  std::string text;
  for (const auto& problem : problems) text += render(problem, glyphs);
  return text;
}

std::string count_text(const Problems& problems) {
  const auto count = [&](Severity severity) {
    return static_cast<std::size_t>(
        std::count_if(problems.begin(), problems.end(),
                      [&](const Problem& problem) { return problem.severity == severity; }));
  };
  return counted(count(Severity::error), "error") + ", " +
         counted(count(Severity::warning), "warning");
}

Problem plain_problem(std::string message, std::string hint) {
  Problem problem;
  problem.message = std::move(message);
  problem.hint = std::move(hint);
  return problem;
}

}  // namespace postern
