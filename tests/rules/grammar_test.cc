// The grammar of docs/policy-language.md is read and used: sentences made of random tokens belong
// to it if, and only if, the parser takes them.

#include "rules/lexer.h"
#include "rules/parser.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace postern::expression {
namespace {

using Words = std::vector<std::string>;
using Ends = std::set<std::size_t>;

struct Grammar {
  std::size_t lines = 0;
  std::map<std::string, Words> productions;  ///< tokens of the right-hand sides
};

/// Quoted words keep their first quote; names, brackets and bars are themselves.
Words words_of_line(const std::string& line) {
  Words words;
  for (std::size_t at = 0; at < line.size();) {
    const char c = line[at];
    if (c == ' ') {
      ++at;
    } else if (c == '"' || c == '\'') {
      const auto end = line.find(c, at + 1);
      words.push_back("\"" + line.substr(at + 1, end - at - 1));
      at = end + 1;
    } else {
      const auto end = std::min(line.find(' ', at), line.size());
      words.push_back(line.substr(at, end - at));
      at = end;
    }
  }
  return words;
}

const Grammar& grammar() {
  static const Grammar made = [] {
    Grammar all;
    std::ifstream file(POSTERN_SOURCE_DIR "/docs/policy-language.md");
    std::string line;
    while (std::getline(file, line) && line != "```") {
    }
    std::string name;
    while (std::getline(file, line) && line != "```") {
      ++all.lines;
      auto words = words_of_line(line);
      if (words.empty()) continue;
      if (words.size() > 1 && words[1] == "=") {
        name = words[0];
        words.erase(words.begin(), words.begin() + 2);
      }
      auto& production = all.productions[name];
      production.insert(production.end(), words.begin(), words.end());
    }
    return all;
  }();
  return made;
}

/// Finds where a sentence of the grammar that begins at a token may end.
class Recogniser {
 public:
  Recogniser(std::string_view source, const std::vector<Token>& tokens)
      : source_(source), tokens_(tokens) {}

  bool belongs() { return of("condition", 0).contains(tokens_.size() - 1); }

 private:
  const Ends& of(const std::string& name, std::size_t begin) {
    const auto known = ends_.find({name, begin});
    if (known != ends_.end()) return known->second;
    const auto& words = grammar().productions.at(name);
    std::size_t at = 0;
    auto ends = choice(words, at, {begin});
    EXPECT_EQ(at, words.size()) << name;
    return ends_[{name, begin}] = std::move(ends);
  }

  Ends choice(const Words& words, std::size_t& at, const Ends& begins) {
    auto ends = sequence(words, at, begins);
    while (at < words.size() && words[at] == "|") {
      const auto more = sequence(words, ++at, begins);
      ends.insert(more.begin(), more.end());
    }
    return ends;
  }

  Ends sequence(const Words& words, std::size_t& at, Ends begins) {
    while (at < words.size() && words[at] != "|" && words[at] != ")" && words[at] != "]" &&
           words[at] != "}") {
      begins = item(words, at, begins);
    }
    return begins;
  }

  Ends item(const Words& words, std::size_t& at, const Ends& begins) {
    const auto word = words[at++];
    if (word == "(" || word == "[" || word == "{") {
      const auto inside = at;
      auto ends = choice(words, at, begins);
      ++at;
      if (word == "(") return ends;
      ends.insert(begins.begin(), begins.end());
      if (word == "[") return ends;
      for (std::size_t size = 0; size != ends.size();) {
        size = ends.size();
        auto again = inside;
        const auto more = choice(words, again, ends);
        ends.insert(more.begin(), more.end());
      }
      return ends;
    }
    Ends ends;
    for (const auto begin : begins) {
      if (is_token(word)) {
        if (fits(word, tokens_[begin])) ends.insert(begin + 1);
      } else {
        const auto& more = of(word, begin);
        ends.insert(more.begin(), more.end());
      }
    }
    return ends;
  }

  static bool is_token(const std::string& word) {
    return word.front() == '"' || word == "name" || word == "number" || word == "size" ||
           word == "duration" || word == "text";
  }

  bool fits(const std::string& word, const Token& token) const {
    if (token.kind == TokenKind::end) return false;
    if (word == "name") return token.kind == TokenKind::name;
    if (word == "text") return token.kind == TokenKind::text;
    if (word == "size") return token.kind == TokenKind::size;
    if (word == "duration") return token.kind == TokenKind::duration;
    if (word == "number") {
      return token.kind == TokenKind::number || token.kind == TokenKind::decimal;
    }
    return source_.substr(token.offset, token.length) == word.substr(1);
  }

