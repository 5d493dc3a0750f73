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

TEST(Problem, ShowsTheCulpritBeyondAsciiAsTheTerminalCan) {
  auto problem = problem_at(1, 9);
  problem.source_line = "text = \"\xC3\xB6\xE6\x97\xA5 x\xFF\"";
  problem.length = 5;
  problem.message = "bad \"\xC3\xB6\"";
  problem.hint.clear();
  EXPECT_EQ(render(problem, Glyphs::utf8),
            "postern.toml:1:9: error: bad \"\xC3\xB6\"\n"
            "    1 | text = \"\xC3\xB6\xE6\x97\xA5 x\\xff\"\n"
            "      |         ^~~\n");
  EXPECT_EQ(render(problem, Glyphs::ascii),
            "postern.toml:1:9: error: bad \"\\xc3\\xb6\"\n"
            "    1 | text = \"\\xc3\\xb6\\xe6\\x97\\xa5 x\\xff\"\n"
            "      |         ^~~~~~~~~~~~~~~~~~~~\n");
}

TEST(Problem, PlacesTheCaretByColumns) {
  auto problem = problem_at(1, 13);
  problem.source_line = "\xE6\x97\xA5 \xC3\xB6 e\xCC\x81 x\ty";
  problem.length = 1;
  problem.hint.clear();
  // Wide, narrow, combined, a tab: the x stands in the eighth column.
  EXPECT_EQ(render(problem, Glyphs::utf8),
            "postern.toml:1:13: error: unknown key \"rejct\"\n"
            "    1 | \xE6\x97\xA5 \xC3\xB6 e\xCC\x81 x y\n"
            "      |         ^\n");
}

TEST(Problem, NeverLetsTextBeReordered) {
  auto problem = problem_at(1, 1);
  problem.source_line = "a \xE2\x80\xAE b \xEF\xBB\xBF";
  const auto text = render(problem, Glyphs::utf8);
  EXPECT_NE(text.find("a \\xe2\\x80\\xae b \\xef\\xbb\\xbf\n"), std::string::npos) << text;
}

TEST(Problem, ShowsOfALongLineWhatIsAroundTheCaret) {
  auto problem = problem_at(1, 1);
  problem.hint.clear();
  problem.message = "m";
  for (const std::size_t length : {150U, 5000U, 1000000U}) {
    for (const std::size_t column : {1U, 50U, 90U, 150U, 4000U, 5000U, 1000000U}) {
      if (column > length) continue;
      problem.source_line.assign(length, '-');
      problem.source_line[column - 1] = 'X';
      problem.position.column = static_cast<unsigned>(column);
      problem.length = 1;
      const auto text = render(problem);
      const auto quote = text.find(" | ");
      const auto line = text.substr(quote + 3, text.find('\n', quote) - quote - 3);
      const auto caret = text.find('^') - text.rfind("| ") - 2;
      EXPECT_LE(line.size(), 106U) << column;
      ASSERT_LT(caret, line.size()) << text;
      EXPECT_EQ(line[caret], 'X') << text;
      EXPECT_NE(line.find("..."), std::string::npos);
    }
  }
}

TEST(Problems, AreCounted) {
  auto warning = problem_at(1, 1);
  warning.severity = Severity::warning;
  EXPECT_EQ(count_text({}), "0 errors, 0 warnings");
  EXPECT_EQ(count_text({warning, problem_at(2, 2), problem_at(3, 3)}), "2 errors, 1 warning");
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
