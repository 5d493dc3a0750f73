// Header fields that tell what checks have found, as actions of rules.
#include "checks/spf_check.h"
#include "postern/decision.h"
#include "rules/effects.h"
#include "rules/rule.h"
#include "support/policy_text.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace postern {
namespace {

using test::ordinary_transaction;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::shared_ptr<const Policy> policy_of(const std::string& rules) {
  return postern::testing::compile_policy(
      "[identity]\nhost = \"mx1.example.org\"\nauthserv_id = [\"example.org\", "
      "\"mx1.example.org\"]\n[check.friends]\nkind = \"dnswl\"\nzone = \"friends.example\"\n" +
      rules);
}

const std::string tells_all =
    "[[rule]]\nname = \"tells\"\nauthentication_results = [\"auth\", \"spf\", \"spf_helo\", "
    "\"iprev\", \"friends\"]\nreceived_spf = [\"spf\", \"spf_helo\"]\n";

Transaction transaction_at(Stage stage) {
  auto transaction = ordinary_transaction(stage);
  transaction.client.address = IpAddress::parse("8.8.8.8");
  transaction.client.name = {};
  transaction.helo = std::string("mail.example.com");
  transaction.sender = MailAddress::from_envelope("<a@example.com>");
  return transaction;
}

Answer answer_of(const Question& question) {
  if (question.subject == "TXT" && question.key == "example.com") {
    return Answer::found({"v=spf1 include:_spf.example.com -all"});
  }
  if (question.subject == "TXT" && question.key == "_spf.example.com") {
    return Answer::found({"v=spf1 a:mail.example.com ~all"});
  }
  if (question.subject == "TXT") return Answer::found({"v=spf1 -all"});
  if (question.subject == "PTR") return Answer::found({"mail.example.com"});
  if (question.key == "mail.example.com") return Answer::found({"8.8.8.8"});
  if (question.key == "8.8.8.8.friends.example") return Answer::found({"127.0.0.2"});
  return Answer::nothing();
}

std::vector<std::string> words(const Decision& decision) {
  std::vector<std::string> all;
  for (const auto& effect : decision.effects) all.push_back(describe(effect));
  return all;
}

/// Asked until it decides, one answer at a time in a random order.
Decision decide(const Policy& policy, const Transaction& transaction, std::mt19937& random,
                Facts facts = {}) {
  for (int round = 0; round < 100; ++round) {
    auto outcome = evaluate(policy, transaction, facts);
    if (auto* decision = std::get_if<Decision>(&outcome)) return std::move(*decision);
    const auto& questions = std::get<NeedsMore>(outcome).questions;
    if (questions.empty()) break;
    const auto& question = questions[random() % questions.size()];
    EXPECT_TRUE(facts.add(question, answer_of(question))) << question.key;
  }
  ADD_FAILURE() << "it never decides";
  return {};
}

TEST(ResultsField, TellsAllThatItsChecksFoundWhateverCameFirst) {
  const auto policy = policy_of(tells_all);
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->rules().front().place.stage, Stage::mail);
  EXPECT_THAT(effect_words(policy->rules().front()),
              ElementsAre("add_header Authentication-Results: auth, spf, spf_helo, iprev, friends",
                          "add_header Received-SPF: spf", "add_header Received-SPF: spf_helo"));
  std::mt19937 random(1);
  for (int order = 0; order < 50; ++order) {
    const auto decision = decide(*policy, transaction_at(Stage::rcpt), random);
    EXPECT_EQ(decision.verdict, Verdict::pass);
    EXPECT_THAT(
        words(decision),
        ElementsAre(
            "add_header Authentication-Results: example.org; spf=pass smtp.mailfrom=example.com; "
            "spf=fail smtp.helo=mail.example.com; iprev=pass policy.iprev=8.8.8.8; "
            "dnswl=pass dns.zone=friends.example policy.ip=127.0.0.2",
            "add_header Received-SPF: pass (domain example.com designates 8.8.8.8 as permitted "
            "sender) receiver=mx1.example.org; identity=mailfrom; client-ip=8.8.8.8; "
            "helo=mail.example.com; envelope-from=\"a@example.com\"; "
            "mechanism=\"include:_spf.example.com\"",
            "add_header Received-SPF: fail (domain mail.example.com does not designate 8.8.8.8 as "
            "permitted sender) receiver=mx1.example.org; identity=helo; client-ip=8.8.8.8; "
            "helo=mail.example.com; mechanism=-all"));
  }
}

