#include "rules/lexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern::expression {
namespace {

using testing::ElementsAre;

std::vector<TokenKind> kinds(std::string_view source) {
  std::vector<TokenKind> result;
  for (const auto& token : lex(source).tokens) result.push_back(token.kind);
  return result;
}

Token only(std::string_view source) {
  const auto lexed = lex(source);
  EXPECT_TRUE(lexed.problems.empty()) << source;
  EXPECT_EQ(lexed.tokens.size(), 2U) << source;
  return lexed.tokens.front();
}

/// "offset+length message | hint" of the only problem.
std::string fault(std::string_view source) {
  const auto lexed = lex(source);
  if (lexed.problems.size() != 1) return std::to_string(lexed.problems.size()) + " problems";
  const auto& problem = lexed.problems.front();
  return std::to_string(problem.offset) + "+" + std::to_string(problem.length) + " " +
         problem.message + " | " + problem.hint;
}

TEST(Lexer, TellsNamesKeywordsAndOperatorsApart) {
  EXPECT_THAT(kinds("not client.ip in partners and size >= 5"),
              ElementsAre(TokenKind::logical_not, TokenKind::name, TokenKind::in, TokenKind::name,
                          TokenKind::logical_and, TokenKind::name, TokenKind::greater_equal,
                          TokenKind::number, TokenKind::end));
  EXPECT_THAT(kinds("a==b!=c<d<=e>f"),
              ElementsAre(TokenKind::name, TokenKind::equal, TokenKind::name, TokenKind::not_equal,
                          TokenKind::name, TokenKind::less, TokenKind::name, TokenKind::less_equal,
                          TokenKind::name, TokenKind::greater, TokenKind::name, TokenKind::end));
  EXPECT_EQ(only("info").text, "info");
  EXPECT_EQ(only("client.reverse_name").text, "client.reverse_name");
}

TEST(Lexer, KeepsThePlaceOfEveryToken) {
  const auto lexed = lex("  helo\n== 'x'");
  ASSERT_EQ(lexed.tokens.size(), 4U);
  EXPECT_EQ(lexed.tokens[0].offset, 2U);
  EXPECT_EQ(lexed.tokens[0].length, 4U);
  EXPECT_EQ(lexed.tokens[1].offset, 7U);
  EXPECT_EQ(lexed.tokens[2].offset, 10U);
  EXPECT_EQ(lexed.tokens[2].length, 3U);
  EXPECT_EQ(lexed.tokens[3].offset, 13U);
}

TEST(Lexer, ResolvesQuotesAndBackslashesAndNothingElse) {
  EXPECT_EQ(only(R"("a \"b\" \\ c")").text, R"(a "b" \ c)");
  EXPECT_EQ(only(R"('it\'s')").text, "it's");
  EXPECT_EQ(only(R"("^dhcp\d+\.")").text, R"(^dhcp\d+\.)");
  EXPECT_EQ(only("''").text, "");
}

TEST(Lexer, ReadsSizesInOctetsAndDurationsInSeconds) {
  EXPECT_EQ(only("10MB").number, 10'000'000);
  EXPECT_EQ(only("10 MiB").number, 10'485'760);
  EXPECT_EQ(only("50k").number, 50'000);
  EXPECT_EQ(only("1KiB").number, 1024);
  EXPECT_EQ(only("7B").kind, TokenKind::size);
  EXPECT_EQ(only("5m").number, 300);
  EXPECT_EQ(only("5m").kind, TokenKind::duration);
  EXPECT_EQ(only("5M").kind, TokenKind::size);
  EXPECT_EQ(only("2h").number, 7200);
  EXPECT_EQ(only("1d").number, 86'400);
  EXPECT_EQ(only("9223372036854775807").number, 9'223'372'036'854'775'807);
}

TEST(Lexer, DoesNotTakeAnOperatorForAUnit) {
  EXPECT_THAT(kinds("size > 5 and tls"),
              ElementsAre(TokenKind::name, TokenKind::greater, TokenKind::number,
                          TokenKind::logical_and, TokenKind::name, TokenKind::end));
}

TEST(Lexer, NamesWhatItCannotRead) {
  EXPECT_EQ(fault("helo = 'x'"), "5+1 \"=\" is no operator of a condition | write ==");
  EXPECT_EQ(fault("tls && tls"), "4+2 \"&&\" is no operator of a condition | write and");
  EXPECT_EQ(fault("tls || tls"), "4+2 \"||\" is no operator of a condition | write or");
  EXPECT_EQ(fault("!tls"), "0+1 \"!\" is no operator of a condition | write not");
  EXPECT_EQ(fault("helo == \"x"), "8+2 this text has no closing quote | add \"");
  EXPECT_EQ(fault("10XB"),
            "0+4 \"XB\" is no unit | sizes end in B, kB, MB, GB, KiB, MiB or GiB, durations in s, "
            "m, h, d or w");
  EXPECT_EQ(fault("9223372036854775808"),
            "0+19 this number is too large | the largest is 9223372036854775807");
  EXPECT_EQ(fault("9223372036854775807k"),
            "0+20 this number is too large | the largest is 9223372036854775807");
  EXPECT_EQ(fault("good-bad"),
            "4+1 \"-\" has no place in a condition | names are written with _, not with -; "
            "subtract with spaces around it");
  EXPECT_EQ(fault("size / 2"), "5+1 there is no division | multiply the other side instead");
  EXPECT_EQ(fault("1.5MB"), "0+5 a unit stands behind a whole number | as in 1500kB for 1.5MB");
  EXPECT_EQ(fault("1.2345"), "0+6 a number has three decimals at most | ");
  EXPECT_EQ(fault("9223372036854775807.1"), "0+21 this number is too large | ");
  EXPECT_EQ(fault("helo == \xe2\x80\x9cx"),
            "8+3 these octets have no place in a condition | they are typographic quotes; write "
            "plain ones, \" or '");
  EXPECT_EQ(fault("helo == \xc3\xa4"),
            "8+2 these octets have no place in a condition | text from outside ASCII stands "
            "between quotes");
}

}  // namespace
}  // namespace postern::expression
