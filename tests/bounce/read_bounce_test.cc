#include "bounce/bounce.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace postern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

MailPart message(std::vector<MailHeader> headers, std::size_t within = 0) {
  return {"message/rfc822", "", within, std::move(headers), ""};
}
MailPart part(std::string type, std::string text, std::size_t within = 0) {
  return {std::move(type), "", within, {}, std::move(text)};
}

const std::vector<MailHeader> from_a_program{{"From", "MAILER-DAEMON@mx.example.net"},
                                             {"To", "ann@example.net"},
                                             {"Subject", "Undelivered Mail Returned to Sender"}};

constexpr const char* report =
    "Reporting-MTA: dns; mx.example.net\nArrival-Date: Sat, 21 Nov 2026 12:00:00 +0000\n\n"
    "Final-Recipient: rfc822; bob@example.org\nOriginal-Recipient: rfc822;info@example.org\n"
    "Action: failed\nStatus: 5.0.0\nRemote-MTA: dns; mx.example.org\n"
    "Diagnostic-Code: smtp; 550 5.1.1 no such user\n\n"
    "Final-Recipient: rfc822; eve@example.org\nAction: delayed\nStatus: 4.4.1\n";

TEST(Bounce, HasWhatTheReportSaysOfEachRecipient) {
  const auto bounce =
      read_bounce({{message(from_a_program), part("message/delivery-status", report),
                    message({{"Subject", "Hello"}, {"Message-Id", "<1@a>"}}, 1)},
                   false});
  EXPECT_EQ(bounce.kind, Bounce::Kind::report);
  EXPECT_EQ(bounce.reporting_mta, "mx.example.net");
  EXPECT_EQ(bounce.subject, "Hello");
  EXPECT_EQ(bounce.message_id, "<1@a>");
  ASSERT_EQ(bounce.recipients.size(), 2U);
  const auto& bob = bounce.recipients[0];
  EXPECT_EQ(bob.address, "bob@example.org");
  EXPECT_EQ(bob.original, "info@example.org");
  EXPECT_EQ(bob.action, "failed");
  EXPECT_EQ(bob.status, "5.0.0");
  EXPECT_EQ(bob.remote_mta, "mx.example.org");
  EXPECT_EQ(bob.code, 550);
  EXPECT_EQ(bob.enhanced, "5.1.1") << "the reply says more than the status";
  const auto& eve = bounce.recipients[1];
  EXPECT_EQ(eve.action, "delayed");
  EXPECT_EQ(eve.enhanced, "4.4.1");
  EXPECT_FALSE(eve.code);
  EXPECT_THAT(bounce.references, IsEmpty());
}

TEST(Bounce, LooksIntoTheTextWhereTheReportSaysLess) {
  const auto bounce = read_bounce(
      {{message(from_a_program),
        part("text/plain", "<bob@example.org>: 552 5.2.2 mailbox full\n\nReceived: from x\n"),
        part("message/delivery-status",
             "Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.0.0\n")},
       false});
  ASSERT_EQ(bounce.recipients.size(), 1U);
  EXPECT_EQ(bounce.recipients[0].code, 552);
  EXPECT_EQ(bounce.recipients[0].enhanced, "5.2.2");
}

