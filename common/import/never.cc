#include "import/never.h"

#include "model/text.h"
#include "rules/pattern.h"

#include <algorithm>

namespace postern::importer {
namespace {

constexpr std::string_view nameless =
    "Postfix says \"unknown\" for clients without a name and when DNS fails alike, and this "
    "version does not ask DNS";
constexpr std::string_view bracketed =
    "addresses are asked without angle brackets here, and the sender of bounces as sender == "
    "\"<>\"";
constexpr std::string_view of_addresses =
    "patterns are asked about the names of clients, which hold neither colons nor brackets; write "
    "the address or network instead";

/// Behind what opens a group, "(?i:" or "(?P<name>", of which nothing is matched.
std::size_t behind_opening(std::string_view pattern, std::size_t at) {
  if (!pattern.substr(at).starts_with("(?")) return at + 1;
  const auto end = pattern.find_first_of(":>)", at + 2);
  return end == std::string_view::npos ? pattern.size() : end + 1;
}

/// Behind a set, "[^]a-z[:digit:]]", which has other octets to choose from.
std::size_t behind_set(std::string_view pattern, std::size_t at) {
  ++at;
  if (at < pattern.size() && pattern[at] == '^') ++at;
  if (at < pattern.size() && pattern[at] == ']') ++at;
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern[at] == '\\') {
      at += 2;
    } else if (pattern.substr(at).starts_with("[:")) {
      const auto end = pattern.find(":]", at + 2);
      at = end == std::string_view::npos ? at + 1 : end + 2;
    } else {
      ++at;
    }
  }
  return std::min(pattern.size(), at + 1);
}

/// Whether a text must hold one of `octets` for the pattern to fit: at all, or in one of the cases
/// that it has. What may be missing ("<?") is not counted.
Never::How needs_one_of(std::string_view pattern, std::string_view octets) {
  auto how = Never::How::may_match;
  bool cases = false;
  int depth = 0;
  for (std::size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if (c == '(') {
      const auto next = behind_opening(pattern, at);
      // "(?i)" is no group.
      if (next == at + 1 || pattern[next - 1] != ')') ++depth;
      at = next;
      continue;
    }
    if (c == '[') {
      at = behind_set(pattern, at);
      continue;
    }
    if (c == ')') --depth;
    if (c == '|') cases = true;
    std::size_t next = at + 1;
    char literal = c;
    if (c == '\\' && next < pattern.size()) literal = pattern[next++];
    at = next;
    if (octets.find(literal) == std::string_view::npos) continue;
    const auto rest = pattern.substr(next);
    if (rest.starts_with('?') || rest.starts_with('*') || rest.starts_with("{0")) continue;
    how = depth > 0 ? std::max(how, Never::How::in_part) : Never::How::at_all;
  }
  return cases ? std::min(how, Never::How::in_part) : how;
}

Never never(Never::How how, std::string_view why) {
  return how == Never::How::may_match ? Never{} : Never{how, std::string(why)};
}

/// Without the signs that say where it must stand and that letters of either case are meant.
std::string_view core_of(std::string_view pattern) {
  for (const std::string_view flags : {"(?i)", "(?-i)"}) {
    if (pattern.starts_with(flags)) pattern.remove_prefix(flags.size());
  }
  if (pattern.starts_with('^')) pattern.remove_prefix(1);
  if (pattern.ends_with('$')) pattern.remove_suffix(1);
  for (const std::string_view opening : {"(?:", "("}) {
    if (!pattern.starts_with(opening) || !pattern.ends_with(')')) continue;
    const auto inner = pattern.substr(opening.size(), pattern.size() - opening.size() - 1);
    if (inner.find_first_of("()|") == std::string_view::npos) return inner;
  }
  return pattern;
}

/// Whether "unknown" may be all of what fits, as in "unknown" or "(unknown|dhcp.*)", and not a part
/// of a name as in "unknown\\.example".
bool has_case_unknown(std::string_view small) {
  constexpr std::string_view word = "unknown";
  for (auto at = small.find(word); at != std::string_view::npos; at = small.find(word, at + 1)) {
    const auto end = at + word.size();
    const bool begins =
        at == 0 || std::string_view("^|(:)").find(small[at - 1]) != std::string_view::npos;
    const bool ends =
        end == small.size() || std::string_view("$|)").find(small[end]) != std::string_view::npos;
    if (begins && ends) return true;
  }
  return false;
}

}  // namespace

Never pattern_never(Keys keys, std::string_view pattern) {
  switch (keys) {
    case Keys::client: {
      const auto small = lower(pattern);
      const bool whole = core_of(small) == "unknown" && small.ends_with('$') &&
                         small.find('^') != std::string::npos;
      if (whole) return never(Never::How::at_all, nameless);
      if (const auto how = needs_one_of(pattern, ":[]"); how != Never::How::may_match) {
        return never(how, of_addresses);
      }
      return never(has_case_unknown(small) ? Never::How::in_part : Never::How::may_match, nameless);
    }
    case Keys::sender:
    case Keys::recipient:
      return never(needs_one_of(pattern, "<>"), bracketed);
    case Keys::helo:
      break;
  }
  return {};
}

Never word_never(Keys keys, std::string_view word) {
  switch (keys) {
    case Keys::client:
      if (lower(word) == "unknown") return never(Never::How::at_all, nameless);
      if (word.find_first_of("[]") != std::string_view::npos) {
        return never(Never::How::at_all, of_addresses);
      }
      break;
    case Keys::sender:
    case Keys::recipient:
      if (word != "<>" && word.find_first_of("<>") != std::string_view::npos) {
        return never(Never::How::at_all, bracketed);
      }
      break;
    case Keys::helo:
      break;
  }
  return {};
}

std::string final_dot(std::string_view word) {
  if (!word.ends_with('.')) return {};
  return "names are compared without a final dot, so a word with one never matches";
}

std::string ends_of_words(std::string_view pattern) {
  if (pattern.find("\\<") == std::string_view::npos &&
      pattern.find("\\>") == std::string_view::npos) {
    return {};
  }
  return "the ends of a word are \\b in RE2";
}

bool pattern_fits(const std::string& pattern, std::string_view text) {
  const expression::Pattern compiled(pattern, expression::PatternCase::ignored);
  return compiled.ok() && compiled.matches(text);
}

bool is_empty_pattern(std::string_view pattern) {
  return pattern.find('^') != std::string_view::npos && pattern.ends_with('$') &&
         core_of(pattern).empty();
}

std::string bounces_apart() {
  return "the sender of bounces is no entry of a list here; write sender == \"<>\" in a condition "
         "beside it";
}

}  // namespace postern::importer
