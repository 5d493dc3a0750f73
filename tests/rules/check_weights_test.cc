// What lists weigh: in conditions, as points of scores, and while an answer is missing.
#include "rules/check_weights.h"

#include "postern/decision.h"
#include "postern/policy.h"
#include "rules/rule.h"
#include "support/policy_text.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace postern {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto head = R"(
[identity]
host = "mx1.example.org"
contact = "postmaster@example.org"
[check.zen]
kind = "dnsbl"
zone = "zen.example"
quote = false
listed = { "127.0.0.2" = "spam", "127.0.0.4" = "exploited", "127.0.0.8" = "odd" }
weight = { spam = 3, exploited = 5.5 }
[check.friends]
kind = "dnswl"
zone = "friends.example"
weight = -4
)";

class CheckWeights : public ::testing::Test {
 protected:
  void compile(const std::string& rules) { policy_ = testing::compile_policy(head + rules); }

  static Transaction transaction() {
    auto made = test::ordinary_transaction(Stage::rcpt);
    made.client.address = IpAddress::parse("8.8.8.8");
    return made;
  }
  static Question of_zen() {
    return {QuestionKind::dns, "A", "8.8.8.8.zen.example", QuestionCost::free};
  }
  static Question of_friends() {
    return {QuestionKind::dns, "A", "8.8.8.8.friends.example", QuestionCost::free};
  }
  static Facts facts(const Answer& zen, const Answer& friends = Answer::nothing()) {
    Facts made;
    made.add(of_zen(), zen);
    made.add(of_friends(), friends);
    return made;
  }

  Decision decide(const Facts& facts) const {
    auto outcome = evaluate(*policy_, transaction(), facts);
    if (auto* decision = std::get_if<Decision>(&outcome)) return std::move(*decision);
    ADD_FAILURE() << "open";
    return {};
  }

  static const TrailEntry& entry(const Decision& decision, std::string_view name) {
    static const TrailEntry none;
    for (const auto& each : decision.trail) {
      if (each.rule.name == name) return each;
    }
    ADD_FAILURE() << "no entry of " << name;
    return none;
  }

  static std::string evidence(const TrailEntry& entry, std::string_view name) {
    for (const auto& each : entry.evidence) {
      if (each.name == name) return each.value;
    }
    return "none";
  }

  std::shared_ptr<const Policy> policy_;
};

const auto spam = Answer::found({"127.0.0.2"});
const auto both = Answer::found({"127.0.0.2", "127.0.0.4"});
const auto lost = Answer::unavailable("timeout");

TEST(WeightOf, SeveralValuesIsThatFurthestFromZero) {
  CheckDescription check;
  check.weights = {{"a", 2000}, {"b", -2000}, {"c", 500}};
  EXPECT_EQ(weight_of(check, {"c", "a"}), 2000);
  EXPECT_EQ(weight_of(check, {"a", "b"}), -2000);
  EXPECT_EQ(weight_of(check, {"c"}), 500);
  EXPECT_EQ(weight_of(check, {"clear"}), 0);
  EXPECT_EQ(weight_of(check, {}), 0);
}

TEST_F(CheckWeights, AreNumbersOfConditions) {
  compile(
      "[[rule]]\nname = \"heavy\"\nstage = \"rcpt\"\nwhen = 'zen.weight >= 5.5'\n"
      "reject = \"dnsbl-listed\"\n");
  const auto refused = decide(facts(both));
  EXPECT_EQ(refused.verdict, Verdict::reject);
  EXPECT_EQ(evidence(entry(refused, "heavy"), "zen.weight"), "5.5");
  EXPECT_EQ(evidence(entry(refused, "heavy"), "zen"), "spam, exploited");
  // The reply names the list, as that of a comparison with its meanings does.
  EXPECT_THAT(refused.reply->text().sentence, ::testing::HasSubstr("zen.example"));
  EXPECT_EQ(decide(facts(spam)).verdict, Verdict::pass);
  EXPECT_EQ(decide(facts(Answer::nothing())).verdict, Verdict::pass);
  const auto unknown = decide(facts(lost));
  EXPECT_EQ(unknown.verdict, Verdict::pass);
  EXPECT_EQ(entry(unknown, "heavy").truth, Truth::unavailable);
}

