#include "rules/compiler_calculations.h"

#include "model/text.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace postern::expression {
namespace {

using Kind = CalculationStep::Kind;

/// No side may come closer to the end of WideNumber, which is at 1.7e38.
constexpr long double largest = 1.6e38L;
/// What the mail server tells may be as large as this, whatever it should be.
constexpr long double largest_told = 9.3e18L;

std::string_view verb(NodeKind kind) {
  if (kind == NodeKind::sum) return "be added";
  return kind == NodeKind::difference ? "be subtracted" : "be multiplied";
}

bool is_fixed(NodeKind kind) { return kind == NodeKind::number || kind == NodeKind::size; }

/// What is known of a part of a side.
struct Known {
  ValueType type = ValueType::number;
  bool literal = false;
  WideNumber least = 0;  ///< if the mail server tells what a name can be
  WideNumber most = 0;
  long double magnitude = 0;  ///< whatever it tells
};

class Reader {
 public:
  Reader(Resolver& resolver, Test& test) : resolver_(resolver), test_(test) {}

  bool read(const Node& node) {
    auto calculation = std::make_shared<Calculation>();
    const auto left = side(node.parts[0], calculation->left);
    if (!set_comparison(node)) return false;
    const auto right = side(node.parts[1], calculation->right);
    if (!left || !right) return false;
    // A bare number stands for octets where it is compared, as it does without a calculation.
    if (left->type != right->type && !left->literal && !right->literal) {
      return fault(node, "a size cannot be compared with a number",
                   "multiply the number by a size, as in recipient_count * 10MB");
    }
    if (!may_differ(node, *left, *right)) return false;
    test_.type = ValueType::number;
    test_.calculation = std::move(calculation);
    return true;
  }

 private:
  bool fault(const Node& node, std::string message, std::string hint = {}) {
    resolver_.problem(node, std::move(message), std::move(hint));
    return false;
  }

  bool set_comparison(const Node& node) {
    switch (node.op) {
      case Operator::equal:
      case Operator::not_equal:
        test_.comparison = Comparison::equal;
        return true;
      case Operator::less:
        test_.comparison = Comparison::less;
        return true;
      case Operator::less_equal:
        test_.comparison = Comparison::less_equal;
        return true;
      case Operator::greater:
        test_.comparison = Comparison::greater;
        return true;
      case Operator::greater_equal:
        test_.comparison = Comparison::greater_equal;
        return true;
      default:
        resolver_.problem(node.op_offset, node.op_length,
                          quoted(to_text(node.op)) + " has no meaning for what is calculated",
                          "it has ==, !=, <, <=, > and >=");
        return false;
    }
  }

  std::optional<Known> side(const Node& node, CalculationSide& steps) {
    if (is_calculation(node)) return joined(node, steps);
    if (is_fixed(node.kind)) {
      steps.push_back({Kind::constant, Name::size, node.number});
      Known known{node.kind == NodeKind::size ? ValueType::size : ValueType::number, true,
                  node.number, node.number, 0};
      known.magnitude = static_cast<long double>(node.number < 0 ? -known.least : known.least);
      return known;
    }
    if (node.kind == NodeKind::broken) return std::nullopt;
    if (node.kind != NodeKind::name && node.kind != NodeKind::macro) {
      fault(node, "this cannot be calculated with", "numbers and sizes can");
      return std::nullopt;
    }
    const auto operand = resolver_.operand(node);
    if (!operand) return std::nullopt;
    if (operand->type != ValueType::number && operand->type != ValueType::size) {
      fault(node,
            quoted(operand->spelling) + " is " + std::string(to_text(operand->type)) +
                " and cannot be calculated with",
            "numbers and sizes can");
      return std::nullopt;
    }
    if (operand->further) {
      fault(node, quoted(operand->spelling) + " cannot be calculated with",
            "what the mail server told can");
      return std::nullopt;
    }
    if (!operand->score.empty()) {
      fault(node, "scores cannot be calculated with", "let rules add to one score");
      return std::nullopt;
    }
    if (operand->check) {
      fault(node, "weights cannot be calculated with", "let rules add them to a score");
      return std::nullopt;
    }
    steps.push_back({Kind::name, operand->row->id, 0});
    return Known{operand->type, false, 0, operand->row->most, largest_told};
  }

