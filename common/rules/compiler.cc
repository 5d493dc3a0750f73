#include "rules/compiler.h"

#include "model/text.h"
#include "rules/compiler_calculations.h"
#include "rules/literals.h"
#include "rules/parser.h"
#include "rules/resolve.h"
#include "tables/table.h"

#include <algorithm>
#include <utility>

namespace postern::expression {
namespace {

bool is_operand(const Node& node) {
  return node.kind == NodeKind::name || node.kind == NodeKind::macro;
}

bool is_condition(const Node& node) {
  return node.kind == NodeKind::all_of || node.kind == NodeKind::any_of ||
         node.kind == NodeKind::negate || node.kind == NodeKind::compare;
}

bool is_text_like(ValueType type) {
  return type == ValueType::text || type == ValueType::local || type == ValueType::domain ||
         type == ValueType::address || type == ValueType::addresses || type == ValueType::texts;
}

bool is_countable(ValueType type) { return type == ValueType::number || type == ValueType::size; }

/// What the right-hand side asks when the sides change places; `in` and text operators cannot.
std::optional<Operator> mirrored(Operator op) {
  switch (op) {
    case Operator::equal:
    case Operator::not_equal:
      return op;
    case Operator::less:
      return Operator::greater;
    case Operator::less_equal:
      return Operator::greater_equal;
    case Operator::greater:
      return Operator::less;
    case Operator::greater_equal:
      return Operator::less_equal;
    default:
      return std::nullopt;
  }
}

bool fits(ValueType type, TableKind kind) {
  switch (kind) {
    case TableKind::cidr:
      return type == ValueType::ip;
    case TableKind::address:
      return type == ValueType::address || type == ValueType::addresses;
    case TableKind::domain:
    case TableKind::string:
    case TableKind::pattern:
      return is_text_like(type);
    case TableKind::map:
      break;  // its keys are of another kind
  }
  return false;
}

std::string tables_for(ValueType type) {
  if (type == ValueType::ip) return "look it up in a table of kind cidr";
  if (type == ValueType::address || type == ValueType::addresses) {
    return "look it up in a table of kind address, domain, string or pattern";
  }
  return is_text_like(type) ? "look it up in a table of kind domain, string or pattern"
                            : "compare it with a value";
}

/// Steps of one condition. Far beyond what people write; conditions with a name that use each other
/// twice double with each name, and thirty lines would fill the machine's memory.
constexpr std::size_t most_steps = 100'000;

class Compiler {
 public:
  explicit Compiler(const Condition::Scope& scope) : resolver_(scope) {}

  std::variant<Program, std::vector<ExpressionProblem>> run(std::string_view source) {
    auto parsed = parse(source);
    program_.source = source;
    condition(parsed.root);
    resolver_.check_stages();
    auto& problems = resolver_.problems();
    problems.insert(problems.begin(), parsed.problems.begin(), parsed.problems.end());
    if (!problems.empty()) {
      std::stable_sort(problems.begin(), problems.end(),
                       [](const auto& a, const auto& b) { return a.offset < b.offset; });
      return std::move(problems);
    }
    program_.earliest = resolver_.earliest();
    program_.latest = resolver_.latest();
    program_.subjects = resolver_.subjects();
    program_.names = resolver_.names();
    program_.scores = resolver_.scores();
    program_.warnings = std::move(resolver_.warnings());
    return std::move(program_);
  }

 private:
  /// A step of the program, and whether a costly question may be asked in it.
  struct Part {
    std::uint32_t step = 0;
    bool costly = false;
  };

  Part emit(Step step, bool costly) {
    program_.steps.push_back(step);
    return {static_cast<std::uint32_t>(program_.steps.size() - 1), costly};
  }
  Part constant(Truth truth) { return emit({Step::Kind::constant, truth, 0, 0}, false); }
  Part negate(Part part) {
    return emit({Step::Kind::negate, Truth::no, part.step, 1}, part.costly);
  }
  static bool is_costly(const Test& test) {
    return test.check && test.check->description().cost == QuestionCost::costly;
  }
  Part emit(Test test) {
    const bool costly = is_costly(test);
    program_.tests.push_back(std::move(test));
    const auto index = static_cast<std::uint32_t>(program_.tests.size() - 1);
    return emit({Step::Kind::test, Truth::no, index, 1}, costly);
  }

