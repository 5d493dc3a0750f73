#include "rules/lexer.h"

#include "model/text.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace postern::expression {
namespace {

bool starts_name(char c) { return is_letter(c) || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

struct Keyword {
  std::string_view text;
  TokenKind kind;
  std::int64_t number = 0;
};
constexpr std::array keywords{
    Keyword{"and", TokenKind::logical_and},     Keyword{"or", TokenKind::logical_or},
    Keyword{"not", TokenKind::logical_not},     Keyword{"in", TokenKind::in},
    Keyword{"matches", TokenKind::matches},     Keyword{"starts_with", TokenKind::starts_with},
    Keyword{"ends_with", TokenKind::ends_with}, Keyword{"contains", TokenKind::contains},
    Keyword{"within", TokenKind::within},       Keyword{"true", TokenKind::boolean, 1},
    Keyword{"false", TokenKind::boolean, 0},
};

struct Unit {
  std::string_view text;
  TokenKind kind;
  std::int64_t factor;
};
// Decimal and binary units as IEC 80000-13 has them. "m" is minutes and "M" a million octets, so
// the case of units counts.
constexpr std::array units{
    Unit{"B", TokenKind::size, 1},
    Unit{"k", TokenKind::size, 1000},
    Unit{"kB", TokenKind::size, 1000},
    Unit{"K", TokenKind::size, 1000},
    Unit{"KB", TokenKind::size, 1000},
    Unit{"KiB", TokenKind::size, 1024},
    Unit{"M", TokenKind::size, 1'000'000},
    Unit{"MB", TokenKind::size, 1'000'000},
    Unit{"MiB", TokenKind::size, 1'048'576},
    Unit{"G", TokenKind::size, 1'000'000'000},
    Unit{"GB", TokenKind::size, 1'000'000'000},
    Unit{"GiB", TokenKind::size, 1'073'741'824},
    Unit{"s", TokenKind::duration, 1},
    Unit{"m", TokenKind::duration, 60},
    Unit{"h", TokenKind::duration, 3600},
    Unit{"d", TokenKind::duration, 86'400},
    Unit{"w", TokenKind::duration, 604'800},
};

const Unit* find_unit(std::string_view text) {
  const auto* found =
      std::find_if(units.begin(), units.end(), [&](const Unit& unit) { return unit.text == text; });
  return found == units.end() ? nullptr : found;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Lexed run() {
    for (skip_space(); at_ < source_.size(); skip_space()) token();
    push(TokenKind::end, at_);
    return std::move(result_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  void skip_space() {
    while (at_ < source_.size() && is_space(source_[at_])) ++at_;
  }

  Token& push(TokenKind kind, std::size_t start) {
    Token token;
    token.kind = kind;
    token.offset = start;
    token.length = at_ - start;
    result_.tokens.push_back(std::move(token));
    return result_.tokens.back();
  }

  void problem(std::size_t start, std::string message, std::string hint = {}) {
    result_.problems.push_back(
        {start, std::max<std::size_t>(at_ - start, 1), std::move(message), std::move(hint)});
  }

  void token() {
    const char c = source_[at_];
    if (starts_name(c)) return name();
    if (is_digit(c)) return number();
    if (c == '"' || c == '\'') return text(c);
    symbol(c);
  }

  void name() {
    const auto start = at_;
    while (starts_name(peek()) || is_digit(peek()) ||
           (peek() == '.' && (starts_name(peek(1)) || is_digit(peek(1))))) {
      ++at_;
    }
    const auto word = source_.substr(start, at_ - start);
    for (const auto& keyword : keywords) {
      if (keyword.text == word) {
        push(keyword.kind, start).number = keyword.number;
        return;
      }
    }
    push(TokenKind::name, start).text = word;
  }

  void number() {
    const auto start = at_;
    std::int64_t value = 0;
    bool fits = true;
    for (; is_digit(peek()); ++at_) fits = fits && append(value, peek() - '0');
    if (is_fraction()) return decimal(start, value, fits);
    const auto digits_end = at_;
    // "10 MB" reads as "10MB" does; nothing else that begins with a letter can follow a number but
    // an operator, and no operator is spelled like a unit.
    if (peek() == ' ' && starts_name(peek(1))) ++at_;
    const auto unit_start = at_;
    while (starts_name(peek()) || is_digit(peek())) ++at_;
    const auto word = source_.substr(unit_start, at_ - unit_start);
    const auto* unit = find_unit(word);
    if (!unit && unit_start != digits_end) at_ = digits_end;
    if (!unit && unit_start == digits_end && !word.empty()) {
      problem(start, "\"" + std::string(word) + "\" is no unit",
              "sizes end in B, kB, MB, GB, KiB, MiB or GiB, durations in s, m, h, d or w");
      push(TokenKind::broken, start);
      return;
    }
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    if (!fits || (unit && value > most / unit->factor)) {
      problem(start, "this number is too large", "the largest is 9223372036854775807");
      push(TokenKind::broken, start);
      return;
    }
    push(unit ? unit->kind : TokenKind::number, start).number = unit ? value * unit->factor : value;
  }

  /// "2.5" and no more: of "192.0.2.1" the parts are no fractions.
  bool is_fraction() const {
    if (peek() != '.' || !is_digit(peek(1))) return false;
    std::size_t ahead = 1;
    while (is_digit(peek(ahead))) ++ahead;
    return peek(ahead) != '.';
  }

  void decimal(std::size_t start, std::int64_t value, bool fits) {
    ++at_;
    std::size_t digits = 0;
    for (; is_digit(peek()); ++at_, ++digits) {
      if (digits < 3) fits = fits && append(value, peek() - '0');
    }
    for (auto missing = digits; missing < 3; ++missing) fits = fits && append(value, 0);
    if (starts_name(peek())) {
      while (starts_name(peek()) || is_digit(peek())) ++at_;
      problem(start, "a unit stands behind a whole number", "as in 1500kB for 1.5MB");
    } else if (digits > 3) {
      problem(start, "a number has three decimals at most");
    } else if (!fits) {
      problem(start, "this number is too large");
    } else {
      push(TokenKind::decimal, start).number = value;
      return;
    }
    push(TokenKind::broken, start);
  }

  static bool append(std::int64_t& value, int digit) {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    if (value > (most - digit) / 10) return false;
    value = value * 10 + digit;
    return true;
  }

  void text(char quote) {
    const auto start = at_++;
    std::string value;
    while (at_ < source_.size() && source_[at_] != quote && source_[at_] != '\n') {
      // Only these escapes, so that patterns need no doubled backslashes: "\d" stays as it is.
      if (peek() == '\\' && (peek(1) == '"' || peek(1) == '\'' || peek(1) == '\\')) ++at_;
      value += source_[at_++];
    }
    if (peek() != quote) {
      problem(start, "this text has no closing quote", std::string("add ") + quote);
      push(TokenKind::broken, start);
      return;
    }
    ++at_;
    push(TokenKind::text, start).text = std::move(value);
  }

  void symbol(char c) {
    const auto start = at_++;
    const bool twice = peek() == c;
    const bool with_equal = peek() == '=';
    switch (c) {
      case '(':
        push(TokenKind::left_parenthesis, start);
        return;
      case ')':
        push(TokenKind::right_parenthesis, start);
        return;
      case '[':
        push(TokenKind::left_bracket, start);
        return;
      case ']':
        push(TokenKind::right_bracket, start);
        return;
      case ',':
        push(TokenKind::comma, start);
        return;
      case '+':
        push(TokenKind::plus, start);
        return;
      case '*':
        push(TokenKind::times, start);
        return;
      case '-':
        if (joins_words(start)) break;
        push(TokenKind::minus, start);
        return;
      case '<':
        if (with_equal) ++at_;
        push(with_equal ? TokenKind::less_equal : TokenKind::less, start);
        return;
      case '>':
        if (with_equal) ++at_;
        push(with_equal ? TokenKind::greater_equal : TokenKind::greater, start);
        return;
      case '=':
        if (twice) ++at_;
        if (!twice) problem(start, "\"=\" is no operator of a condition", "write ==");
        push(TokenKind::equal, start);
        return;
      case '!':
        if (with_equal) {
          ++at_;
          push(TokenKind::not_equal, start);
          return;
        }
        problem(start, "\"!\" is no operator of a condition", "write not");
        push(TokenKind::logical_not, start);
        return;
      case '&':
      case '|':
        if (twice) ++at_;
        problem(start,
                "\"" + std::string(source_.substr(start, at_ - start)) +
                    "\" is no operator of a condition",
                c == '&' ? "write and" : "write or");
        push(c == '&' ? TokenKind::logical_and : TokenKind::logical_or, start);
        return;
      default:
        break;
    }
    unexpected(start);
  }

  /// A minus without a space on either side, as in "client-name", was not meant to subtract.
  bool joins_words(std::size_t at) const {
    const auto is_part = [](char c) { return starts_name(c) || is_digit(c); };
    return at > 0 && is_part(source_[at - 1]) && at + 1 < source_.size() &&
           starts_name(source_[at + 1]);
  }

  // A run of octets that begin no token is one problem, not one each: a pasted UTF-8 quotation mark
  // is three octets.
  void unexpected(std::size_t start) {
    const auto begins_token = [](char c) {
      return is_space(c) || starts_name(c) || is_digit(c) ||
             std::string_view("\"'()[],<>=!&|+-*").find(c) != std::string_view::npos;
    };
    while (at_ < source_.size() && !begins_token(source_[at_])) ++at_;
    const auto octets = source_.substr(start, at_ - start);
    const bool printable =
        std::all_of(octets.begin(), octets.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
    if (octets == "-") {
      problem(start, "\"-\" has no place in a condition",
              "names are written with _, not with -; subtract with spaces around it");
    } else if (octets == "/") {
      problem(start, "there is no division", "multiply the other side instead");
    } else if (printable) {
      problem(start, "\"" + std::string(octets) + "\" has no place in a condition");
    } else {
      // U+2018 to U+201E, which word processors and web pages put in place of quotes.
      const bool quotes = octets.starts_with("\xE2\x80") && octets.size() == 3 &&
                          octets[2] >= '\x98' && octets[2] <= '\x9E';
      problem(start, "these octets have no place in a condition",
              quotes ? "they are typographic quotes; write plain ones, \" or '"
                     : "text from outside ASCII stands between quotes");
    }
    push(TokenKind::broken, start);
  }

  std::string_view source_;
  std::size_t at_ = 0;
  Lexed result_;
};

}  // namespace

Lexed lex(std::string_view source) { return Lexer(source).run(); }

}  // namespace postern::expression
