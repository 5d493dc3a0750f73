#include "model/text.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

TEST(CleanForReply, LeavesOnlyPrintableAsciiOnOneLine) {
  EXPECT_EQ(clean_for_reply("  a\r\n\tb \x01 c; d\xc3\xbc  ", 100), "a b ? c, d??");
  EXPECT_EQ(clean_for_reply("\r\n \t", 100), "");
}

TEST(CleanForReply, MarksWhatItCut) {
  EXPECT_EQ(clean_for_reply("abcdefghij", 10), "abcdefghij");
  EXPECT_EQ(clean_for_reply("abcdefghijk", 10), "abcdefg...");
  EXPECT_EQ(clean_for_reply("abcdef", 3), "...");
  EXPECT_EQ(clean_for_reply("abcdef", 0), "");
}

TEST(QuoteForLog, QuotesWhatIsNotPlain) {
  EXPECT_EQ(quote_for_log("mx1.example.org", 50), "mx1.example.org");
  EXPECT_EQ(quote_for_log("", 50), "\"\"");
  EXPECT_EQ(quote_for_log("a b=\"c\"", 50), "\"a b=\\\"c\\\"\"");
}

TEST(Text, IsTrimmedOfWhatIsNamed) {
  EXPECT_EQ(trimmed(" \t a b\r\n"), "a b");
  EXPECT_EQ(trimmed(" a\r", " "), "a\r");
  EXPECT_EQ(trimmed("\n \t"), "");
}

TEST(Text, NumbersArePaddedAndNeverCut) {
  EXPECT_EQ(padded(7, 2), "07");
  EXPECT_EQ(padded(0, 4), "0000");
  EXPECT_EQ(padded(12345, 4), "12345");
}

TEST(Text, WordsAreJoinedAndQuoted) {
  EXPECT_EQ(joined({"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(joined({}, ", "), "");
  EXPECT_EQ(quoted("a \"b\""), "\"a \"b\"\"");
  EXPECT_TRUE(all_digits("0123456789"));
  EXPECT_FALSE(all_digits(""));
  EXPECT_FALSE(all_digits("12a"));
}

TEST(QuoteForLog, NeverLetsALineBeForged) {
  EXPECT_EQ(quote_for_log("x\npostern: decision=accept", 100),
            "\"x\\x0apostern: decision=accept\"");
  EXPECT_EQ(quote_for_log("\x1b[2J\xff", 100), "\"\\x1b[2J\\xff\"");
}

TEST(QuoteForLog, CutsBeforeAPieceThatDoesNotFit) {
  EXPECT_EQ(quote_for_log("abc\n", 5), "\"abc...\"");
}

TEST(NearestName, FindsTheSlipOfThePen) {
  const std::vector<std::string> known = {"reject", "defer", "accept", "recipient"};
  EXPECT_EQ(nearest_name("rejct", known), "reject");
  EXPECT_EQ(nearest_name("recpiient", known), "recipient");
  EXPECT_EQ(nearest_name("REJECT", known), "reject");
  EXPECT_EQ(nearest_name("zzzzzz", known), "");
  EXPECT_EQ(nearest_name("", known), "");
  EXPECT_EQ(nearest_name(std::string(5000, 'r'), known), "");
}

TEST(Sha256, AgreesWithThePublishedExample) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(CleanForTerminal, ReplacesEscapes) {
  EXPECT_EQ(clean_for_terminal("a\x1b[0m\n\xc3"), "a?[0m??");
}

}  // namespace
}  // namespace postern
