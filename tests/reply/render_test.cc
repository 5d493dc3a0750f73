#include "reply/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::StartsWith;

Reply reply(ReplyStage stage, const char* form, std::size_t advice = 20) {
  ReplyText text;
  text.host = form[1] == '2' ? "mx1.example.org" : "";
  text.sentence = "We are 100% sure.";
  text.reference = "ref 0000-0000-0000";
  text.advice = std::string(advice, 'a');
  text.quote = "The list says \"x\"";
  text.contact = "Contact postmaster@example.org for help.";
  text.help = "More at https://mail.example.org/";
  auto made = Reply::make(stage, ReplyForm::parse(form).value(), text);
  EXPECT_TRUE(made) << render(made.problems());
  return std::move(made).value();
}

TEST(RenderForMilter, DoublesPercentSignsAndKeepsQuotesOnALineOfTheirOwn) {
  const auto rendered = render_for_milter(reply(ReplyStage::rcpt, "550 5.7.1"), 0);
  EXPECT_EQ(rendered.code, "550");
  EXPECT_EQ(rendered.enhanced, "5.7.1");
  ASSERT_EQ(rendered.lines.size(), 5U);
  EXPECT_EQ(rendered.lines[0], "We are 100%% sure. (ref 0000-0000-0000)");
  EXPECT_EQ(rendered.lines[2], "The list says \"x\"");
  EXPECT_EQ(rendered.expected[0], "550-5.7.1 We are 100% sure. (ref 0000-0000-0000)");
  EXPECT_EQ(rendered.expected[4], "550 5.7.1 More at https://mail.example.org/");
}

TEST(RenderForMilter, KeepsTheReferenceBesideALongPrefix) {
  const auto rendered = render_for_milter(reply(ReplyStage::rcpt, "550 5.7.1"), 480);
  EXPECT_EQ(rendered.expected[0], "550-5.7.1 We are 100% sure. (ref 0000-0000-0000)");
  EXPECT_NE(rendered.lines[0].find("(ref 0000-0000-0000)"), std::string::npos);
}

TEST(RenderForPolicy, IsOneLineAndDropsHelpThenContactThenAdvice) {
  const auto& reason = *find_reason("client-blocked");
  const auto whole = reply(ReplyStage::rcpt, "550 5.7.1");
  const auto at = [&](std::size_t prefix) {
    return render_for_policy(whole, reason, PolicyContext::recipient, prefix).action;
  };
  EXPECT_EQ(at(100),
            "550 5.7.1 We are 100% sure. (ref 0000-0000-0000) aaaaaaaaaaaaaaaaaaaa "
            "Contact postmaster@example.org for help. More at https://mail.example.org/");
  EXPECT_EQ(at(380),
            "550 5.7.1 We are 100% sure. (ref 0000-0000-0000) aaaaaaaaaaaaaaaaaaaa "
            "Contact postmaster@example.org for help.");
  EXPECT_EQ(at(420), "550 5.7.1 We are 100% sure. (ref 0000-0000-0000) aaaaaaaaaaaaaaaaaaaa");
  EXPECT_EQ(at(450), "550 5.7.1 We are 100% sure. (ref 0000-0000-0000)");
}

Reply long_reply(const char* form) {
  ReplyText text;
  text.host = form[1] == '2' ? "mx1.example.org" : "";
  text.sentence = "User unknown, there is no mailbox " + std::string(24, 'l') + '@' +
                  std::string(30, 'd') + " here. It never was.";
  text.reference = "ref 0000-0000-0000";
  text.advice = "Check the address for typing errors or ask the recipient for the right one.";
  auto made = Reply::make(ReplyStage::rcpt, ReplyForm::parse(form).value(), text);
  EXPECT_TRUE(made) << render(made.problems());
  return std::move(made).value();
}

std::string beside(std::size_t prefix, const char* form) {
  return render_for_policy(long_reply(form), *find_reason("rcpt-unknown"), PolicyContext::recipient,
                           prefix)
      .expected;
}

TEST(RenderForPolicy, ALongAddressUsedToMakeTheLineTooLongBecauseTheSentenceNeverGaveWay) {
  const auto whole = "550 5.1.1 User unknown, there is no mailbox " + std::string(24, 'l') + '@' +
                     std::string(30, 'd') + " here. It never was. (ref 0000-0000-0000)";
  EXPECT_EQ(beside(510 - whole.size(), "550 5.1.1"), whole);
  EXPECT_EQ(beside(511 - whole.size(), "550 5.1.1"),
            "550 5.1.1 User unknown, there is no mailbox " + std::string(24, 'l') + '@' +
                std::string(30, 'd') + " here. (ref 0000-0000-0000)");
  EXPECT_EQ(beside(400, "550 5.1.1"), "550 5.1.1 User unknown, there is no mailbox " +
                                          std::string(18, 'l') + "..." + std::string(18, 'd') +
                                          " here. (ref 0000-0000-0000)");
  EXPECT_EQ(beside(410, "550 5.1.1"), "550 5.1.1 User unknown, there is no mailbox " +
                                          std::string(13, 'l') + "..." + std::string(13, 'd') +
                                          " here. (ref 0000-0000-0000)");
  EXPECT_EQ(beside(430, "550 5.1.1"),
            "550 5.1.1 User unknown, there is no mailbox... (ref 0000-0000-0000)");
  EXPECT_EQ(beside(447, "550 5.1.1"),
            "550 5.1.1 User unknown, there is no... (ref 0000-0000-0000)");
  EXPECT_EQ(beside(900, "550 5.1.1"), beside(447, "550 5.1.1"));
}

