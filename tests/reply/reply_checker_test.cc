#include "support/reply_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <filesystem>

namespace postern::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ReplyChecker, FindsTheFaultsOfThePublishedReplies) {
  const std::string file = POSTERN_CONFORMANCE_DIR "/replies/reply-lines.toml";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no conformance data at " << file;
  const auto table = toml::parse_file(file);
  const auto* replies = table["reply"].as_array();
  ASSERT_NE(replies, nullptr);
  std::size_t seen = 0;
  for (const auto& node : *replies) {
    const auto& reply = *node.as_table();
    std::vector<std::string> expected;
    for (const auto& fault : *reply["errors"].as_array()) {
      expected.push_back(fault.value_or(std::string()));
    }
    std::sort(expected.begin(), expected.end());
    const auto raw = reply["raw"].value_or(std::string());
    const auto stage = reply["stage"].value_or(std::string());
    EXPECT_EQ(reply_faults(raw, stage), expected) << reply["id"].value_or("");
    ++seen;
  }
  EXPECT_GE(seen, 30U);
}

TEST(ReplyChecker, AcceptsARefusalOfSeveralLines) {
  EXPECT_THAT(reply_faults("550-5.7.1 One.\r\n550 5.7.1 Two.\r\n", "RCPT"), IsEmpty());
}

TEST(ReplyChecker, CountsALineWithItsLineEnd) {
  const std::string start = "550 5.7.1 ";
  EXPECT_THAT(reply_faults(start + std::string(500, 'x') + "\r\n"), IsEmpty());
  EXPECT_THAT(reply_faults(start + std::string(501, 'x') + "\r\n"), ElementsAre("line-too-long"));
}

TEST(ReplyChecker, KnowsTheCodesOfAStage) {
  EXPECT_THAT(reply_faults("450 4.7.0 Wait.\r\n", "RCPT"), IsEmpty());
  EXPECT_THAT(reply_faults("450 4.7.0 Wait.\r\n", "MAIL"), ElementsAre("code-not-at-stage"));
  EXPECT_THAT(reply_faults("550 5.7.1 No.\r\n", "DATA"), ElementsAre("code-not-at-stage"));
  EXPECT_THAT(reply_faults("554 No.\r\n", "CONNECT"), IsEmpty());
}

TEST(ReplyChecker, FindsEachFaultInAChangedReply) {
  EXPECT_THAT(reply_faults("550 5.7.1 No.\r\n"), IsEmpty());
  EXPECT_THAT(reply_faults("550 5.7.1 No.\n"), ElementsAre("bare-cr-or-lf", "no-line-end"));
  EXPECT_THAT(reply_faults("550 4.7.1 No.\r\n"), ElementsAre("class-mismatch"));
  EXPECT_THAT(reply_faults("560 5.7.1 No.\r\n"), ElementsAre("bad-code"));
  EXPECT_THAT(reply_faults("550-5.7.1 No.\r\n"), ElementsAre("bad-continuation"));
  EXPECT_THAT(reply_faults("550 5.7.1\x01 No.\r\n"),
              ElementsAre("no-enhanced", "not-printable-ascii"));
  EXPECT_THAT(reply_faults("550\r\n"), ElementsAre("bare-code", "no-enhanced"));
}

}  // namespace
}  // namespace postern::test
