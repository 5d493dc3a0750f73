#include "postern/reply.h"

#include "postern/reason.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

ReplyText text(std::string sentence) {
  ReplyText result;
  result.host = "mx1.example.org";
  result.sentence = std::move(sentence);
  result.reference = "ref 0000-0000-0000";
  return result;
}

Result<Reply> make(ReplyStage stage, const char* form, ReplyText said) {
  return Reply::make(stage, ReplyForm::parse(form).value(), std::move(said));
}

std::string faults(const Result<Reply>& result) {
  std::string all;
  for (const auto& problem : result.problems()) all += problem.message + '\n';
  return all;
}

TEST(ReplyForm, IsReadOnlyWhenBothPartsAgree) {
  EXPECT_EQ(ReplyForm::parse("550 5.7.26")->text(), "550 5.7.26");
  EXPECT_EQ(ReplyForm::parse("554")->text(), "554");
  for (const char* wrong :
       {"", "550 4.7.1", "560 5.7.1", "550 5.7.99", "550 5.07.1", "550 5.7.1 ", "55 5.7.1",
        "550  5.7.1", "550 5.7", "550 6.7.1", "0550", "550 5.7.1.2"}) {
    EXPECT_FALSE(ReplyForm::parse(wrong)) << wrong;
  }
}

TEST(Reply, IsMadeWhenEverythingIsLegal) {
  const auto reply = make(ReplyStage::rcpt, "550 5.1.1", text("There is no mailbox here."));
  ASSERT_TRUE(reply) << faults(reply);
  EXPECT_TRUE(reply->is_permanent());
  EXPECT_EQ(reply->form().text(), "550 5.1.1");
}

TEST(Reply, IsRefusedWhenTheStageDoesNotKnowTheCode) {
  EXPECT_FALSE(make(ReplyStage::mail, "450 4.7.0", text("Come back later.")));
  EXPECT_FALSE(make(ReplyStage::connect, "550 5.7.1", text("Not you.")));
  EXPECT_FALSE(make(ReplyStage::data, "550 5.7.1", text("Not this.")));
  EXPECT_FALSE(make(ReplyStage::rcpt, "535 5.7.8", text("Wrong password.")));
}

TEST(Reply, IsRefusedWhenItIsNoRefusal) {
  EXPECT_FALSE(make(ReplyStage::rcpt, "250 2.1.5", text("Fine.")));
  EXPECT_FALSE(make(ReplyStage::data, "354", text("Go on.")));
}

TEST(Reply, NeedsAnEnhancedCodeAfterHelo) {
  EXPECT_TRUE(make(ReplyStage::helo, "550", text("Not you.")));
  EXPECT_TRUE(make(ReplyStage::connect, "554", text("Not you.")));
  EXPECT_FALSE(make(ReplyStage::rcpt, "550", text("Not you.")));
}

TEST(Reply, NamesOurHostWith421AndInTheGreeting) {
  auto said = text("Too many connections.");
  said.host.clear();
  EXPECT_FALSE(make(ReplyStage::mail, "421 4.7.0", said));
  EXPECT_FALSE(make(ReplyStage::connect, "554", said));
  EXPECT_TRUE(make(ReplyStage::mail, "451 4.7.0", said));
}

TEST(Reply, IsRefusedForTextThatDoesNotSurvive) {
  for (const char* wrong : {"",
                            "Gr\xc3\xbc\xc3\x9f"
                            "e",
                            "a\rb", "a\nb", "a\tb", "a;b", "a: b", "a\x7f"}) {
    EXPECT_FALSE(make(ReplyStage::rcpt, "550 5.7.1", text(wrong))) << wrong;
  }
  auto nul = text("ab");
  nul.sentence[1] = '\0';
  EXPECT_FALSE(make(ReplyStage::rcpt, "550 5.7.1", nul));
}

TEST(Reply, IsRefusedForAFirstSentenceThatMailProgramsCut) {
  EXPECT_TRUE(make(ReplyStage::rcpt, "550 5.7.1", text(std::string(100, 'x'))));
  EXPECT_FALSE(make(ReplyStage::rcpt, "550 5.7.1", text(std::string(101, 'x'))));
  EXPECT_TRUE(make(ReplyStage::rcpt, "550 5.7.1",
                   text(std::string(60, 'x') + ". " + std::string(60, 'x'))));
}

