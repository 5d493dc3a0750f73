// Tables of one entry a line, and the source files of Postfix's tables.

#include "tables/readers.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

constexpr std::string_view white = " \t\r\f\v";

bool is_white(char c) { return white.find(c) != std::string_view::npos; }

std::string_view without_mark(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  return text;
}

std::size_t count_lines(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::string_view trimmed_end(std::string_view text) {
  const auto last = text.find_last_not_of(white);
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// Where a comment begins at or behind `from`: a '#' at the start or after white space; the text's
/// size without one.
std::size_t comment_at(std::string_view line, std::size_t from) {
  for (auto mark = line.find('#', from); mark != std::string_view::npos;
       mark = line.find('#', mark + 1)) {
    if (mark == 0 || is_white(line[mark - 1])) return mark;
  }
  return line.size();
}

/// The end of a word that begins at `at`: white space outside of double quotes.
std::size_t word_end(std::string_view line, std::size_t at) {
  bool inside = false;
  for (; at < line.size(); ++at) {
    if (line[at] == '\\' && inside) {
      ++at;
    } else if (line[at] == '"') {
      inside = !inside;
    } else if (!inside && is_white(line[at])) {
      break;
    }
  }
  return std::min(at, line.size());
}

/// Without the quotes that hold all of it together.
std::string_view unquoted(std::string_view word) {
  if (word.size() >= 2 && word.front() == '"' && word.find('"', 1) == word.size() - 1) {
    return word.substr(1, word.size() - 2);
  }
  return word;
}

Problem too_large(const std::string& file, unsigned line) {
  Problem problem;
  problem.position = {file, line, 0};
  problem.message = "a table cannot hold more than 4 GiB";
  return problem;
}

}  // namespace

EntryList read_lines(const std::string& file, std::shared_ptr<const std::string> text,
                     LineValues values, TableFaults& faults) {
  auto rest = without_mark(*text);
  EntryList entries(file, std::move(text));
  entries.reserve(count_lines(rest));
  for (unsigned number = 1; !rest.empty(); ++number) {
    const auto line = take_line(rest);
    const auto first = line.find_first_not_of(white);
    if (first == std::string_view::npos || line[first] == '#') continue;

    const bool has_values = values != LineValues::none;
    const auto key_end = has_values ? word_end(line, first) : comment_at(line, first);
    auto end = key_end;  // of what is entry and value
    auto value_begin = line.size();
    if (has_values) {
      value_begin = std::min(line.find_first_not_of(white, key_end), line.size());
      // Quotes protect a '#' in a value that they hold as a whole.
      const bool quoted = value_begin < line.size() && line[value_begin] == '"';
      end = comment_at(line, quoted ? word_end(line, value_begin) : value_begin);
    }
    const auto key = trimmed_end(line.substr(first, key_end - first));
    if (!entries.add(has_values ? unquoted(key) : key, number, static_cast<unsigned>(first + 1))) {
      faults.add(too_large(file, number));
      return entries;
    }
    if (value_begin < end) {
      entries.set_value(unquoted(trimmed_end(line.substr(value_begin, end - value_begin))));
    }
    if (end == line.size()) continue;
    const auto annotation = read_annotation(line.substr(end + 1),
                                            {file, number, static_cast<unsigned>(end + 2)}, faults);
    entries.set_note(annotation.note);
    if (annotation.last_day) entries.set_last_day(*annotation.last_day);
  }
  return entries;
}

EntryList read_hash(const std::string& file, std::string_view text, TableFaults& faults) {
  text = without_mark(text);
  EntryList entries(file);
  entries.reserve(count_lines(text));
  std::string logical;
  unsigned begins = 0;
  const auto finish = [&] {
    if (begins == 0) return true;
    const auto key_end = word_end(logical, 0);
    const auto value = logical.find_first_not_of(white, key_end);
    if (!entries.add(unquoted(std::string_view(logical).substr(0, key_end)), begins, 1)) {
      faults.add(too_large(file, begins));
      return false;
    }
    if (value != std::string::npos) {
      entries.set_value(trimmed_end(std::string_view(logical).substr(value)));
    }
    begins = 0;
    return true;
  };
  for (unsigned number = 1; !text.empty(); ++number) {
    const auto line = trimmed_end(take_line(text));
    const auto first = line.find_first_not_of(white);
    if (first == std::string_view::npos || line[first] == '#') continue;
    if (first > 0) {
      if (begins == 0) {
        Problem problem;
        problem.position = {file, number, 1};
        problem.length = static_cast<unsigned>(first);
        problem.message = "the first entry begins with white space, as if it continued one";
        problem.hint = "take the white space out";
        faults.add(std::move(problem));
        continue;
      }
      // postmap joins the lines with what stands at their beginning.
      logical.append(line);
      continue;
    }
    if (!finish()) return entries;
    logical = line;
    begins = number;
  }
  finish();
  return entries;
}

}  // namespace postern