TEST(ResultsField, ARefusalWaitsForNothing) {
  const auto policy = policy_of(tells_all +
                                "[[rule]]\nname = \"no\"\nstage = \"rcpt\"\nreject = "
                                "\"policy-reject\"\n");
  const auto outcome = evaluate(*policy, transaction_at(Stage::rcpt), {});
  ASSERT_TRUE(std::holds_alternative<Decision>(outcome));
  EXPECT_THAT(std::get<Decision>(outcome).effects, IsEmpty());
}

TEST(ResultsField, ARuleThatSaysNoAsksNothing) {
  const auto policy = policy_of(
      "[[rule]]\nname = \"tells\"\nwhen = 'sender.domain == \"example.net\"'\n"
      "authentication_results = \"spf\"\n");
  EXPECT_TRUE(std::holds_alternative<Decision>(evaluate(*policy, transaction_at(Stage::rcpt), {})));
}

TEST(ResultsField, AShadowRuleAsksAfterwardsWhatItWouldHaveTold) {
  const auto policy = policy_of(
      "[[rule]]\nname = \"tells\"\nmode = \"shadow\"\nauthentication_results = \"spf\"\n");
  const auto transaction = transaction_at(Stage::rcpt);
  const auto outcome = evaluate(*policy, transaction, {});
  ASSERT_TRUE(std::holds_alternative<Decision>(outcome));
  EXPECT_THAT(std::get<Decision>(outcome).effects, IsEmpty());
  EXPECT_THAT(shadow_questions(*policy, transaction, {}), ::testing::SizeIs(1));
}

TEST(ResultsField, WithoutAnyResultSaysNone) {
  const auto policy = policy_of(tells_all);
  auto transaction = transaction_at(Stage::end_of_message);
  transaction.client.address.reset();
  transaction.door = Door::milter;
  std::mt19937 random(1);
  EXPECT_THAT(words(decide(*policy, transaction, random)),
              ElementsAre("add_header Authentication-Results: example.org; none"));
}

TEST(ResultsField, NamesFromOutsideNeitherEndNorGrowIt) {
  const auto policy = policy_of(
      "[[rule]]\nname = \"tells\"\nauthentication_results = [\"auth\", \"spf\", \"spf_helo\", "
      "\"iprev\"]\n");
  auto transaction = transaction_at(Stage::rcpt);
  transaction.authentication.user = "x\"; spf=pass\r\nX: y" + std::string(150, 'u');
  transaction.sender = MailAddress::from_unquoted("a@" + std::string(5000, 'd') + "\r\n.example");
  transaction.helo = std::string("h; dkim=pass\r\n\xff") + std::string(5000, 'h');
  std::mt19937 random(1);
  const auto decision = decide(*policy, transaction, random);
  ASSERT_EQ(decision.effects.size(), 1U);
  const auto& value = decision.effects.front().value;
  EXPECT_LE(value.size(), longest_header_value);
  EXPECT_TRUE(std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  EXPECT_THAT(value, HasSubstr("auth=pass smtp.auth=\"x\\\"; spf=pass??X: yuuu"));
  EXPECT_THAT(value, HasSubstr("; spf=none; spf=none; iprev=pass policy.iprev=8.8.8.8"));
}

TEST(ResultsField, OfMissingAnswersSaysTemperror) {
  const auto policy = policy_of(
      "[[rule]]\nname = \"tells\"\nauthentication_results = [\"spf\", \"iprev\", \"friends\"]\n");
  const auto transaction = transaction_at(Stage::rcpt);
  Facts facts;
  for (int round = 0; round < 10; ++round) {
    auto outcome = evaluate(*policy, transaction, facts);
    if (auto* decision = std::get_if<Decision>(&outcome)) {
      EXPECT_EQ(decision->verdict, Verdict::pass);
      EXPECT_THAT(
          words(*decision),
          ElementsAre("add_header Authentication-Results: example.org; spf=temperror "
                      "reason=\"deadline at TXT of example.com\" smtp.mailfrom=example.com; "
                      "iprev=temperror policy.iprev=8.8.8.8; "
                      "dnswl=temperror dns.zone=friends.example"));
      return;
    }
    for (const auto& question : std::get<NeedsMore>(outcome).questions) {
      facts.add(question, Answer::unavailable("deadline"));
    }
  }
  FAIL() << "it never decides";
}

}  // namespace
}  // namespace postern