TEST(Bounce, FindsOurReferenceForEachRecipientAndInTheText) {
  using std::chrono::system_clock;
  const auto first = Reference::make(system_clock::from_time_t(1'790'000'000), 1, 1);
  const auto second = Reference::make(system_clock::from_time_t(1'790'000'001), 1, 2);
  const auto bounce =
      read_bounce({{message(from_a_program), part("text/plain", "see (ref " + second.text() + ")"),
                    part("message/delivery-status",
                         "Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n"
                         "Diagnostic-Code: smtp; 550 5.1.1 User unknown. (ref " +
                             first.text() + ") Ask.\n")},
                   false});
  ASSERT_EQ(bounce.recipients.size(), 1U);
  EXPECT_EQ(bounce.recipients[0].reference, first);
  EXPECT_THAT(bounce.references, ElementsAre(first, second));
}

TEST(Bounce, IsFoundInsideAMailThatSomebodyForwards) {
  const auto bounce =
      read_bounce({{message({{"From", "ann@example.net"}, {"Subject", "Fwd: help"}}),
                    part("text/plain", "What does it say?"), message(from_a_program, 1),
                    part("message/delivery-status", report, 1)},
                   false});
  EXPECT_EQ(bounce.kind, Bounce::Kind::report);
  EXPECT_EQ(bounce.recipients.size(), 2U);
}

TEST(Bounce, AComplaintIsNone) {
  const auto bounce = read_bounce(
      {{message({{"From", "fbl@example.net"}}),
        part("message/feedback-report",
             "Feedback-Type: abuse\nUser-Agent: SomeFBL/1.0\nOriginal-Rcpt-To: a@example.net\n"
             "Original-Rcpt-To: b@example.net\n")},
       false});
  EXPECT_EQ(bounce.kind, Bounce::Kind::complaint);
  EXPECT_EQ(bounce.feedback_type, "abuse");
  EXPECT_EQ(bounce.recipients.size(), 2U);
}

TEST(Bounce, ATextForPeopleHasToBeEnoughForSomeServers) {
  const auto bounce = read_bounce(
      {{message({{"From", "MAILER-DAEMON@mx.example.net"}, {"Subject", "failure notice"}}),
        part("text/plain",
             "Hi. This is the mail program.\n\n<bob@example.org>:\nSorry, no mailbox here by that "
             "name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReceived: from x\n"
             "Subject: Hello\nTo: eve@example.org\n")},
       false});
  EXPECT_EQ(bounce.kind, Bounce::Kind::text);
  ASSERT_EQ(bounce.recipients.size(), 1U);
  EXPECT_EQ(bounce.recipients[0].address, "bob@example.org");
  EXPECT_EQ(bounce.recipients[0].enhanced, "5.1.1");
  EXPECT_EQ(bounce.subject, "Hello");
}

TEST(Bounce, OtherMailIsSaidToBeNone) {
  auto bounce =
      read_bounce({{message({{"From", "bob@example.org"}, {"Subject", "Lunch?"}}),
                    part("text/plain", "550 5.1.1 <eve@example.org> is what they told me.\n")},
                   false});
  EXPECT_EQ(bounce.kind, Bounce::Kind::none);
  EXPECT_EQ(bounce.why, "a mail like any other");
  bounce = read_bounce(
      {{message(
            {{"From", "bob@example.org"}, {"Subject", "Away"}, {"Auto-Submitted", "auto-replied"}}),
        part("text/plain", "I am on holiday. Ask eve@example.org.\n")},
       false});
  EXPECT_EQ(bounce.kind, Bounce::Kind::none);
  EXPECT_THAT(bounce.why, HasSubstr("automatic answer"));
  EXPECT_EQ(read_bounce({}).kind, Bounce::Kind::none);
}

TEST(Bounce, NamesNoMoreRecipientsThanAnybodyReads) {
  std::string many = "Reporting-MTA: dns; a\n";
  for (int i = 0; i < 3'000; ++i) {
    many += "\nFinal-Recipient: rfc822; a" + std::to_string(i) + "@example.org\nAction: failed\n";
  }
  const auto bounce =
      read_bounce({{message(from_a_program), part("message/delivery-status", many)}, false});
  EXPECT_EQ(bounce.recipients.size(), most_bounced_recipients);
  EXPECT_TRUE(bounce.cut);
}

const std::vector<MailHeader> from_a_person{
    {"From", "ann@example.net"}, {"To", "help@example.net"}, {"Subject", "Fwd: what is this?"}};

TEST(Bounce, AForwardedOneWasAMailLikeAnyOther) {
  for (const std::string text :
       {"Can you help?\n\n> <joe@x.example>: host mx.x.example[192.0.2.1] said: 550 5.1.1 no such "
        "user\n> (in reply to RCPT TO command)\n",
        "Can you help?\n\n<joe@x.example>: host mx.x.example[192.0.2.1] said:\n    550 5.1.1 no "
        "such user\n"}) {
    const auto bounce = read_bounce({{message(from_a_person), part("text/plain", text)}, false});
    EXPECT_EQ(bounce.kind, Bounce::Kind::text) << text;
    ASSERT_EQ(bounce.recipients.size(), 1U) << text;
    EXPECT_EQ(bounce.recipients[0].address, "joe@x.example");
    EXPECT_EQ(bounce.recipients[0].code, 550);
    EXPECT_EQ(bounce.recipients[0].enhanced, "5.1.1");
    EXPECT_THAT(bounce.why, IsEmpty());
  }
}

TEST(Bounce, AMailThatSpeaksOfNumbersIsNone) {
  for (const std::string text :
       {"Ask joe@x.example for room 550.\n", "joe@x.example sends 500 letters, 4.50 each\n",
        "The answer was 550 5.1.1 no such user, Ann\n"}) {
    const auto bounce = read_bounce({{message(from_a_person), part("text/plain", text)}, false});
    EXPECT_EQ(bounce.kind, Bounce::Kind::none) << text;
    EXPECT_EQ(bounce.why, "a mail like any other");
  }
}

TEST(Bounce, AReferenceThatWasMistypedWentUnmentioned) {
  const auto bounce =
      read_bounce({{message(from_a_program),
                    part("text/plain",
                         "<bob@example.org>: 550 5.1.1 no such user (ref\n 3580-3A1J-SR1S), (ref "
                         "3580-3A1J-SR1T)\nLicence ABCD-EFGH-IJKM\n")},
                   false});
  ASSERT_EQ(bounce.references.size() + bounce.mistyped.size(), 2U);
  ASSERT_EQ(bounce.mistyped.size(), 1U);
}

}  // namespace
}  // namespace postern