TEST(RenderForPolicy, OurNameGoesBeforeAWordDoesWherePostfixWritesBeforeIt) {
  EXPECT_TRUE(beside(300, "421 4.3.2").starts_with("421 4.3.2 mx1.example.org User unknown"));
  EXPECT_TRUE(beside(380, "421 4.3.2").starts_with("421 4.3.2 User unknown"));
}

TEST(RenderForPolicy, AvoidsCodesThatPostfixWouldRemap) {
  const auto sent = [](const char* reason, const char* form, PolicyContext context,
                       ReplyStage stage) {
    return render_for_policy(reply(stage, form), *find_reason(reason), context, 50).sent.text();
  };
  EXPECT_EQ(sent("rcpt-unknown", "550 5.1.1", PolicyContext::recipient, ReplyStage::rcpt),
            "550 5.1.1");
  EXPECT_EQ(sent("rcpt-unknown", "550 5.1.1", PolicyContext::sender, ReplyStage::rcpt),
            "550 5.1.0");
  EXPECT_EQ(sent("rcpt-unknown", "550 5.1.1", PolicyContext::client, ReplyStage::rcpt),
            "550 5.7.1");
  EXPECT_EQ(sent("sender-domain-bad", "550 5.1.8", PolicyContext::sender, ReplyStage::rcpt),
            "550 5.1.8");
  EXPECT_EQ(sent("sender-domain-bad", "550 5.1.8", PolicyContext::recipient, ReplyStage::rcpt),
            "550 5.1.0");
  EXPECT_EQ(sent("sender-mx-bogus", "550 5.1.8", PolicyContext::recipient, ReplyStage::rcpt),
            "550 5.7.1");
  EXPECT_EQ(sent("rcpt-domain-null-mx", "556 5.1.10", PolicyContext::recipient, ReplyStage::rcpt),
            "556 5.1.0");
  EXPECT_EQ(sent("sender-domain-temp", "451 4.1.8", PolicyContext::recipient, ReplyStage::rcpt),
            "451 4.4.3");
}

TEST(RenderForPolicy, AddsAnEnhancedCodeBecausePostfixWouldChooseOne) {
  EXPECT_EQ(render_for_policy(reply(ReplyStage::helo, "550"), *find_reason("early-talker"),
                              PolicyContext::helo, 50)
                .sent.text(),
            "550 5.7.1");
}

TEST(RenderForPolicy, NeverIsDigitsOnly) {
  const auto answer =
      render_for_policy(reply(ReplyStage::rcpt, "550 5.7.1"), *find_reason("client-blocked"),
                        PolicyContext::recipient, 5000);
  EXPECT_NE(answer.action.find_first_not_of("0123456789"), std::string::npos);
  EXPECT_NE(answer.action.find("sure"), std::string::npos);
}

TEST(PolicyContextOf, IsTheRecipientListUnlessSaid) {
  EXPECT_EQ(policy_context("sender", ReplyStage::rcpt), PolicyContext::sender);
  EXPECT_EQ(policy_context("", ReplyStage::rcpt), PolicyContext::recipient);
  EXPECT_EQ(policy_context("whatever", ReplyStage::mail), PolicyContext::recipient);
  EXPECT_EQ(policy_context("", ReplyStage::data), PolicyContext::data);
  EXPECT_EQ(policy_context("", ReplyStage::end_of_message), PolicyContext::end);
}

TEST(PolicyPrefix, CountsWhatPostfixWrites) {
  EXPECT_EQ(policy_prefix(PolicyContext::recipient, "b@test.example"),
            std::string("<b@test.example>: Recipient address rejected: ").size());
  // As smtpd_client_port_logging has it, which the request does not tell.
  EXPECT_EQ(policy_prefix(PolicyContext::client, "mail.example.net[192.0.2.7]"),
            std::string("<mail.example.net[192.0.2.7]:65535>: Client host rejected: ").size());
  EXPECT_EQ(policy_prefix(PolicyContext::end, "END-OF-MESSAGE"),
            std::string("<END-OF-MESSAGE>: End-of-data rejected: ").size());
}

TEST(RenderForPolicy, DefersIfPermittedWhereTheAdministratorSaysSoAndTheReplyIs450) {
  const auto action = [](const char* form, std::string_view reason, std::optional<bool> setting) {
    return render_for_policy(reply(ReplyStage::rcpt, form), *find_reason(reason),
                             PolicyContext::recipient, 50, setting)
        .action;
  };
  EXPECT_THAT(action("450 4.7.0", "greylisted", {}), StartsWith("DEFER_IF_PERMIT 4.7.0 "));
  EXPECT_THAT(action("450 4.7.0", "greylisted", false), StartsWith("450 4.7.0 "));
  EXPECT_THAT(action("450 4.2.1", "mailbox-disabled-temp", {}), StartsWith("450 4.2.1 "));
  EXPECT_THAT(action("450 4.2.1", "mailbox-disabled-temp", true),
              StartsWith("DEFER_IF_PERMIT 4.2.1 "));
  EXPECT_THAT(action("451 4.7.0", "policy-defer", true), StartsWith("451 4.7.0 "));
}

TEST(RenderForMilter, LinesOnTheWireGoOnWithAHyphen) {
  MilterReply reply;
  reply.code = "550";
  reply.enhanced = "5.7.1";
  reply.lines = {"one", "two"};
  EXPECT_EQ(wire_lines(reply), (std::vector<std::string>{"550-5.7.1 one", "550 5.7.1 two"}));
  reply.enhanced.clear();
  reply.lines = {"one"};
  EXPECT_EQ(wire_lines(reply), std::vector<std::string>{"550 one"});
}

}  // namespace
}  // namespace postern
