// access(5): which of its forms a file has, and what is common to them.

#include "import/parts.h"
#include "postern/address.h"

#include <algorithm>
#include <map>
#include <utility>

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

void leave_out(Draft& draft, const AccessLine& line, std::string why, Found found) {
  const bool lost = found == Found::perhaps && line.action.lets_pass();
  if (line.left_out) {
    if (lost) draft.lose_pass(line.statement.line);
  } else if (lost) {
    draft.leave_out_pass(line.statement, std::move(why));
  } else {
    draft.leave_out(line.statement, std::move(why));
  }
}

void read_postfix_access(std::string_view text, Draft& draft) {
  const auto statements = logical_lines(text);
  auto source = draft.request().source;
  if (source == Source::automatic) source = source_of(statements);
  const bool ordered = source != Source::hash;
  const auto subject = subject_of(draft.request().keys);

  std::vector<AccessLine> lines;
  unsigned inside = 0;  // if ... endif
  std::map<std::pair<std::string, std::string>, std::string> faults;
  for (const auto& statement : statements) {
    draft.count_statement();
    const auto word = first_word(statement.text).first;
    if (ordered && (word == "if" || word == "endif")) {
      inside = word == "if" ? inside + 1 : inside - (inside > 0 ? 1 : 0);
      draft.leave_out(statement, "blocks of if and endif have no counterpart");
      continue;
    }
    AccessLine line{statement, {}, {}, false};
    std::string_view rest;
    if (source == Source::regexp) {
      const auto end = is_pattern_line(statement.text) ? pattern_end(statement.text) : 0;
      if (end == 0) {
        // Other delimiters than slashes are possible.
        draft.lose_pass(statement.line);
        draft.leave_out(statement,
                        "this is no pattern between slashes; in case it let mail pass, refusals "
                        "behind it stand in shadow");
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
    if (inside > 0) {
      leave_out(draft, line, "it stands inside if and endif, which have no counterpart",
                Found::perhaps);
      continue;
    }
    if (source == Source::regexp && line.action.text.find('$') != std::string::npos) {
      line.action.text.clear();
      line.action.differences.emplace_back(
          "its text holds parts of what was matched ($1), so the catalogue's is sent");
    }
    if (line.action.kind == Action::Kind::effect) {
      const auto name = draft.request().keys == Keys::client && source != Source::regexp
                            ? std::string_view("client.ip")
                            : name_of(draft.request().keys);
      // Each effect is tried once: thousands of lines often say the same.
      const auto [known, is_new] = faults.try_emplace({line.action.effect, line.action.value});
      if (is_new) known->second = effect_fault(line.action, name);
      if (!known->second.empty()) {
        line.action.kind = Action::Kind::unknown;
        line.action.why = known->second;
      }
    }
    if (line.action.kind == Action::Kind::unknown) {
      // What it did is lost; that less specific or later lines were not asked is not.
      draft.leave_out(statement, line.action.why);
      line.action = {};
      line.action.kind = Action::Kind::shield;
      line.left_out = true;
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
