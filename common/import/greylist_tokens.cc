#include "import/greylist_tokens.h"

#include "import/parts.h"

#include <algorithm>

namespace postern::importer {
namespace {

/// Reads the tokens of one line; what it says behind a '#' does not count.
class LineTokens {
 public:
  LineTokens(std::string_view line, std::vector<GreylistToken>& tokens)
      : line_(line), tokens_(tokens) {}

  void read() {
    while (at_ < line_.size() && line_[at_] != '#') {
      const char c = line_[at_];
      if (c == ' ' || c == '\t' || c == ',') {
        ++at_;
      } else if (c == '{' || c == '}') {
        ++at_;
        tokens_.push_back(
            {c == '{' ? GreylistToken::Kind::open : GreylistToken::Kind::close, std::string(1, c)});
      } else if (c == '"') {
        quoted();
      } else if (c == '/') {
        pattern();
      } else {
        word();
      }
    }
  }

 private:
  void quoted() {
    std::string value;
    for (++at_; at_ < line_.size() && line_[at_] != '"'; ++at_) {
      if (line_[at_] == '\\' && at_ + 1 < line_.size()) ++at_;
      value += line_[at_];
    }
    ++at_;
    tokens_.push_back({GreylistToken::Kind::text, value});
  }

  /// A slash cannot be escaped in it.
  void pattern() {
    const auto end = std::min(line_.find('/', at_ + 1), line_.size());
    tokens_.push_back(
        {GreylistToken::Kind::pattern, std::string(line_.substr(at_ + 1, end - at_ - 1))});
    at_ = std::min(end + 1, line_.size());
  }

  void word() {
    const auto end = std::min(line_.find_first_of(" \t,{}\"#", at_), line_.size());
    tokens_.push_back({GreylistToken::Kind::word, std::string(line_.substr(at_, end - at_))});
    at_ = end;
  }

  std::string_view line_;
  std::vector<GreylistToken>& tokens_;
  std::size_t at_ = 0;
};

/// Where a backslash at the end of a line says that the next one belongs to it.
bool goes_on(std::string_view line) {
  const auto last = line.find_last_not_of(" \t");
  return last != std::string_view::npos && line[last] == '\\';
}

}  // namespace

std::vector<GreylistStatement> greylist_statements(std::string_view text) {
  std::vector<GreylistStatement> statements;
  unsigned number = 0;
  bool joined = false;
  int open = 0;
  while (!text.empty()) {
    ++number;
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const bool first = !joined && open <= 0;
    joined = goes_on(line);
    if (joined) line = line.substr(0, line.find_last_of('\\'));
    std::vector<GreylistToken> tokens;
    LineTokens(line, tokens).read();
    if (tokens.empty()) continue;
    if (first || statements.empty()) {
      statements.push_back({number, {}, {}});
      open = 0;
    }
    auto& statement = statements.back();
    if (!statement.text.empty()) statement.text += ' ';
    statement.text += trimmed(line);
    for (auto& token : tokens) {
      open += token.kind == GreylistToken::Kind::open    ? 1
              : token.kind == GreylistToken::Kind::close ? -1
                                                         : 0;
      statement.tokens.push_back(std::move(token));
    }
  }
  return statements;
}

std::string from_basic_pattern(std::string_view pattern) {
  std::string result;
  bool in_set = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    constexpr std::string_view plain = "(){}+?|";
    if (in_set) {
      in_set = c != ']';
      result += c;
    } else if (c == '[') {
      in_set = true;
      result += c;
      // A ']' that comes first is one of the set.
      while (i + 1 < pattern.size() && (pattern[i + 1] == '^' || pattern[i + 1] == ']')) {
        result += pattern[++i];
        if (pattern[i] == ']') break;
      }
    } else if (c == '\\' && i + 1 < pattern.size()) {
      const char next = pattern[++i];
      if (plain.find(next) == std::string_view::npos) result += '\\';
      result += next;
    } else {
      if (plain.find(c) != std::string_view::npos) result += '\\';
      result += c;
    }
  }
  return result;
}

}  // namespace postern::importer
