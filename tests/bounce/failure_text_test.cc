#include "bounce/failure_text.h"

#include "bounce/reply_in_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(FailureText, FindsTheReplyThatHasBothCodes) {
  const auto reply = find_reply(
      "The port 587 and 300 seconds are no replies.\n\nhost mx.example.org said: 550 5.1.1\n"
      "    <bob@example.org>: no such user\n\nHave a good day.\n");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->code, 550);
  EXPECT_EQ(reply->enhanced, "5.1.1");
  EXPECT_EQ(reply->text, "550 5.1.1 <bob@example.org>: no such user");
}

TEST(FailureText, KnowsTheSpellingsOfManyServers) {
  for (const auto* text :
       {"550 5.2.2 Mailbox full", "550-5.2.2 Mailbox\n550 5.2.2 full", "550: 5.2.2 Mailbox full",
        "550 '5.2.2 Mailbox full'", "550 Mailbox full (#5.2.2)", "550 Mailbox full (#5.2.2 - x)",
        "ERROR_CODE :550, ERROR_CODE :5.2.2 Mailbox full", "220-hello 550 5.2.2 Mailbox full"}) {
    const auto reply = find_reply(text);
    ASSERT_TRUE(reply) << text;
    EXPECT_EQ(reply->code, 550) << text;
    EXPECT_EQ(reply->enhanced, "5.2.2") << text;
  }
}

TEST(FailureText, TakesNoNumberForAReply) {
  for (const auto* text :
       {"", "Sent at 12:45:03, 5500 octets", "250 2.0.0 Ok", "version 5.1.1.2"}) {
    EXPECT_FALSE(find_reply(text)) << text;
  }
}

TEST(FailureText, EndsWhereTheReturnedMailBegins) {
  const std::string notice = "It failed.\n\n";
  const std::string mail = "Received: from a by b\nTo: bob@example.org\n";
  for (const auto* mark :
       {"--- Below this line is a copy of the message.\n\n",
        "------ This is a copy of the message, including all the headers. ------\n",
        "----- Original message -----\n\n", ""}) {
    const auto text = notice + mark + mail;
    EXPECT_EQ(without_returned_mail(text), notice) << mark;
    EXPECT_EQ(returned_mail_in(text), mail) << mark;
  }
  EXPECT_EQ(returned_mail_in(notice), "");
}

TEST(FailureText, ReadsWhatPeopleSeeOfHtml) {
  EXPECT_THAT(text_of_html("<html><head><style>p {}</style></head><body><p>550 5.1.1 &lt;bob@"
                           "example.org&gt;<br>gone</p><script>x</script></body>"),
              HasSubstr("\n550 5.1.1 <bob@example.org>\ngone"));
  EXPECT_THAT(text_of_html("<style>550 5.1.1"), Not(HasSubstr("550")));
}

std::vector<std::string> addresses_of(const std::vector<BouncedRecipient>& recipients) {
  std::vector<std::string> addresses;
  for (const auto& each : recipients) addresses.push_back(each.address);
  return addresses;
}

TEST(FailureText, TellsEachRecipientWithItsOwnReply) {
  const auto failed = failures_in(
      "<bob@example.org>:\n550 5.1.1 no such user\n\n<ann@example.org>:\n552 5.2.2 mailbox full\n",
      {}, {});
  EXPECT_THAT(addresses_of(failed), ElementsAre("bob@example.org", "ann@example.org"));
  EXPECT_EQ(failed[0].enhanced, "5.1.1");
  EXPECT_EQ(failed[1].enhanced, "5.2.2");
}

TEST(FailureText, FindsTheReplyInATranscriptBehindTheList) {
  const auto failed = failures_in(
      "  --- The following addresses had permanent fatal errors ---\n<bob@example.org>\n"
      "<ann@example.org>\n\n  --- Transcript of session follows ---\n"
      "550 5.2.2 <ann@example.org>... full\n550 5.1.1 <bob@example.org>... User unknown\n",
      {}, {});
  EXPECT_THAT(addresses_of(failed), ElementsAre("bob@example.org", "ann@example.org"));
  EXPECT_EQ(failed[0].enhanced, "5.1.1");
  EXPECT_EQ(failed[1].enhanced, "5.2.2");
}

TEST(FailureText, GuessesNobodyFromAddressesByTheWay) {
  EXPECT_THAT(failures_in("Whoever knows ann@example.org or bob@example.org is welcome.", {}, {}),
              ElementsAre());
  // Whom to ask, and the notification's own.
  EXPECT_THAT(failures_in("postmaster@example.org\nme@example.net\n", {}, {"me@example.net"}),
              ElementsAre());
}

TEST(FailureText, KeepsToThoseThatAreKnown) {
  const auto failed = failures_in("ann@example.org\n550 5.1.1 gone\n", {"bob@example.org"}, {});
  EXPECT_THAT(addresses_of(failed), ElementsAre("bob@example.org"));
}

TEST(FailureText, TakesNoLongWhileForATextOfAddressesAlone) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "<a" + std::to_string(i) + "@example.org>\n";
  EXPECT_LE(failures_in(text, {}, {}).size(), 50U);
}

}  // namespace
}  // namespace postern
