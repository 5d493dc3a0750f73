#include "reply/codes_query.h"

#include "model/text.h"
#include "postern/reference.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

namespace postern {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// A pasted reply is a few hundred octets; what is longer is no reply and need not be read whole.
constexpr std::size_t longest_question = 20'000;
// Octets of words that are looked at: what follows a reply in a bounce says nothing about it.
constexpr std::size_t longest_words = 4'000;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    line = trimmed(line);
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

/// A code at the start of `text` with what follows it: space, hyphen or the end.
std::optional<int> code_at(std::string_view text) {
  if (text.size() < 3 || !std::all_of(text.begin(), text.begin() + 3, is_digit)) return {};
  if (text.size() > 3 && text[3] != ' ' && text[3] != '-' && text[3] != '\t') return {};
  return (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
}

/// One to three digits at the start of `text`, taken off it.
std::optional<int> take_number(std::string_view& text) {
  std::size_t length = 0;
  int value = 0;
  while (length < text.size() && is_digit(text[length])) {
    if (length == 3) return {};
    value = value * 10 + (text[length] - '0');
    ++length;
  }
  if (length == 0) return {};
  text.remove_prefix(length);
  return value;
}

/// "5.7.1" or "X.7.1" at the start of `text`, taken off it.
std::optional<AskedEnhanced> take_enhanced(std::string_view& text) {
  auto rest = text;
  if (rest.size() < 5 || rest[1] != '.') return {};
  AskedEnhanced found;
  if (is_digit(rest[0])) {
    found.klass = rest[0] - '0';
  } else if (rest[0] != 'X' && rest[0] != 'x') {
    return {};
  }
  rest.remove_prefix(2);
  const auto subject = take_number(rest);
  if (!subject || rest.empty() || rest.front() != '.') return {};
  rest.remove_prefix(1);
  const auto detail = take_number(rest);
  // A further dot makes it an IP address; a letter makes it something else.
  if (!detail ||
      (!rest.empty() &&
       (is_digit(rest.front()) || (rest.size() > 1 && rest.front() == '.' && is_digit(rest[1]))))) {
    return {};
  }
  found.subject = *subject;
  found.detail = *detail;
  text = rest;
  return found;
}

bool starts_word(std::string_view text, std::size_t at) {
  if (at == 0) return true;
  const char before = text[at - 1];
  return !is_digit(before) && before != '.' && !(before >= 'a' && before <= 'z') &&
         !(before >= 'A' && before <= 'Z');
}

/// Reads "550-5.7.1 text" into `query`, adding what differs from earlier lines to its faults.
void read_line(std::string_view line, CodesQuery& query) {
  const auto add_fault = [&](std::string fault) {
    if (std::find(query.faults.begin(), query.faults.end(), fault) == query.faults.end()) {
      query.faults.push_back(std::move(fault));
    }
  };
  if (const auto code = code_at(line)) {
    if (query.code && *query.code != *code) {
      add_fault(
          "The lines carry different codes; all lines of one reply must carry the same "
          "(RFC 5321 4.2.1).");
    }
    if (!query.code) query.code = code;
    line = trimmed(line.substr(std::min<std::size_t>(4, line.size())));
  }
  // Cisco's mail gateways write "550 #5.1.0 Address rejected."
  auto code_part = line.starts_with('#') ? line.substr(1) : line;
  if (auto enhanced = take_enhanced(code_part)) {
    if (query.enhanced && query.enhanced->text() != enhanced->text()) {
      add_fault(
          "The lines carry different enhanced codes; all lines of one reply must carry the "
          "same (RFC 2034 4).");
    }
    if (!query.enhanced) query.enhanced = enhanced;
    line = trimmed(code_part);
  }
  if (!query.words.empty() && !line.empty()) query.words += ' ';
  query.words += line;
}

/// Logs put the lines of a reply one after the other, "550-5.7.1 one 550 5.7.1 two". The codes
/// between them go, since they stand in the middle of what is said.
std::string without_repeated_codes(const CodesQuery& query) {
  if (!query.code || !query.enhanced) return query.words;
  std::string result = query.words;
  for (const char between : {'-', ' '}) {
    const auto codes = std::to_string(*query.code) + between + query.enhanced->text() + ' ';
    for (auto at = result.find(codes); at != std::string::npos; at = result.find(codes, at)) {
      if (at == 0 || is_space(result[at - 1])) {
        result.erase(at, codes.size());
      } else {
        at += codes.size();
      }
    }
  }
  return result;
}

/// qmail and its heirs write it last, "553 sorry, ... (#5.7.1)".
std::optional<AskedEnhanced> enhanced_at_end(std::string_view words) {
  const auto at = words.find("(#");
  if (at == std::string_view::npos) return {};
  auto rest = words.substr(at + 2);
  const auto found = take_enhanced(rest);
  return rest.starts_with(')') ? found : std::nullopt;
}

/// A reference is told from other text by the word before it: "(ref K7Q2-9FXA-11BC)".
std::string reference_in(std::string_view words) {
  constexpr std::string_view mark = "(ref ";
  const auto at = words.find(mark);
  if (at == std::string_view::npos) return {};
  const auto rest = words.substr(at + mark.size());
  const auto reference = Reference::parse(rest.substr(0, rest.find(')')));
  return reference ? reference->text() : std::string();
}

/// The codes at the start of a line and all that follows them.
CodesQuery read_reply(std::span<const std::string_view> lines) {
  CodesQuery query;
  for (const auto line : lines) {
    read_line(line, query);
    if (query.words.size() > longest_words) break;
  }
  query.words.resize(std::min(query.words.size(), longest_words));
  if (!query.enhanced) query.enhanced = enhanced_at_end(query.words);
  query.words = without_repeated_codes(query);
  query.reference = reference_in(query.words);
  return query;
}

/// What a reply inside a line must begin with: a port or a number of seconds may look like a code.
enum class Wanted : std::uint8_t { pair, code };
std::optional<std::size_t> reply_inside(std::string_view line, Wanted wanted) {
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (!starts_word(line, at)) continue;
    const auto code = code_at(line.substr(at));
    if (!code || *code < 200 || *code >= 600) continue;
    if (wanted == Wanted::code) return at;
    auto rest = trimmed(line.substr(std::min(at + 4, line.size())));
    if (rest.starts_with('#')) rest.remove_prefix(1);
    if (take_enhanced(rest)) return at;
  }
  return std::nullopt;
}

}  // namespace

std::string AskedEnhanced::text() const {
  return (klass == 0 ? "X" : std::to_string(klass)) + '.' + std::to_string(subject) + '.' +
         std::to_string(detail);
}

std::optional<CodesQuery> read_codes_query(std::string_view what) {
  what = what.substr(0, longest_question);
  auto lines = lines_of(what);
  if (lines.empty()) return std::nullopt;

  if (code_at(lines.front())) return read_reply(lines);
  // "... said: 550 5.1.1 no such user", "dsn=5.1.1", "#5.1.1": the codes stand somewhere inside,
  // and what is said goes on in the lines below.
  for (const auto wanted : {Wanted::pair, Wanted::code}) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (const auto at = reply_inside(lines[i], wanted)) {
        lines[i].remove_prefix(*at);
        return read_reply(std::span(lines).subspan(i));
      }
    }
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (std::size_t at = 0; at < lines[i].size(); ++at) {
      if (!starts_word(lines[i], at)) continue;
      auto rest = lines[i].substr(at);
      if (!take_enhanced(rest)) continue;
      lines[i].remove_prefix(at);
      return read_reply(std::span(lines).subspan(i));
    }
  }
  return std::nullopt;
}

}  // namespace postern
