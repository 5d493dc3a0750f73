#include "runtime/mta_lines.h"

#include "support/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using testing::expect_golden;
using ::testing::HasSubstr;
using ::testing::Not;

ListenAddress at(const char* text) { return ListenAddress::parse(text).value(); }

Settings in_the_spool() {
  Settings settings;
  settings.listen.milter = at("unix:/var/spool/postfix/postern/milter.sock");
  settings.listen.policy = {at("inet:127.0.0.1:10044"),
                            at("unix:/var/spool/postfix/postern/policy.sock")};
  return settings;
}

TEST(MtaLines, AreReadyToPasteForSocketsInTheSpool) {
  expect_golden("cli/lines_spool.txt", mta_lines(in_the_spool(), {}));
}

TEST(MtaLines, SayWhatAChrootCannotReach) {
  Settings settings;
  settings.listen.milter = at("unix:/run/postern/milter.sock");
  settings.listen.policy = {at("unix:/run/postern/policy.sock")};
  settings.limits.deadline = std::chrono::milliseconds(40'500);
  expect_golden("cli/lines_run.txt", mta_lines(settings, {}));
}

TEST(MtaLines, OfTheNetworkAreWrittenInEachServersNotation) {
  Settings settings;
  settings.listen.milter = at("inet:8894@localhost");
  EXPECT_THAT(postfix_lines(settings, {}), HasSubstr("smtpd_milters = inet:localhost:8894\n"));
  EXPECT_THAT(sendmail_lines(settings), HasSubstr("S=inet:8894@localhost,"));
}

TEST(MtaLines, LetTheServerWaitLongerThanOurDeadline) {
  for (const int deadline : {100, 8000, 29'999, 30'000, 120'001}) {
    LimitSettings limits;
    limits.deadline = std::chrono::milliseconds(deadline);
    EXPECT_GT(command_timeout(limits), limits.deadline);
    EXPECT_GT(policy_timeout(limits), limits.deadline);
  }
}

TEST(MtaLines, LetTheServerWaitForTheDelaysOfRulesToo) {
  MtaLinePlace place;
  place.delay = std::chrono::milliseconds(14'500);
  auto settings = in_the_spool();
  settings.limits.deadline = std::chrono::milliseconds(20'000);
  const auto text = mta_lines(settings, place);
  EXPECT_THAT(text, HasSubstr("milter_command_timeout = 42s\n"));
  EXPECT_THAT(text, HasSubstr("timeout=42s }"));
  EXPECT_THAT(text, HasSubstr("S:42s;R:42s;E:300s"));
}

TEST(MtaLines, OnlySpeakOfListenersThatAreThere) {
  auto settings = in_the_spool();
  settings.listen.milter.reset();
  EXPECT_THAT(mta_lines(settings, {}), Not(HasSubstr("milter")));
  EXPECT_EQ(sendmail_lines(settings), "");
  EXPECT_EQ(mta_lines(Settings{}, {}), "");
}

TEST(MtaLines, PutTheRelayCheckInFrontOfUs) {
  const auto lines = postfix_lines(in_the_spool(), {});
  EXPECT_LT(lines.find("reject_unauth_destination"), lines.find("check_policy_service"));
}

TEST(MtaLines, PostfixUsedToLookForUnlistedRecipientsBehindUs) {
  MtaLinePlace place;
  place.stages = {Stage::rcpt, Stage::data, Stage::end_of_message};
  const auto lines = postfix_lines(in_the_spool(), place);
  EXPECT_LT(lines.find("reject_unlisted_recipient,"), lines.find("check_policy_service"));
  EXPECT_EQ(lines.find("reject_unlisted_recipient"), lines.rfind("reject_unlisted_recipient"))
      << "the late lists ask about recipients that are there";
  EXPECT_THAT(postfix_spawn_lines(in_the_spool(), place), HasSubstr("reject_unlisted_recipient"));
}

/// Places of `word` in `text`.
std::vector<std::size_t> places(const std::string& text, const std::string& word) {
  std::vector<std::size_t> found;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    found.push_back(at);
  }
  return found;
}

TEST(MtaLines, TheLateListsDoNotRefuseOwnUsersWhomTheRecipientListLetIn) {
  MtaLinePlace place;
  place.stages = {Stage::rcpt, Stage::data, Stage::end_of_message};
  auto settings = in_the_spool();
  settings.listen.milter.reset();
  const auto lines = postfix_lines(settings, place);
  testing::expect_golden("cli/lines_late_stages.txt", lines);
  for (const char* list : {"smtpd_recipient_restrictions", "smtpd_data_restrictions",
                           "smtpd_end_of_data_restrictions"}) {
    EXPECT_EQ(places(lines, list).size(), 1U) << list;
  }
  // One pair of permits in front of each question.
  const auto lists = places(lines, "_restrictions =\n    permit_mynetworks, permit_sasl_auth");
  const auto questions = places(lines, "check_policy_service");
  ASSERT_EQ(questions.size(), 3U);
  ASSERT_EQ(lists.size(), questions.size());
  for (std::size_t i = 0; i < lists.size(); ++i) EXPECT_LT(lists[i], questions[i]);
}

TEST(MtaLines, ARuleAtTheEndOfTheHeadersIsAskedAtTheEndOfTheData) {
  MtaLinePlace place;
  place.stages = {Stage::rcpt, Stage::end_of_headers};
  const auto lines = postfix_lines(in_the_spool(), place);
  EXPECT_THAT(lines, HasSubstr("smtpd_end_of_data_restrictions"));
  EXPECT_THAT(lines, Not(HasSubstr("smtpd_data_restrictions")));
}

TEST(MtaLines, AFolderWhoseNameOnlyBeginsLikeTheQueueIsNotInside) {
  EXPECT_EQ(from_chroot(at("unix:/var/spool/postfix2/s"), "/var/spool/postfix"),
            Chroot::unreachable);
  EXPECT_EQ(from_chroot(at("unix:/var/spool/postfix/s"), "/var/spool/postfix/"), Chroot::reachable);
}

}  // namespace
}  // namespace postern
