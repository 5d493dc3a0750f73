#include "postern/result.h"

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

// A policy file may hold any octets; what reaches a terminal must not.
std::string shown(std::string_view line) {
  std::string result;
  result.reserve(line.size());
  for (const char c : line) {
    if (c == '\t') {
      result += ' ';
    } else {
      result += (c >= 0x20 && c != 0x7f) ? c : '?';
    }
  }
  return result;
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

std::string render(const Problem& problem) {
  std::string text;
  const auto& at = problem.position;
  if (!at.file.empty()) {
    text += at.file;
    if (at.line != 0) {
      text += ':' + std::to_string(at.line);
      if (at.column != 0) text += ':' + std::to_string(at.column);
    }
    text += ": ";
  }
  text += name_of(problem.severity);
  text += ": " + shown(problem.message) + '\n';
  if (at.line != 0 && !problem.source_line.empty()) {
    std::string number = std::to_string(at.line);
    if (number.size() < 5) number.insert(0, 5 - number.size(), ' ');
    text += number + " | " + shown(problem.source_line) + '\n';
    if (at.column != 0) {
      // A caret past the end of the line would point at nothing a person can see.
      const std::size_t column = std::min<std::size_t>(at.column, problem.source_line.size() + 1);
      const std::size_t room = problem.source_line.size() + 2 - column;
      const std::size_t length = std::clamp<std::size_t>(problem.length, 1, room);
      text += std::string(number.size(), ' ') + " | " + std::string(column - 1, ' ') + '^' +
              std::string(length - 1, '~') + '\n';
    }
  }
  if (!problem.hint.empty()) text += "      hint: " + shown(problem.hint) + '\n';
  return text;
}

std::string render(const Problems& problems) {
  std::string text;
  for (const auto& problem : problems) text += render(problem);
  return text;
}

Problem plain_problem(std::string message, std::string hint) {
  Problem problem;
  problem.message = std::move(message);
  problem.hint = std::move(hint);
  return problem;
}

}  // namespace postern