  std::string_view source_;
  const std::vector<Token>& tokens_;
  std::map<std::pair<std::string, std::size_t>, Ends> ends_;
};

bool belongs(std::string_view sentence) {
  const auto lexed = lex(sentence);
  return lexed.problems.empty() && Recogniser(sentence, lexed.tokens).belongs();
}

constexpr std::array<std::string_view, 31> tokens{
    "and",      "or",  "not", "in",  "within", "matches", "starts_with", "ends_with",
    "contains", "==",  "!=",  "<",   "<=",     ">",       ">=",          "+",
    "-",        "*",   "(",   ")",   "[",      "]",       ",",           "tls",
    "macro",    "'x'", "5",   "2.5", "1MB",    "true",    "5m"};

TEST(Grammar, HasAtMostFortyLines) {
  EXPECT_GT(grammar().lines, 15U);
  EXPECT_LE(grammar().lines, 40U);
}

TEST(Grammar, NamesEveryWordThatTheLexerKnows) {
  std::set<std::string> terminals;
  for (const auto& [name, words] : grammar().productions) {
    if (name == "size" || name == "duration" || name == "text" || name == "word") continue;
    for (const auto& word : words) {
      if (word.front() == '"') terminals.insert(word.substr(1));
    }
  }
  for (const auto& terminal : terminals) {
    const auto lexed = lex(terminal);
    const bool known = terminal == "macro" || terminal == ".";
    EXPECT_TRUE(known || (lexed.tokens.size() == 2 && lexed.problems.empty() &&
                          lexed.tokens.front().kind != TokenKind::name))
        << terminal;
  }
  for (const auto token : tokens) {
    const auto kind = lex(token).tokens.front().kind;
    const bool open = kind == TokenKind::name || kind == TokenKind::text ||
                      kind == TokenKind::number || kind == TokenKind::decimal ||
                      kind == TokenKind::size || kind == TokenKind::duration;
    EXPECT_TRUE(open || terminals.contains(std::string(token))) << token;
  }
}

TEST(Grammar, NamesEveryUnit) {
  const std::string letters = "BkKMGibsmhdw";
  std::vector<std::string> words;
  for (const char a : letters) {
    words.push_back({a});
    for (const char b : letters) {
      words.push_back({a, b});
      for (const char c : letters) words.push_back({a, b, c});
    }
  }
  const auto listed = [](const std::string& production, const std::string& unit) {
    const auto& all = grammar().productions.at(production);
    return std::find(all.begin(), all.end(), "\"" + unit) != all.end();
  };
  for (const auto& unit : words) {
    const auto kind = lex("1" + unit).tokens.front().kind;
    EXPECT_EQ(kind == TokenKind::size, listed("size", unit)) << unit;
    EXPECT_EQ(kind == TokenKind::duration, listed("duration", unit)) << unit;
  }
}

TEST(Grammar, IsThatOfTheParser) {
  std::mt19937 random(3);
  std::size_t sentences = 0;
  const auto try_one = [&](const std::vector<std::string_view>& words) {
    std::string text;
    for (const auto word : words) text += std::string(word) + ' ';
    const bool expected = belongs(text);
    sentences += expected ? 1U : 0U;
    ASSERT_EQ(parse(text).problems.empty(), expected) << text;
  };
  const std::vector<std::vector<std::string_view>> seeds{
      {"tls"},
      {"tls", "not", "in", "[", "'x'", ",", "-", "5", ",", "]"},
      {"(", "tls", "+", "1MB", ")", "*", "-", "2.5", "<=", "5", "-", "tls", "or", "true"},
      {"not", "not", "macro", "(", "'x'", ")", "==", "'x'", "and", "tls"},
      {"tls", "within", "'x'", "or", "tls", "matches", "'x'", "and", "5m", "<", "tls"},
      {"[", "]", "==", "[", "true", "]"}};
  for (const auto& seed : seeds) {
    std::string text;
    for (const auto word : seed) text += std::string(word) + ' ';
    EXPECT_TRUE(belongs(text)) << text;
  }
  for (int i = 0; i < 12'000; ++i) {
    // Sentences with a slip or two, and pure chance.
    auto words = seeds[random() % seeds.size()];
    if (i % 4 == 0) words.assign(1 + random() % 6, "");
    const auto changes = i % 4 == 0 ? words.size() : 1 + random() % 3;
    for (std::size_t change = 0; change < changes; ++change) {
      const auto at = i % 4 == 0 ? change : random() % words.size();
      const auto token = tokens[random() % tokens.size()];
      const auto how = i % 4 == 0 ? 0 : random() % 3;
      if (how == 0) words[at] = token;
      if (how == 1) words.insert(words.begin() + static_cast<std::ptrdiff_t>(at), token);
      if (how == 2 && words.size() > 1)
        words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
    }
    try_one(words);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(sentences, 600U);
}

}  // namespace
}  // namespace postern::expression