  Part condition(const Node& node) {
    switch (node.kind) {
      case NodeKind::all_of:
        return joined(node, Step::Kind::all_of);
      case NodeKind::any_of:
        return joined(node, Step::Kind::any_of);
      case NodeKind::negate:
        return negate(condition(node.parts.front()));
      case NodeKind::compare:
        return comparison(node);
      case NodeKind::boolean:
        return constant(node.number != 0 ? Truth::yes : Truth::no);
      case NodeKind::name:
      case NodeKind::macro:
        return bare(node);
      case NodeKind::broken:
        return constant(Truth::no);
      case NodeKind::sum:
      case NodeKind::difference:
      case NodeKind::product:
        resolver_.problem(node, "a calculation alone is no condition", "compare it with something");
        return constant(Truth::no);
      default:
        resolver_.problem(node, "a value alone is no condition", "compare something with it");
        return constant(Truth::no);
    }
  }

  Part joined(const Node& node, Step::Kind kind) {
    std::vector<Part> parts;
    parts.reserve(node.parts.size());
    for (const auto& part : node.parts) parts.push_back(condition(part));
    // Costly questions last: a cheap operand may settle the matter without them (design 2).
    std::stable_partition(parts.begin(), parts.end(),
                          [](const Part& part) { return !part.costly; });
    const Step step{kind, Truth::no, static_cast<std::uint32_t>(program_.children.size()),
                    static_cast<std::uint32_t>(parts.size())};
    for (const auto& part : parts) program_.children.push_back(part.step);
    return emit(step, parts.back().costly);
  }

  /// A condition with a name becomes part of this one, as if it stood here in parentheses.
  Part embedded(const Node& node, const Program& other) {
    resolver_.use(node, other);
    if (program_.steps.size() + other.steps.size() > most_steps) {
      if (!too_large_) {
        resolver_.problem(
            node,
            "with all that it is made of, this condition has more than " +
                std::to_string(most_steps) + " parts",
            "conditions with a name that use each other grow with every use; put long "
            "lists into a table");
      }
      too_large_ = true;
      return constant(Truth::no);
    }
    if (other.steps.empty()) return constant(Truth::yes);
    const auto steps = static_cast<std::uint32_t>(program_.steps.size());
    const auto children = static_cast<std::uint32_t>(program_.children.size());
    const auto tests = static_cast<std::uint32_t>(program_.tests.size());
    for (auto step : other.steps) {
      switch (step.kind) {
        case Step::Kind::all_of:
        case Step::Kind::any_of:
          step.first += children;
          break;
        case Step::Kind::negate:
          step.first += steps;
          break;
        case Step::Kind::test:
          step.first += tests;
          break;
        case Step::Kind::constant:
          break;
      }
      program_.steps.push_back(step);
    }
    for (const auto child : other.children) program_.children.push_back(steps + child);
    bool costly = false;
    for (const auto& test : other.tests) {
      costly = costly || is_costly(test);
      program_.tests.push_back(test);
    }
    return {static_cast<std::uint32_t>(program_.steps.size() - 1), costly};
  }

  Part bare(const Node& node) {
    if (const auto condition = resolver_.condition(node)) {
      return *condition ? embedded(node, (*condition)->program()) : constant(Truth::no);
    }
    const auto operand = resolver_.operand(node);
    if (!operand) return constant(Truth::no);
    if (operand->type != ValueType::boolean) {
      std::string hint = "compare it with a value";
      if (operand->type == ValueType::choice) {
        hint = "compare it, as " + operand->spelling + " == " + quoted(operand->words().front());
      }
      resolver_.problem(node,
                        quoted(operand->spelling) + " is " + std::string(to_text(operand->type)) +
                            " and no condition by itself",
                        std::move(hint));
      return constant(Truth::no);
    }
    return emit(test_of(*operand, Comparison::holds));
  }

  static Test test_of(const Operand& operand, Comparison comparison) {
    Test test;
    if (operand.row) test.name = operand.row->id;
    test.macro = operand.macro;
    test.score = operand.score;
    test.check = operand.check;
    test.further = operand.further;
    test.type = operand.type;
    test.comparison = comparison;
    return test;
  }

  Part comparison(const Node& node) {
    const auto& left = node.parts[0];
    const auto& right = node.parts[1];
    if (is_condition(left) || is_condition(right)) return nested(node);
    if (is_calculation(left) || is_calculation(right)) return calculation(node);
    if (is_operand(left)) return against(node, left, node.op, right);
    if (is_operand(right)) {
      if (node.op == Operator::in) return literal_in(node, left, right);
      if (const auto op = mirrored(node.op)) return against(node, right, *op, left);
      if (left.kind != NodeKind::broken) {
        resolver_.problem(node.op_offset, node.op_length,
                          "a fixed value stands before " + quoted(to_text(node.op)),
                          "put the name before it and the fixed text behind");
      }
      resolver_.operand(right);
      return constant(Truth::no);
    }
    if (left.kind != NodeKind::broken && right.kind != NodeKind::broken) {
      resolver_.problem(node, "both sides are fixed values, so the result is always the same",
                        "compare a name of the transaction, or a check");
    }
    return constant(Truth::no);
  }

