#include "rules/parser.h"

#include "model/text.h"
#include "rules/lexer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace postern::expression {
namespace {

struct OperatorRow {
  TokenKind token;
  Operator op;
  std::string_view text;
};
constexpr std::array operators{
    OperatorRow{TokenKind::equal, Operator::equal, "=="},
    OperatorRow{TokenKind::not_equal, Operator::not_equal, "!="},
    OperatorRow{TokenKind::less, Operator::less, "<"},
    OperatorRow{TokenKind::less_equal, Operator::less_equal, "<="},
    OperatorRow{TokenKind::greater, Operator::greater, ">"},
    OperatorRow{TokenKind::greater_equal, Operator::greater_equal, ">="},
    OperatorRow{TokenKind::in, Operator::in, "in"},
    OperatorRow{TokenKind::matches, Operator::matches, "matches"},
    OperatorRow{TokenKind::starts_with, Operator::starts_with, "starts_with"},
    OperatorRow{TokenKind::ends_with, Operator::ends_with, "ends_with"},
    OperatorRow{TokenKind::contains, Operator::contains, "contains"},
    OperatorRow{TokenKind::within, Operator::within, "within"},
};

std::optional<Operator> operator_of(TokenKind kind) {
  for (const auto& row : operators) {
    if (row.token == kind) return row.op;
  }
  return std::nullopt;
}

/// True for the literals that may stand in a list.
bool is_literal(TokenKind kind) {
  return kind == TokenKind::text || kind == TokenKind::number || kind == TokenKind::decimal ||
         kind == TokenKind::size || kind == TokenKind::duration || kind == TokenKind::boolean;
}

bool begins_operand(TokenKind kind) {
  return is_literal(kind) || kind == TokenKind::name || kind == TokenKind::left_parenthesis ||
         kind == TokenKind::left_bracket;
}

bool is_number(TokenKind kind) { return kind == TokenKind::number || kind == TokenKind::decimal; }

std::optional<NodeKind> calculation_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::plus:
      return NodeKind::sum;
    case TokenKind::minus:
      return NodeKind::difference;
    case TokenKind::times:
      return NodeKind::product;
    default:
      return std::nullopt;
  }
}

NodeKind literal_kind(TokenKind kind) {
  switch (kind) {
    case TokenKind::text:
      return NodeKind::text;
    case TokenKind::number:
      return NodeKind::number;
    case TokenKind::decimal:
      return NodeKind::decimal;
    case TokenKind::size:
      return NodeKind::size;
    case TokenKind::duration:
      return NodeKind::duration;
    case TokenKind::boolean:
      return NodeKind::boolean;
    default:
      return NodeKind::broken;
  }
}

class Parser {
 public:
  explicit Parser(std::string_view source) : source_(source), lexed_(lex(source)) {}

  Parsed run() {
    Parsed result;
    if (peek().kind == TokenKind::end && lexed_.problems.empty()) {
      problem(peek(), "the condition is empty", "leave out \"when\" for a rule that always holds");
    } else {
      result.root = condition();
      // What is left over begins with something no rule of the grammar wants.
      while (peek().kind != TokenKind::end) {
        unexpected();
        next();
        recover();
        if (peek().kind == TokenKind::logical_and || peek().kind == TokenKind::logical_or) {
          next();
          result.root = join(NodeKind::all_of, {std::move(result.root), condition()});
        }
      }
    }
    result.problems = std::move(lexed_.problems);
    std::stable_sort(result.problems.begin(), result.problems.end(),
                     [](const auto& a, const auto& b) { return a.offset < b.offset; });
    return result;
  }

 private:
  const Token& peek(std::size_t ahead = 0) const {
    return lexed_.tokens[std::min(at_ + ahead, lexed_.tokens.size() - 1)];
  }
  const Token& next() {
    const Token& token = peek();
    if (token.kind != TokenKind::end) ++at_;
    return token;
  }

