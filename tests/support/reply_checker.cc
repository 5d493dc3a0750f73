#include "support/reply_checker.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace postern::test {

namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

/// Negative replies by command: RFC 5321 4.3.2, RFC 7504, 3207, 4954, 6409, 5248.
const std::map<std::string_view, std::set<int>>& negative_codes() {
  static const std::map<std::string_view, std::set<int>> lists = {
      {"CONNECT", {421, 521, 554}},
      {"HELO", {421, 500, 501, 502, 504, 550}},
      {"AUTH", {421, 432, 454, 500, 501, 503, 504, 525, 530, 534, 535, 538}},
      {"STARTTLS", {421, 454, 500, 501, 503}},
      {"MAIL", {421, 451, 452, 455, 500, 501, 503, 530, 550, 552, 553, 554, 555}},
      {"RCPT", {421, 450, 451, 452, 455, 500, 501, 503, 530, 550, 551, 552, 553, 554, 555, 556}},
      {"DATA", {421, 451, 500, 501, 503, 530, 554}},
      {"EOM", {421, 450, 451, 452, 500, 501, 550, 552, 554}},
  };
  return lists;
}

struct Enhanced {
  char klass = 0;
  std::string text;
  bool leading_zero = false;
};

/// class "." subject "." detail, then the end or white space.
std::optional<Enhanced> enhanced_at(std::string_view text) {
  const auto end = text.find_first_of(" \t");
  const auto token = text.substr(0, end);
  const auto first = token.find('.');
  const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (first != 1 || second == token.npos) return std::nullopt;
  if (token[0] != '2' && token[0] != '4' && token[0] != '5') return std::nullopt;
  Enhanced found{token[0], std::string(token), false};
  for (const auto part : {token.substr(first + 1, second - first - 1), token.substr(second + 1)}) {
    if (part.empty() || part.size() > 3 || !std::all_of(part.begin(), part.end(), digit)) {
      return std::nullopt;
    }
    if (part.size() > 1 && part[0] == '0') found.leading_zero = true;
  }
  return found;
}

}  // namespace

std::vector<std::string> reply_faults(std::string_view raw, std::string_view stage) {
  std::set<std::string> faults;
  std::vector<std::string_view> lines;
  auto rest = raw;
  while (!rest.empty()) {
    const auto end = rest.find("\r\n");
    if (end == rest.npos) {
      faults.insert("no-line-end");
      lines.push_back(rest);
      break;
    }
    lines.push_back(rest.substr(0, end));
    rest.remove_prefix(end + 2);
  }
  if (lines.empty()) return {"bare-code", "no-line-end"};

  std::string_view code;
  std::optional<Enhanced> first_enhanced;
  bool any_text = false;
  bool bad_code = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto line = lines[i];
    if (line.size() + 2 > 512) faults.insert("line-too-long");
    for (const char c : line) {
      if (c == '\r' || c == '\n') {
        faults.insert("bare-cr-or-lf");
      } else if (c != '\t' && (c < 32 || c > 126)) {
        faults.insert("not-printable-ascii");
      }
      if (c == '\0') faults.insert("nul");
    }
    const bool well_formed = line.size() >= 3 && line[0] >= '2' && line[0] <= '5' &&
                             line[1] >= '0' && line[1] <= '5' && digit(line[2]) &&
                             (line.size() == 3 || line[3] == ' ' || line[3] == '-');
    if (!well_formed) {
      faults.insert("bad-code");
      bad_code = true;
      continue;
    }
    const bool last = i + 1 == lines.size();
    if (last ? (line.size() > 3 && line[3] == '-') : (line.size() == 3 || line[3] != '-')) {
      faults.insert("bad-continuation");
    }
    if (code.empty()) code = line.substr(0, 3);
    if (line.substr(0, 3) != code) faults.insert("codes-differ");

    const auto text = line.size() > 4 ? line.substr(4) : std::string_view{};
    if (!text.empty()) any_text = true;
    const auto enhanced = enhanced_at(text);
    if (enhanced && enhanced->leading_zero) faults.insert("enhanced-leading-zero");
    if (enhanced && enhanced->klass != line[0]) faults.insert("class-mismatch");
    if (i == 0) {
      first_enhanced = enhanced;
    } else if (enhanced.has_value() != first_enhanced.has_value() ||
               (enhanced && enhanced->text != first_enhanced->text)) {
      faults.insert("enhanced-differ");
    }
  }
  if (!bad_code) {
    if (!any_text) faults.insert("bare-code");
    const bool needed = code[0] != '3' && stage != "CONNECT" && stage != "HELO";
    if (needed && !first_enhanced) faults.insert("no-enhanced");
    const auto list = negative_codes().find(stage);
    if (list != negative_codes().end() && (code[0] == '4' || code[0] == '5')) {
      const int value = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
      if (!list->second.contains(value)) faults.insert("code-not-at-stage");
    }
  }
  return {faults.begin(), faults.end()};
}

}  // namespace postern::test