  std::optional<Known> joined(const Node& node, CalculationSide& steps) {
    const auto left = side(node.parts[0], steps);
    const auto right = side(node.parts[1], steps);
    if (!left || !right) return std::nullopt;
    Known known;
    const bool product = node.kind == NodeKind::product;
    known.magnitude =
        product ? left->magnitude * right->magnitude : left->magnitude + right->magnitude;
    const bool sizes = left->type == ValueType::size && right->type == ValueType::size;
    if (product ? sizes : left->type != right->type) {
      resolver_.problem(
          node.op_offset, node.op_length,
          (sizes ? "two sizes cannot " : "a size and a number cannot ") +
              std::string(verb(node.kind)),
          sizes ? "multiply a size by a number" : "a size has a unit, as in 1000B or 10MB");
      return std::nullopt;
    }
    known.type = product && right->type == ValueType::size ? right->type : left->type;
    if (known.magnitude > largest) {
      fault(node, "this could become too large to be calculated", "use fewer factors");
      return std::nullopt;
    }
    switch (node.kind) {
      case NodeKind::sum:
        known.least = left->least + right->least;
        known.most = left->most + right->most;
        steps.push_back({Kind::add, Name::size, 0});
        break;
      case NodeKind::difference:
        known.least = left->least - right->most;
        known.most = left->most - right->least;
        steps.push_back({Kind::subtract, Name::size, 0});
        break;
      default: {
        const auto corners = {left->least * right->least, left->least * right->most,
                              left->most * right->least, left->most * right->most};
        known.least = std::min(corners);
        known.most = std::max(corners);
        steps.push_back({Kind::multiply, Name::size, 0});
      }
    }
    return known;
  }

  bool may_differ(const Node& node, const Known& left, const Known& right) {
    bool never = false;
    bool always = false;
    switch (test_.comparison) {
      case Comparison::less:
        never = left.least >= right.most;
        always = left.most < right.least;
        break;
      case Comparison::less_equal:
        never = left.least > right.most;
        always = left.most <= right.least;
        break;
      case Comparison::greater:
        never = left.most <= right.least;
        always = left.least > right.most;
        break;
      case Comparison::greater_equal:
        never = left.most < right.least;
        always = left.least >= right.most;
        break;
      default:
        never = left.most < right.least || left.least > right.most;
    }
    if (!never && !always) return true;
    if (node.op == Operator::not_equal) std::swap(never, always);
    return fault(node, std::string("whatever the mail server tells, this is ") +
                           (never ? "never" : "always") + " true");
  }

  Resolver& resolver_;
  Test& test_;
};

}  // namespace

bool is_calculation(const Node& node) {
  return node.kind == NodeKind::sum || node.kind == NodeKind::difference ||
         node.kind == NodeKind::product;
}

Node fold(Node node) {
  for (auto& part : node.parts) part = fold(std::move(part));
  if (!is_calculation(node) || !is_fixed(node.parts[0].kind) || !is_fixed(node.parts[1].kind)) {
    return node;
  }
  const auto& left = node.parts[0];
  const auto& right = node.parts[1];
  const bool sizes = left.kind == NodeKind::size && right.kind == NodeKind::size;
  const bool fits = node.kind == NodeKind::product ? !sizes : left.kind == right.kind;
  std::int64_t value = 0;
  const bool overflow = node.kind == NodeKind::sum
                            ? __builtin_add_overflow(left.number, right.number, &value)
                        : node.kind == NodeKind::difference
                            ? __builtin_sub_overflow(left.number, right.number, &value)
                            : __builtin_mul_overflow(left.number, right.number, &value);
  if (!fits || overflow) return node;
  node.kind = left.kind == NodeKind::size || right.kind == NodeKind::size ? NodeKind::size
                                                                          : NodeKind::number;
  node.number = value;
  node.parts.clear();
  return node;
}

bool read_calculation(Resolver& resolver, const Node& node, Test& test) {
  return Reader(resolver, test).read(node);
}

}  // namespace postern::expression