  Part calculation(const Node& node) {
    const auto folded = fold(node);
    if (!is_calculation(folded.parts[0]) && !is_calculation(folded.parts[1])) {
      return comparison(folded);
    }
    return calculated(folded);
  }

  Part calculated(const Node& node) {
    Test test;
    if (!read_calculation(resolver_, node, test)) return constant(Truth::no);
    const auto part = emit(std::move(test));
    return node.op == Operator::not_equal ? negate(part) : part;
  }

  Part nested(const Node& node) {
    for (const auto& part : node.parts) {
      if (is_condition(part)) {
        condition(part);
        resolver_.problem(part, "a condition cannot be compared",
                          "join conditions with and, or, not");
      }
    }
    return constant(Truth::no);
  }

  /// "a@example.org" in recipients
  Part literal_in(const Node& node, const Node& left, const Node& right) {
    const auto* row = right.kind == NodeKind::name ? find_name(right.text) : nullptr;
    if (row && row->type == ValueType::addresses) {
      return against(node, right, Operator::contains, left);
    }
    if (left.kind != NodeKind::broken) {
      resolver_.problem(left, "a fixed value is looked up, so the result is always the same",
                        "look up a name of the transaction");
    }
    return constant(Truth::no);
  }

  /// Two names of numbers or sizes, and which is the larger.
  static bool is_order(const Node& left, Operator op, const Node& right) {
    if (op == Operator::equal || op == Operator::not_equal || !mirrored(op)) return false;
    const auto counts = [](const Node& node) {
      const auto* row = node.kind == NodeKind::name ? find_name(node.text) : nullptr;
      return row && is_countable(row->type);
    };
    return counts(left) && counts(right) && left.text != right.text;
  }

  Part against(const Node& node, const Node& left, Operator op, const Node& right) {
    if (is_order(left, op, right)) return calculated(node);
    const auto operand = resolver_.operand(left);
    if (op == Operator::in && right.kind == NodeKind::name) return in_table(node, operand, right);
    if (!operand) {
      if (is_operand(right)) resolver_.operand(right);
      return constant(Truth::no);
    }
    if (!allowed(*operand, op)) {
      wrong_operator(node, *operand, op);
      return constant(Truth::no);
    }
    if (is_operand(right)) return against_name(node, *operand, op, right);
    if (right.kind == NodeKind::broken) return constant(Truth::no);
    auto test = test_of(*operand, Comparison::equal);
    if (!read_values(resolver_, *operand, op, right, test)) return constant(Truth::no);
    const auto part = emit(std::move(test));
    return op == Operator::not_equal ? negate(part) : part;
  }

  static bool allowed(const Operand& operand, Operator op) {
    switch (op) {
      case Operator::equal:
      case Operator::not_equal:
        return operand.type != ValueType::addresses && operand.type != ValueType::time_of_day;
      case Operator::less:
      case Operator::less_equal:
      case Operator::greater:
      case Operator::greater_equal:
        return is_countable(operand.type) || operand.type == ValueType::time_of_day ||
               operand.type == ValueType::date;
      case Operator::within:
        return operand.type == ValueType::domain;
      case Operator::in:
        return operand.type != ValueType::boolean;
      case Operator::matches:
      case Operator::starts_with:
      case Operator::ends_with:
      case Operator::contains:
        return is_text_like(operand.type);
    }
    return false;
  }

  void wrong_operator(const Node& node, const Operand& operand, Operator op) {
    std::string hint;
    if (operand.type == ValueType::boolean) {
      hint = "write " + operand.spelling + " or not " + operand.spelling;
    } else if (operand.type == ValueType::addresses) {
      hint = "write " + operand.spelling + " contains";
    } else if (op == Operator::within && operand.type == ValueType::address) {
      hint = "write " + operand.spelling + ".domain within";
    } else if (operand.type == ValueType::time_of_day) {
      hint = "it has <, <=, >, >= and in, as in time in \"08:00-18:00\"";
    } else if (operand.type == ValueType::ip || operand.type == ValueType::choice) {
      hint = "it has ==, != and in";
    } else if (operand.type == ValueType::domain) {
      hint = "it has ==, !=, in, within, matches, starts_with, ends_with and contains";
    } else if (is_text_like(operand.type)) {
      hint = "it has ==, !=, in, matches, starts_with, ends_with and contains";
    } else {
      hint = "it has ==, !=, <, <=, >, >= and in";
    }
    resolver_.problem(node.op_offset, node.op_length,
                      quoted(to_text(op)) + " has no meaning for " + quoted(operand.spelling) +
                          ", which is " + std::string(to_text(operand.type)),
                      std::move(hint));
  }