  void problem(const Token& token, std::string message, std::string hint = {}) {
    lexed_.problems.push_back({token.offset, std::max<std::size_t>(token.length, 1),
                               std::move(message), std::move(hint)});
  }

  std::string quoted(const Token& token) const {
    // A text has its quotes already.
    if (token.kind == TokenKind::text) return postern::quoted(token.text);
    return postern::quoted(source_.substr(token.offset, token.length));
  }

  /// Skips what cannot be understood, up to where a new operand may begin.
  void recover() {
    for (unsigned open = 0; peek().kind != TokenKind::end; next()) {
      switch (peek().kind) {
        case TokenKind::logical_and:
        case TokenKind::logical_or:
          if (open == 0) return;
          break;
        case TokenKind::left_parenthesis:
        case TokenKind::left_bracket:
          ++open;
          break;
        case TokenKind::right_parenthesis:
        case TokenKind::right_bracket:
          if (open == 0) return;
          --open;
          break;
        default:
          break;
      }
    }
  }

  void unexpected() {
    const auto& token = peek();
    // Behind what has been reported, nothing is expected.
    if (token.kind == TokenKind::broken || follows_broken()) return;
    if (token.kind == TokenKind::right_parenthesis) {
      problem(token, "this \")\" closes nothing");
    } else if (operator_of(token.kind)) {
      problem(token, "a comparison cannot be compared again",
              "join comparisons with and, or; group them with parentheses");
    } else if (token.kind == TokenKind::name && is_wrong_case(token)) {
      problem(token, quoted(token) + " stands where an operator is expected",
              "operators are written in small letters");
    } else {
      problem(token, quoted(token) + " stands where \"and\", \"or\" or the end is expected");
    }
  }

  bool follows_broken() const {
    return at_ > 0 && lexed_.tokens[at_ - 1].kind == TokenKind::broken;
  }

