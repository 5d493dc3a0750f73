#include "journal/page.h"

#include "model/text.h"

#include <algorithm>

namespace postern {
namespace {

constexpr std::size_t label_width = 14;
constexpr std::size_t field_indent = 2;

constexpr std::string_view bold = "1";
constexpr std::string_view label_colour = "36";  // cyan, which shows on dark and on light

std::string_view colour_of(Tone tone) {
  switch (tone) {
    case Tone::good:
      return "1;32";
    case Tone::waiting:
      return "1;33";
    case Tone::bad:
      return "1;31";
    case Tone::plain:
      break;
  }
  return bold;
}

}  // namespace

std::string Page::painted(std::string_view text, std::string_view colour) const {
  if (paint_ == Paint::none) return std::string(text);
  return "\033[" + std::string(colour) + 'm' + std::string(text) + "\033[0m";
}

void Page::headline(std::string_view text, Tone tone) {
  const std::size_t before = text_.size();
  paragraph(text, 0, 2);
  if (paint_ == Paint::none || text_.size() == before) return;
  const std::string lines = text_.substr(before, text_.size() - before - 1);
  text_.resize(before);
  text_ += painted(lines, colour_of(tone)) + '\n';
}

void Page::paragraph(std::string_view text, std::size_t first, std::size_t indent) {
  const std::string clean = clean_for_terminal(text);
  std::string_view rest = clean;
  std::string line(first, ' ');
  bool empty = true;
  const auto end_line = [&] {
    text_ += line;
    text_ += '\n';
    line.assign(indent, ' ');
    empty = true;
  };
  while (!rest.empty()) {
    const std::size_t blanks = std::min(rest.find_first_not_of(' '), rest.size());
    rest.remove_prefix(blanks);
    std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    if (!empty && line.size() + 1 + word.size() > width) end_line();
    while (line.size() + word.size() + (empty ? 0 : 1) > width) {
      const std::size_t room = width - line.size();
      line += word.substr(0, room);
      word.remove_prefix(room);
      end_line();
    }
    if (word.empty()) continue;
    if (!empty) line += ' ';
    line += word;
    empty = false;
  }
  if (!empty) end_line();
}

void Page::field(std::string_view label, std::string_view value) {
  std::string text(field_indent, ' ');
  text += label;
  text.resize(std::max(text.size() + 1, field_indent + label_width), ' ');
  const std::size_t before = text_.size();
  paragraph(value, text.size(), text.size());
  if (text_.size() == before) return;
  const std::string_view start = text;
  const auto end = start.find_last_not_of(' ') + 1;
  text_.replace(before, text.size(),
                text.substr(0, field_indent) +
                    (end > field_indent
                         ? painted(start.substr(field_indent, end - field_indent), label_colour)
                         : std::string()) +
                    text.substr(std::max(end, field_indent)));
}

void Page::section(std::string_view title) {
  blank();
  text_ += painted(clean_for_terminal(title), bold);
  text_ += '\n';
}

void Page::verbatim(std::string_view line) {
  constexpr std::string_view first_mark = "    |";
  constexpr std::string_view next_mark = "    +";
  const std::string clean = clean_for_terminal(line);
  std::string_view rest = clean;
  std::string_view mark = first_mark;
  do {
    const std::size_t room = width - mark.size();
    std::size_t length = std::min(room, rest.size());
    // Before a space if there is one, so that no line ends in white space that nobody sees.
    if (length < rest.size()) {
      const auto space = rest.rfind(' ', length);
      if (space != std::string_view::npos && space > room / 2) length = space;
    }
    text_ += mark;
    text_ += rest.substr(0, length);
    text_ += '\n';
    rest.remove_prefix(length);
    mark = next_mark;
  } while (!rest.empty());
}

}  // namespace postern