constexpr auto summed = R"(
[[rule]]
name = "lists"
score = { spam = "{zen.weight}" }
[[rule]]
name = "friendly"
score = { spam = "{friends.weight}" }
[[rule]]
name = "test"
stage = "rcpt"
when = 'score.spam >= 3'
reject = "policy-reject"
)";

TEST_F(CheckWeights, AreAddedToScores) {
  compile(summed);
  const auto refused = decide(facts(spam));
  EXPECT_EQ(refused.verdict, Verdict::reject);
  EXPECT_EQ(evidence(entry(refused, "test"), "score.spam"), "3");
  EXPECT_THAT(entry(refused, "lists").effects, ElementsAre("add 3 to score.spam"));
  EXPECT_EQ(evidence(entry(refused, "lists"), "zen"), "spam");
  EXPECT_THAT(entry(refused, "friendly").effects, IsEmpty());
  const auto spared = decide(facts(both, Answer::found({"127.0.0.2"})));
  EXPECT_EQ(spared.verdict, Verdict::pass);
  EXPECT_EQ(evidence(entry(spared, "test"), "score.spam"), "1.5");
  EXPECT_THAT(entry(spared, "friendly").effects, ElementsAre("take 4 from score.spam"));
  EXPECT_EQ(decide(facts(Answer::found({"127.0.0.8"}))).verdict, Verdict::pass);
}

TEST_F(CheckWeights, WhileTheyAreMissingASumLiesBetweenItsBounds) {
  compile(summed);
  auto outcome = evaluate(*policy_, transaction(), {});
  auto* more = std::get_if<NeedsMore>(&outcome);
  ASSERT_NE(more, nullptr);
  EXPECT_THAT(more->questions, SizeIs(2));
  // With nothing from the one list and trouble at the other no number decides.
  const auto decision = decide(facts(Answer::nothing(), lost));
  EXPECT_EQ(decision.verdict, Verdict::pass);
  EXPECT_EQ(evidence(entry(decision, "test"), "score.spam"), "-4 to 0");
  EXPECT_EQ(entry(decision, "test").truth, Truth::no);
  // Of what the friends might have taken away, a refusal for good becomes one for now.
  const auto softened = decide(facts(spam, lost));
  EXPECT_EQ(softened.verdict, Verdict::defer);
  EXPECT_EQ(softened.softened_by, "friendly");
  // The block list alone can never refuse without its answer.
  EXPECT_EQ(decide(facts(lost)).verdict, Verdict::pass);
}

TEST_F(CheckWeights, WaitForAnAnswerThatMayStillComeWhateverTheRuleSays) {
  compile(
      "[[rule]]\nname = \"adds\"\nwhen = 'friends == \"clear\"'\n"
      "score = { spam = \"{zen.weight}\" }\n"
      "[[rule]]\nname = \"test\"\nstage = \"rcpt\"\nwhen = 'score.spam >= 3'\n"
      "defer = \"policy-defer\"\n");
  Facts known;
  known.add(of_friends(), lost);
  auto outcome = evaluate(*policy_, transaction(), known);
  ASSERT_TRUE(std::holds_alternative<NeedsMore>(outcome));
  EXPECT_THAT(std::get<NeedsMore>(outcome).questions, ElementsAre(of_zen()));
  known.add(of_zen(), Answer::nothing());
  EXPECT_EQ(entry(decide(known), "test").truth, Truth::no);
}

TEST_F(CheckWeights, StandWhereTheirListIsKnown) {
  compile(
      "[check.domains]\nkind = \"dnsbl\"\nzone = \"dbl.example\"\nof = \"sender.domain\"\n"
      "weight = 1\n[[rule]]\nname = \"adds\"\nscore = { spam = \"{domains.weight}\" }\n"
      "[[rule]]\nname = \"test\"\nwhen = 'score.spam > 0'\naccept = \"message\"\n");
  ASSERT_NE(policy_, nullptr);
  EXPECT_EQ(policy_->rules()[0].place.stage, Stage::mail);
  EXPECT_EQ(policy_->rules()[1].place.stage, Stage::mail);
}

}  // namespace
}  // namespace postern