  static bool is_wrong_case(const Token& token) {
    std::string small = token.text;
    for (auto& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return small != token.text &&
           (small == "and" || small == "or" || small == "not" || small == "in" ||
            small == "matches" || small == "starts_with" || small == "ends_with" ||
            small == "contains" || small == "within");
  }

  static Node spanning(NodeKind kind, std::size_t begin, std::size_t end) {
    Node node;
    node.kind = kind;
    node.offset = begin;
    node.length = end > begin ? end - begin : 1;
    return node;
  }

  static Node join(NodeKind kind, std::vector<Node> parts) {
    if (parts.size() == 1) return std::move(parts.front());
    auto node = spanning(kind, parts.front().offset, parts.back().offset + parts.back().length);
    node.parts = std::move(parts);
    return node;
  }

  Node condition() {
    std::vector<Node> parts;
    parts.push_back(conjunction());
    while (peek().kind == TokenKind::logical_or) {
      next();
      parts.push_back(conjunction());
    }
    return join(NodeKind::any_of, std::move(parts));
  }

  Node conjunction() {
    std::vector<Node> parts;
    parts.push_back(negation());
    while (peek().kind == TokenKind::logical_and) {
      next();
      parts.push_back(negation());
    }
    return join(NodeKind::all_of, std::move(parts));
  }

  Node negation() {
    if (peek().kind != TokenKind::logical_not) return comparison();
    const auto& word = next();
    const auto begin = word.offset;
    if (!enter(word)) return {};
    auto part = negation();
    --depth_;
    auto node = spanning(NodeKind::negate, begin, part.offset + part.length);
    node.parts.push_back(std::move(part));
    return node;
  }

  /// One level deeper; false, with the rest of the text given up, when that is too deep.
  bool enter(const Token& token) {
    if (++depth_ <= deepest_nesting) return true;
    if (!too_deep_) {
      problem(token, "the condition is nested more than 64 levels deep",
              "split it into several rules");
    }
    too_deep_ = true;
    at_ = lexed_.tokens.size() - 1;
    --depth_;
    return false;
  }

  Node comparison() {
    auto left = sum();
    const bool negated = peek().kind == TokenKind::logical_not && peek(1).kind == TokenKind::in;
    const auto& first = negated ? next() : peek();
    const auto op = operator_of(peek().kind);
    if (!op) return left;
    const auto& last = next();
    const auto op_offset = first.offset;
    const auto op_length = last.offset + last.length - first.offset;
    auto right = sum();
    if (left.kind == NodeKind::broken) left.offset = op_offset;
    auto node = spanning(NodeKind::compare, left.offset, right.offset + right.length);
    node.op = *op;
    node.op_offset = op_offset;
    node.op_length = op_length;
    node.parts.push_back(std::move(left));
    node.parts.push_back(std::move(right));
    if (!negated) return node;
    auto whole = spanning(NodeKind::negate, node.offset, node.offset + node.length);
    whole.parts.push_back(std::move(node));
    return whole;
  }

  Node sum() {
    auto left = product();
    while (peek().kind == TokenKind::plus || peek().kind == TokenKind::minus) {
      const auto& word = next();
      if (!calculate(word)) return {};
      left = calculated(word, std::move(left), product());
    }
    return left;
  }

  Node product() {
    auto left = operand();
    while (peek().kind == TokenKind::times || peek().kind == TokenKind::broken) {
      const auto& word = next();
      if (word.kind == TokenKind::broken) {
        // Reported; what it was to join says nothing by itself.
        if (begins_operand(peek().kind)) operand();
        left.kind = NodeKind::broken;
        continue;
      }
      if (!calculate(word)) return {};
      left = calculated(word, std::move(left), operand());
    }
    return left;
  }

  static Node calculated(const Token& word, Node left, Node right) {
    auto node = spanning(*calculation_of(word.kind), left.offset, right.offset + right.length);
    node.op_offset = word.offset;
    node.op_length = word.length;
    node.parts.push_back(std::move(left));
    node.parts.push_back(std::move(right));
    return node;
  }

  /// One calculation more; false, with the rest of the text given up, when that is too many.
  bool calculate(const Token& token) {
    if (++calculations_ <= most_calculations) return true;
    if (!too_deep_) {
      problem(token, "the condition calculates more than 64 times", "split it into several rules");
    }
    too_deep_ = true;
    at_ = lexed_.tokens.size() - 1;
    return false;
  }

  Node operand() {
    const auto& token = peek();
    switch (token.kind) {
      case TokenKind::minus: {
        if (!is_number(peek(1).kind)) {
          missing(token);
          next();
          // What it stands before says nothing by itself. Not a list: a list within a list within a
          // list would not be counted as nesting.
          if (peek().kind != TokenKind::left_bracket && begins_operand(peek().kind)) operand();
          return spanning(NodeKind::broken, token.offset, token.offset + token.length);
        }
        const auto begin = next().offset;
        auto node = operand();
        node.number = -node.number;
        node.length += node.offset - begin;
        node.offset = begin;
        return node;
      }
      case TokenKind::left_parenthesis:
        return group();
      case TokenKind::left_bracket:
        return list();
      case TokenKind::name:
        if (peek(1).kind == TokenKind::left_parenthesis) return call();
        break;
      case TokenKind::text:
      case TokenKind::number:
      case TokenKind::decimal:
      case TokenKind::size:
      case TokenKind::duration:
      case TokenKind::boolean:
        break;
      case TokenKind::broken: {
        auto node = spanning(NodeKind::broken, token.offset, token.offset + token.length);
        next();
        return node;
      }
      default: {
        missing(token);
        return spanning(NodeKind::broken, token.offset, token.offset + token.length);
      }
    }
    const auto kind = token.kind == TokenKind::name ? NodeKind::name : literal_kind(token.kind);
    auto node = spanning(kind, token.offset, token.offset + token.length);
    node.text = token.text;
    node.number = token.number;
    next();
    return node;
  }

  void missing(const Token& token) {
    if (too_deep_) return;
    if (token.kind == TokenKind::end) {
      problem(token, "the condition ends where a name or a value is expected");
    } else if (token.kind == TokenKind::minus) {
      problem(token, "\"-\" stands before a number, or between two values");
    } else if (operator_of(token.kind)) {
      problem(token, "there is nothing to compare before " + quoted(token));
    } else {
      problem(token, "a name or a value is expected before " + quoted(token));
    }
  }

  Node group() {
    const auto open = next();
    if (!enter(open)) return {};
    auto node = condition();
    --depth_;
    if (peek().kind != TokenKind::right_parenthesis && peek().kind != TokenKind::end) {
      unexpected();
      next();
      recover_to_parenthesis();
    }
    if (peek().kind == TokenKind::right_parenthesis) {
      next();
    } else if (!too_deep_) {
      problem(open, "this \"(\" is not closed", "add )");
    }
    return node;
  }

  void recover_to_parenthesis() {
    for (unsigned open = 0; peek().kind != TokenKind::end; next()) {
      if (peek().kind == TokenKind::left_parenthesis) ++open;
      if (peek().kind == TokenKind::right_parenthesis && open-- == 0) return;
    }
  }

  Node list() {
    const auto open = next();
    auto node = spanning(NodeKind::list, open.offset, open.offset + open.length);
    while (peek().kind != TokenKind::right_bracket) {
      const auto& token = peek();
      if (is_literal(token.kind) || token.kind == TokenKind::minus) {
        node.parts.push_back(operand());
        if (node.parts.back().kind == NodeKind::broken) skip_to_comma();
      } else if (token.kind == TokenKind::broken) {
        next();
      } else {
        if (token.kind == TokenKind::end) {
          problem(open, "this \"[\" is not closed", "add ]");
        } else {
          problem(token, quoted(token) + " cannot be in a list",
                  token.kind == TokenKind::name ? "put a text between quotes" : "");
          skip_list();
        }
        node.kind = NodeKind::broken;
        return node;
      }
      if (peek().kind == TokenKind::comma) {
        next();
      } else if (is_literal(peek().kind) || peek().kind == TokenKind::minus) {
        problem(peek(), "there is no comma before " + quoted(peek()), "separate values with ,");
      }
    }
    const auto& close = next();
    node.length = close.offset + close.length - open.offset;
    return node;
  }

  void skip_to_comma() {
    while (peek().kind != TokenKind::right_bracket && peek().kind != TokenKind::end &&
           peek().kind != TokenKind::comma) {
      next();
    }
  }

  void skip_list() {
    while (peek().kind != TokenKind::right_bracket && peek().kind != TokenKind::end) next();
    next();
  }

  Node call() {
    const auto name = next();
    const auto open = next();
    const bool fits =
        peek().kind == TokenKind::text && peek(1).kind == TokenKind::right_parenthesis;
    if (name.text == "macro" && fits) {
      auto node = spanning(NodeKind::macro, name.offset, peek(1).offset + peek(1).length);
      node.text = next().text;
      next();
      return node;
    }
    if (name.text == "macro") {
      problem(open, "macro takes the name of one macro", "write macro(\"daemon_name\")");
    } else {
      problem(name, "there is no function " + quoted(name), "the only one is macro(\"name\")");
    }
    recover_to_parenthesis();
    const auto& close = next();
    return spanning(NodeKind::broken, name.offset, close.offset + close.length);
  }

  std::string_view source_;
  Lexed lexed_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
  unsigned calculations_ = 0;
  bool too_deep_ = false;
};

}  // namespace

std::string_view to_text(Operator op) noexcept {
  for (const auto& row : operators) {
    if (row.op == op) return row.text;
  }
  return "";
}

Parsed parse(std::string_view source) { return Parser(source).run(); }

}  // namespace postern::expression
