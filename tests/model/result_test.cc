#include "postern/result.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

Problem problem_at(unsigned line, unsigned column) {
  Problem problem;
  problem.position = {"postern.toml", line, column};
  problem.length = 5;
  problem.source_line = "rejct = \"spam\"";
  problem.message = "unknown key \"rejct\"";
  problem.hint = "did you mean \"reject\"?";
  return problem;
}

TEST(Problem, IsShownWithItsLineAndACaret) {
  EXPECT_EQ(render(problem_at(12, 1)),
            "postern.toml:12:1: error: unknown key \"rejct\"\n"
            "   12 | rejct = \"spam\"\n"
            "      | ^~~~~\n"
            "      hint: did you mean \"reject\"?\n");
}

TEST(Problem, OfAWholeFileHasNoCaret) {
  auto problem = problem_at(0, 0);
  problem.hint.clear();
  EXPECT_EQ(render(problem), "postern.toml: error: unknown key \"rejct\"\n");
}

TEST(Problem, NeverLetsControlCharactersReachATerminal) {
  auto problem = problem_at(1, 3);
  problem.source_line = "a\tb\x1b[31m\x7f";
  problem.message = "bad \x1b value";
  const auto text = render(problem);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\x7f'), std::string::npos);
  EXPECT_EQ(text.find('\t'), std::string::npos);
}

TEST(Problem, KeepsTheCaretInsideTheLine) {
  auto problem = problem_at(3, 500);
  problem.length = 4000;
  const auto text = render(problem);
  EXPECT_LT(text.size(), 200U);
}

TEST(Problems, AreSortedByPosition) {
  Problems problems = {problem_at(9, 1), problem_at(2, 7), problem_at(2, 3)};
  sort_by_position(problems);
  EXPECT_EQ(problems[0].position.column, 3U);
  EXPECT_EQ(problems[1].position.column, 7U);
  EXPECT_EQ(problems[2].position.line, 9U);
}

TEST(Problems, OfWarningsAloneDoNotStopAPolicy) {
  auto problem = problem_at(1, 1);
  problem.severity = Severity::warning;
  EXPECT_FALSE(has_errors({problem}));
  EXPECT_TRUE(has_errors({problem, problem_at(2, 2)}));
}

TEST(Result, HoldsAValueOrProblems) {
  const Result<int> good(7);
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(*good, 7);
  EXPECT_TRUE(good.problems().empty());
  const Result<int> bad(plain_problem("no"));
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.problems().front().message, "no");
}

}  // namespace
}  // namespace postern