TEST(Reply, IsRefusedWhenTheReferenceMightBeCut) {
  EXPECT_FALSE(make(ReplyStage::rcpt, "550 5.7.1",
                    text(std::string(90, 'x') + ". " + std::string(90, 'x'))));
}

TEST(Reply, AllowsAColonInTheHelpAddressOnly) {
  auto said = text("No.");
  said.help = "More at https://mail.example.org/why";
  EXPECT_TRUE(make(ReplyStage::rcpt, "550 5.7.1", said));
  said.advice = "Write to: us.";
  EXPECT_FALSE(make(ReplyStage::rcpt, "550 5.7.1", said));
}

TEST(Reply, TellsAllItsFaultsAtOnce) {
  auto said = text("a;b:c");
  const auto reply = make(ReplyStage::mail, "450 4.7.0", said);
  EXPECT_EQ(reply.problems().size(), 3U) << faults(reply);
}

TEST(FormAt, PrefersTheWishWhereItMayBeSpoken) {
  const auto* reason = find_reason("greylisted");
  ASSERT_NE(reason, nullptr);
  const auto wish = ReplyForm::parse("451 4.7.1");
  EXPECT_EQ(form_at(*reason, wish, ReplyStage::rcpt), wish);
  EXPECT_EQ(form_at(*reason, std::nullopt, ReplyStage::rcpt)->text(), "450 4.7.0");
}

TEST(FormAt, TakesTheStagesOwnForm) {
  const auto* reason = find_reason("policy-defer");
  ASSERT_NE(reason, nullptr);
  EXPECT_EQ(form_at(*reason, std::nullopt, ReplyStage::helo)->text(), "421 4.7.0");
  EXPECT_EQ(form_at(*reason, std::nullopt, ReplyStage::mail)->text(), "451 4.7.0");
  EXPECT_EQ(form_at(*reason, std::nullopt, ReplyStage::rcpt)->text(), "450 4.7.0");
}

TEST(FormAt, NeverChangesTheClass) {
  const auto* reason = find_reason("mail-flood");
  ASSERT_NE(reason, nullptr);
  const auto permanent = ReplyForm::parse("550 5.7.28");
  for (const auto stage :
       {ReplyStage::mail, ReplyStage::rcpt, ReplyStage::data, ReplyStage::end_of_message}) {
    EXPECT_EQ(form_at(*reason, permanent, stage)->code.first_digit(), 5);
    EXPECT_EQ(form_at(*reason, std::nullopt, stage)->code.first_digit(), 4);
  }
}

TEST(FormAt, FallsBackToAGeneralCodeWhenReachedTooLate) {
  const auto* reason = find_reason("sender-blocked");
  ASSERT_NE(reason, nullptr);
  EXPECT_EQ(form_at(*reason, std::nullopt, ReplyStage::data)->text(), "554 5.7.1");
  EXPECT_EQ(form_at(*reason, std::nullopt, ReplyStage::end_of_message)->text(), "550 5.7.1");
}

TEST(FormAt, HasNothingForReasonsThatAreOnlyExplained) {
  for (const char* id : {"spf-softfail", "helo-ip-mismatch", "vrfy-refused", "arc-fail"}) {
    const auto* reason = find_reason(id);
    ASSERT_NE(reason, nullptr) << id;
    if (reason->kind == ReasonClass::permanent) continue;
    EXPECT_FALSE(form_at(*reason, std::nullopt, ReplyStage::rcpt)) << id;
    EXPECT_FALSE(usable_in_rule(*reason)) << id;
  }
}

TEST(MayStandAt, FollowsTheReasonsStages) {
  const auto* sender = find_reason("sender-blocked");
  const auto* recipient = find_reason("rcpt-unknown");
  const auto* content = find_reason("spam");
  ASSERT_TRUE(sender && recipient && content);
  EXPECT_FALSE(may_stand_at(*sender, Stage::connect));
  EXPECT_TRUE(may_stand_at(*sender, Stage::mail));
  EXPECT_TRUE(may_stand_at(*sender, Stage::rcpt));
  EXPECT_FALSE(may_stand_at(*sender, Stage::data));
  EXPECT_FALSE(may_stand_at(*recipient, Stage::mail));
  EXPECT_TRUE(may_stand_at(*recipient, Stage::rcpt));
  EXPECT_FALSE(may_stand_at(*content, Stage::rcpt));
  EXPECT_TRUE(may_stand_at(*content, Stage::end_of_headers));
}

}  // namespace
}  // namespace postern