  Part in_table(const Node& node, const std::optional<Operand>& operand, const Node& right) {
    const auto table = resolver_.table(right);
    if (!operand || !table) return constant(Truth::no);
    if (operand->type == ValueType::boolean) {
      wrong_operator(node, *operand, Operator::in);
      return constant(Truth::no);
    }
    if (*table && !fits(operand->looked_up_as(), (*table)->keys())) {
      const bool map = (*table)->kind() == TableKind::map;
      resolver_.problem(right,
                        (map ? "the keys of map " : "table ") + quoted(right.text) +
                            (map ? " are of kind " : " is of kind ") +
                            std::string(postern::to_text((*table)->keys())) + ", but " +
                            quoted(operand->spelling) + " is " +
                            std::string(to_text(operand->type)),
                        tables_for(operand->looked_up_as()));
      return constant(Truth::no);
    }
    auto test = test_of(*operand, Comparison::in_table);
    test.table_name = right.text;
    test.table = *table;
    return emit(std::move(test));
  }

  Part against_name(const Node& node, const Operand& left, Operator op, const Node& right) {
    const auto other = resolver_.operand(right, &left);
    if (!other) return constant(Truth::no);
    const auto is_weight = [](const Operand& operand) {
      return operand.check && operand.type == ValueType::number;
    };
    if (is_weight(left) || is_weight(*other)) {
      resolver_.problem(right, "a weight is compared with a fixed number",
                        "as in " + (is_weight(left) ? left.spelling : other->spelling) + " >= 2");
      return constant(Truth::no);
    }
    if (!left.score.empty() || !other->score.empty()) {
      resolver_.problem(
          right, "a score is compared with a fixed number",
          "as in " + (left.score.empty() ? other->spelling : left.spelling) + " >= 5");
      return constant(Truth::no);
    }
    if (left.further || other->further) {
      resolver_.problem(right, quoted(left.further ? left.spelling : other->spelling) +
                                   " is compared with a fixed value");
      return constant(Truth::no);
    }
    const bool equality = op == Operator::equal || op == Operator::not_equal;
    if (!equality || left.type == ValueType::choice || other->type == ValueType::choice ||
        left.type == ValueType::boolean || left.type == ValueType::time_of_day ||
        left.type == ValueType::date) {
      std::string hint;
      if (!equality && left.type != ValueType::time_of_day)
        hint = "two names can only be compared with == and !=";
      if (left.type == ValueType::choice) {
        hint = "as in " + left.spelling + " == " + quoted(left.words().front());
      }
      resolver_.problem(right, quoted(to_text(op)) + " needs a fixed value behind it here",
                        std::move(hint));
      return constant(Truth::no);
    }
    const auto is_plain_text = [](ValueType type) {
      return type == ValueType::text || type == ValueType::local || type == ValueType::domain;
    };
    if (left.type != other->type && !(is_plain_text(left.type) && is_plain_text(other->type))) {
      resolver_.problem(right, quoted(left.spelling) + " is " + std::string(to_text(left.type)) +
                                   ", but " + quoted(other->spelling) + " is " +
                                   std::string(to_text(other->type)));
      return constant(Truth::no);
    }
    if (left.spelling == other->spelling) {
      resolver_.problem(node, "both sides are the same, so the result is always the same");
      return constant(Truth::no);
    }
    auto test = test_of(left, Comparison::same_as);
    test.other = other->row->id;
    test.other_macro = other->macro;
    // The side of which less counts says how: text, local part, domain name.
    if (is_plain_text(other->type)) test.type = std::max(test.type, other->type);
    const auto part = emit(std::move(test));
    return op == Operator::not_equal ? negate(part) : part;
  }

  Resolver resolver_;
  Program program_;
  bool too_large_ = false;
};

}  // namespace

std::variant<Program, std::vector<ExpressionProblem>> compile(std::string_view source,
                                                              const Condition::Scope& scope) {
  return Compiler(scope).run(source);
}

}  // namespace postern::expression
