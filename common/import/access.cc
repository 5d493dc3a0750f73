// access(5): which of its forms a file has, and what is common to them.

#include "import/parts.h"
#include "postern/address.h"

#include <algorithm>

namespace postern::importer {
namespace {

bool is_pattern_line(std::string_view text) {
  if (!text.empty() && text.front() == '!') text = trimmed(text.substr(1));
  return !text.empty() && text.front() == '/';
}

/// An address or network, as cidr: tables have them; `sized`: with a length.
bool is_network_line(std::string_view text, bool& sized) {
  auto key = first_word(text).first;
  if (!key.empty() && key.front() == '!') key.remove_prefix(1);
  const auto slash = key.find('/');
  sized = sized || slash != std::string_view::npos;
  return key == "if" || key == "endif" || IpAddress::parse(key.substr(0, slash)).has_value();
}

/// Patterns are told by their slash, which no key begins with. Networks with a length stand in
/// indexed tables too, by mistake, so all lines must be networks.
Source source_of(const std::vector<Statement>& lines) {
  bool sized = false;
  bool networks = true;
  for (const auto& line : lines) {
    if (is_pattern_line(line.text)) return Source::regexp;
    networks = networks && is_network_line(line.text, sized);
  }
  return networks && sized ? Source::cidr : Source::hash;
}

/// The end of a pattern "/.../flags" in a line; 0: there is none. A delimiter may be escaped.
std::size_t pattern_end(std::string_view text) {
  const auto begin = text.find('/');
  for (auto i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '/') {
      while (i + 1 < text.size() && text[i + 1] != ' ' && text[i + 1] != '\t') ++i;
      return i + 1;
    }
  }
  return 0;
}

}  // namespace

void read_postfix_access(std::string_view text, Draft& draft) {
  const auto statements = logical_lines(text);
  auto source = draft.request().source;
  if (source == Source::automatic) source = source_of(statements);
  const bool ordered = source != Source::hash;
  const auto subject = subject_of(draft.request().keys);

  std::vector<AccessLine> lines;
  unsigned inside = 0;  // if ... endif
  for (const auto& statement : statements) {
    draft.count_statement();
    const auto word = first_word(statement.text).first;
    if (ordered && (word == "if" || word == "endif")) {
      inside = word == "if" ? inside + 1 : inside - (inside > 0 ? 1 : 0);
      draft.leave_out(statement, "blocks of if and endif have no counterpart");
      continue;
    }
    if (inside > 0) {
      draft.leave_out(statement, "it stands inside if and endif, which have no counterpart");
      continue;
    }
    AccessLine line{statement, {}, {}};
    std::string_view rest;
    if (source == Source::regexp) {
      const auto end = is_pattern_line(statement.text) ? pattern_end(statement.text) : 0;
      if (end == 0) {
        draft.leave_out(statement, "this is no pattern between slashes");
        continue;
      }
      line.key = statement.text.substr(0, end);
      rest = trimmed(std::string_view(statement.text).substr(end));
    } else {
      const auto split = first_word(statement.text);
      line.key = split.first;
      rest = split.second;
    }
    line.action = read_access_action(rest, subject, Stage::rcpt);
    if (source == Source::regexp && line.action.text.find('$') != std::string::npos) {
      line.action.text.clear();
      line.action.differences.emplace_back(
          "its text holds parts of what was matched ($1), so the catalogue's is sent");
    }
    if (line.action.kind == Action::Kind::unknown) {
      draft.leave_out(statement, line.action.why);
      continue;
    }
    lines.push_back(std::move(line));
  }
  switch (source) {
    case Source::automatic:
    case Source::hash:
      return read_access_keys(lines, draft);
    case Source::cidr:
      return read_access_networks(lines, draft);
    case Source::regexp:
      return read_access_patterns(lines, draft);
  }
}

}  // namespace postern::importer
