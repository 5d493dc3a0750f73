// [reason.NAME]: whose words a refusal has, and where they are proven.
#include "postern/decision.h"
#include "rules/settings.h"
#include "support/policy_text.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using testing::compile_policy;
using testing::diagnostics_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* words = R"([reason.sender-blocked]
text = "We know {sender_domain} too well."
texts = { de = "Von {sender_domain} nehmen wir nichts an.", pt-br = "Nada de {sender_domain}." }

)";

std::string rule(const std::string& keys) {
  return "[[rule]]\nname = \"x\"\nstage = \"rcpt\"\nwhen = 'sender.domain == \"example.net\"'\n"
         "reject = \"sender-blocked\"\n" +
         keys;
}

std::string sentence(const std::string& text) {
  const auto policy = compile_policy(text);
  if (!policy) return "no policy";
  const auto outcome = evaluate(*policy, test::ordinary_transaction(Stage::rcpt), {});
  const auto* decision = std::get_if<Decision>(&outcome);
  return decision != nullptr && decision->reply ? decision->reply->text().sentence : "no reply";
}

TEST(ReasonTexts, AreSaidUnlessTheRuleHasItsOwn) {
  EXPECT_EQ(sentence(words + rule("")), "We know example.net too well.");
  EXPECT_EQ(sentence(words + rule("text = \"Not you.\"\n")), "Not you.");
  EXPECT_EQ(sentence(words + rule("language = \"de\"\n")), "Von example.net nehmen wir nichts an.");
  EXPECT_EQ(sentence(words + rule("language = \"pt-br\"\n")), "Nada de example.net.");
}

TEST(ReasonTexts, OfOtherReasonsChangeNothing) {
  const auto catalogue = sentence(rule(""));
  EXPECT_EQ(sentence("[reason.client-blocked]\ntext = \"Go.\"\n" + rule("")), catalogue);
  EXPECT_EQ(sentence("[reason.sender-blocked]\ntexts = { de = \"Nein.\" }\n" + rule("")),
            catalogue);
}

TEST(ReasonTexts, HoldForRefusalsThatStandForAMissingFact) {
  const auto policy = compile_policy(
      "[reason.client-rdns-temp]\ntext = \"Our name server rests.\"\n"
      "[[rule]]\nname = \"friends\"\nwhen = 'client.name == \"friend.example\"'\n"
      "accept = \"stage\"\nstage = \"rcpt\"\nunavailable = \"defer\"\n");
  ASSERT_TRUE(policy);
  auto transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.client.name = {};
  Facts facts;
  facts.add({QuestionKind::reverse_dns, "PTR", "7.2.0.192.in-addr.arpa", QuestionCost::free},
            Answer::unavailable("timeout"));
  const auto outcome = evaluate(*policy, transaction, facts);
  const auto* decision = std::get_if<Decision>(&outcome);
  ASSERT_TRUE(decision != nullptr && decision->reply);
  EXPECT_EQ(decision->reply->text().sentence, "Our name server rests.");
}

TEST(ReasonTexts, MayNameAFieldOnlyWhereItIsKnownOrHasWordsForItsAbsence) {
  const std::string head = "[reason.policy-reject]\ntext = ";
  EXPECT_THAT(diagnostics_of(head + "\"Not {recipient}.\"\n"), HasSubstr("error"));
  EXPECT_THAT(diagnostics_of(head + "\"Not {recipient|this one}.\"\n"), IsEmpty());
  EXPECT_THAT(diagnostics_of("[reason.rcpt-policy]\ntext = \"Not {recipient}.\"\n"), IsEmpty());
}

TEST(ReasonTexts, OfOnesOwnMakeNoClaimThatTheConditionWouldHaveToBearOut) {
  const std::string claim =
      "[[rule]]\nname = \"x\"\nstage = \"rcpt\"\nwhen = 'client.ip == \"192.0.2.9\"'\n"
      "defer = \"greylisted\"\n";
  EXPECT_THAT(diagnostics_of(claim), HasSubstr("tells the sender"));
  EXPECT_THAT(diagnostics_of("[reason.greylisted]\ntext = \"Come back later.\"\n" + claim),
              ::testing::Not(HasSubstr("tells the sender")));
}

TEST(ReasonSettings, SayWhetherPostfixMayStillRefuse) {
  const auto policy = compile_policy(
      "[reason.greylisted]\ndefer_if_permit = false\n[reason.policy-defer]\n"
      "defer_if_permit = true\n");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->settings().reasons.at("greylisted").defer_if_permit, false);
  EXPECT_EQ(policy->settings().reasons.at("policy-defer").defer_if_permit, true);
}

TEST(ReasonSections, BelongInTheMainFile) {
  const auto result = testing::compile_files(
      {{"postern.toml", "include = [\"more.toml\"]\n[identity]\nhost = \"mx1.example.org\"\n"},
       {"more.toml", "[reason.sender-blocked]\ntext = \"No.\"\n"}});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(render(result.problems()), HasSubstr("belongs in the main file"));
}

}  // namespace
}  // namespace postern
