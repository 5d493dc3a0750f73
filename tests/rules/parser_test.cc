#include "rules/parser.h"

#include <gtest/gtest.h>

#include <string>

namespace postern::expression {
namespace {

/// The tree in prefix form, to compare shapes.
std::string shape(const Node& node) {
  const auto joined = [&](const std::string& word) {
    std::string text = "(" + word;
    for (const auto& part : node.parts) text += " " + shape(part);
    return text + ")";
  };
  switch (node.kind) {
    case NodeKind::all_of:
      return joined("and");
    case NodeKind::any_of:
      return joined("or");
    case NodeKind::negate:
      return joined("not");
    case NodeKind::compare:
      return joined(std::string(to_text(node.op)));
    case NodeKind::list:
      return joined("list");
    case NodeKind::name:
      return node.text;
    case NodeKind::macro:
      return "macro:" + node.text;
    case NodeKind::text:
      return "'" + node.text + "'";
    case NodeKind::sum:
      return joined("+");
    case NodeKind::difference:
      return joined("-");
    case NodeKind::product:
      return joined("*");
    case NodeKind::number:
    case NodeKind::decimal:
    case NodeKind::size:
    case NodeKind::duration:
      return std::to_string(node.number);
    case NodeKind::boolean:
      return node.number != 0 ? "true" : "false";
    case NodeKind::broken:
      return "?";
  }
  return "";
}

std::string tree(std::string_view source) {
  const auto parsed = parse(source);
  EXPECT_TRUE(parsed.problems.empty()) << source << ": " << parsed.problems.front().message;
  return shape(parsed.root);
}

std::string faults(std::string_view source) {
  std::string text;
  for (const auto& problem : parse(source).problems) {
    text += std::to_string(problem.offset) + "+" + std::to_string(problem.length) + " " +
            problem.message + "\n";
  }
  return text;
}

TEST(Parser, BindsNotBeforeAndBeforeOr) {
  EXPECT_EQ(tree("a or b and not c or d"), "(or a (and b (not c)) d)");
  EXPECT_EQ(tree("(a or b) and c"), "(and (or a b) c)");
  EXPECT_EQ(tree("not a == 1"), "(not (== a 1))");
  EXPECT_EQ(tree("not not a"), "(not (not a))");
}

TEST(Parser, ReadsEveryOperator) {
  EXPECT_EQ(tree("a in b"), "(in a b)");
  EXPECT_EQ(tree("a not in b"), "(not (in a b))");
  EXPECT_EQ(tree("a in ['x', \"y\",]"), "(in a (list 'x' 'y'))");
  EXPECT_EQ(tree("a matches 'x'"), "(matches a 'x')");
  EXPECT_EQ(tree("a starts_with 'x' or a ends_with 'y' or a contains 'z'"),
            "(or (starts_with a 'x') (ends_with a 'y') (contains a 'z'))");
  EXPECT_EQ(tree("a < 1 and a <= 2 and a > 3 and a >= 4 and a != 5"),
            "(and (< a 1) (<= a 2) (> a 3) (>= a 4) (!= a 5))");
  EXPECT_EQ(tree("macro(\"daemon_name\") == 'x'"), "(== macro:daemon_name 'x')");
}

TEST(Parser, KeepsPlacesForMessages) {
  const auto parsed = parse("tls and helo not in ['x']");
  const auto& negation = parsed.root.parts.at(1);
  EXPECT_EQ(negation.offset, 8U);
  EXPECT_EQ(negation.length, 17U);
  EXPECT_EQ(negation.parts.at(0).op_offset, 13U);
  EXPECT_EQ(negation.parts.at(0).op_length, 6U);
}

TEST(Parser, NamesEverySyntaxFaultAtOnce) {
  EXPECT_EQ(faults("a == and b == 1 2 or (c"),
            "5+3 a name or a value is expected before \"and\"\n"
            "16+1 \"2\" stands where \"and\", \"or\" or the end is expected\n"
            "21+1 this \"(\" is not closed\n");
  EXPECT_EQ(faults(""), "0+1 the condition is empty\n");
  EXPECT_EQ(faults("a =="), "4+1 the condition ends where a name or a value is expected\n");
  EXPECT_EQ(faults("== 1"), "0+2 there is nothing to compare before \"==\"\n");
  EXPECT_EQ(faults("a) and b"), "1+1 this \")\" closes nothing\n");
  EXPECT_EQ(faults("1 < a < 3"), "6+1 a comparison cannot be compared again\n");
  EXPECT_EQ(faults("a AND b"), "2+3 \"AND\" stands where an operator is expected\n");
  EXPECT_EQ(faults("a in [b]"), "6+1 \"b\" cannot be in a list\n");
  EXPECT_EQ(faults("a in ['x' 'y']"), "10+3 there is no comma before \"y\"\n");
  EXPECT_EQ(faults("a > -b"), "4+1 \"-\" stands before a number, or between two values\n");
  EXPECT_EQ(faults("a > -(b + 1)"), "4+1 \"-\" stands before a number, or between two values\n");
  EXPECT_EQ(faults("a > -"), "4+1 \"-\" stands before a number, or between two values\n");
  EXPECT_EQ(faults("a in ['x'"), "5+1 this \"[\" is not closed\n");
  EXPECT_EQ(faults("header('x') == 'y'"), "0+6 there is no function \"header\"\n");
  EXPECT_EQ(faults("macro(x) == 'y'"), "5+1 macro takes the name of one macro\n");
}

TEST(Parser, RefusesDeepNestingInsteadOfRunningOutOfStack) {
  const std::string bottom = std::string(100'000, '(') + "a";
  EXPECT_EQ(faults(bottom), "64+1 the condition is nested more than 64 levels deep\n");
  std::string nots;
  for (int i = 0; i < 100'000; ++i) nots += "not ";
  EXPECT_EQ(faults(nots + "a"), "256+3 the condition is nested more than 64 levels deep\n");
  EXPECT_EQ(faults(std::string(64, '(') + "a" + std::string(64, ')')), "");
}

TEST(Parser, MultipliesBeforeItAddsAndCalculatesBeforeItCompares) {
  EXPECT_EQ(tree("a + b * 2 > c - 1 - d and e"), "(and (> (+ a (* b 2)) (- (- c 1) d)) e)");
  EXPECT_EQ(tree("(a + b) * 2 > c"), "(> (* (+ a b) 2) c)");
  EXPECT_EQ(tree("a >= -2 or a in [-1, 2.5]"), "(or (>= a -2) (in a (list -1 2500)))");
  EXPECT_EQ(tree("a -1 > 5-3"), "(> (- a 1) (- 5 3))");
  EXPECT_EQ(tree("a within 'x'"), "(within a 'x')");
}

TEST(Parser, SaysWhatIsWrongWithACalculation) {
  EXPECT_EQ(faults("a + > 5"), "4+1 there is nothing to compare before \">\"\n");
  EXPECT_EQ(faults("a > - b"), "4+1 \"-\" stands before a number, or between two values\n");
  EXPECT_EQ(faults("client-name == 'x'"), "6+1 \"-\" has no place in a condition\n");
  EXPECT_EQ(faults("a / 2 > 1"), "2+1 there is no division\n");
  EXPECT_EQ(faults("a in [-, 1]"), "6+1 \"-\" stands before a number, or between two values\n");
}

TEST(Parser, CalculatesNoMoreThanItHasRoomFor) {
  std::string text = "1";
  for (unsigned i = 0; i < most_calculations; ++i) text += " + 1";
  EXPECT_EQ(faults("a > " + text), "");
  EXPECT_EQ(faults("a > " + text + " + 1"), "262+1 the condition calculates more than 64 times\n");
  for (unsigned i = 0; i < 100'000; ++i) text += " * 1";
  EXPECT_EQ(faults("a > " + text), "262+1 the condition calculates more than 64 times\n");
}

TEST(Parser, ReadsAMillionOpenListsWithoutGoingDeeper) {
  std::string text = "a in ";
  for (unsigned i = 0; i < 500'000; ++i) text += "[-";
  EXPECT_NE(faults(text), "");
}

}  // namespace
}  // namespace postern::expression
