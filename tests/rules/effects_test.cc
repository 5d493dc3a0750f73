#include "rules/effects.h"

#include "postern/decision.h"
#include "rules/walk.h"
#include "support/policy_text.h"
#include "support/rules.h"
#include "support/sample_check.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using test::accepting;
using test::in_shadow;
using test::ordinary_transaction;
using test::rejecting;
using test::rule;
using test::sample_question;
using test::when_unavailable;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Rule modifying(std::string_view name, std::string_view condition, EffectKind kind,
               std::string text = "word", Stage stage = Stage::mail) {
  auto made = rule(name, stage, condition);
  made.verdict = Verdict::pass;
  made.effects.push_back({kind, "X-Name", std::move(text), {}});
  return made;
}

Rule with(Rule made, EffectKind kind) {
  made.effects.push_back({kind, "X-Own", "own", {}});
  return made;
}

template <typename... Rules>
std::vector<Rule> list(Rules... rules) {
  std::vector<Rule> all;
  (all.push_back(std::move(rules)), ...);
  return all;
}

Decision decide(const std::vector<Rule>& rules, const Facts& facts = {},
                const Transaction& transaction = ordinary_transaction(Stage::rcpt)) {
  auto outcome = walk::evaluate(rules, test::identity(), transaction, facts);
  EXPECT_TRUE(std::holds_alternative<Decision>(outcome));
  return std::get<Decision>(std::move(outcome));
}

std::vector<std::string> words(const Decision& decision) {
  std::vector<std::string> all;
  for (const auto& effect : decision.effects) all.push_back(effect.rule + " " + describe(effect));
  return all;
}

Facts with_a(const Answer& answer) {
  Facts facts;
  facts.add(sample_question("sample_a"), answer);
  return facts;
}

TEST(Effects, AreThoseOfEveryRuleThatSaidYesUpToTheDecidingOne) {
  std::vector<Rule> rules;
  rules.push_back(modifying("first", "", EffectKind::add_header));
  rules.push_back(modifying("no", "false", EffectKind::add_header));
  rules.push_back(with(accepting(rule("decides", Stage::mail, "")), EffectKind::tag));
  rules.push_back(modifying("behind", "", EffectKind::add_header));
  const auto decision = decide(rules);
  EXPECT_EQ(decision.verdict, Verdict::accept);
  EXPECT_EQ(decision.rule->name, "decides");
  EXPECT_THAT(words(decision), ElementsAre("first add_header X-Name: word", "decides tag own"));
}

TEST(Effects, ModifyingAloneDecidesNothing) {
  const auto decision = decide(list(modifying("marks", "", EffectKind::tag)));
  EXPECT_EQ(decision.verdict, Verdict::pass);
  EXPECT_FALSE(decision.rule);
  EXPECT_THAT(words(decision), ElementsAre("marks tag word"));
}

TEST(Effects, ARefusalAndADiscardKeepOnlyWhatIsForTheLog) {
  for (const auto verdict : {Verdict::reject, Verdict::discard}) {
    std::vector<Rule> rules;
    for (const auto kind : {EffectKind::add_header, EffectKind::remove_header, EffectKind::bcc,
                            EffectKind::redirect, EffectKind::tag, EffectKind::warn}) {
      rules.push_back(modifying(to_text(kind), "", kind));
    }
    auto last = rejecting(rule("last", Stage::rcpt, ""), "policy-reject");
    if (verdict == Verdict::discard) {
      last.verdict = Verdict::discard;
      last.reason = nullptr;
      last.note = "why";
    }
    rules.push_back(std::move(last));
    const auto decision = decide(rules);
    EXPECT_EQ(decision.verdict, verdict);
    EXPECT_EQ(decision.note, verdict == Verdict::discard ? "why" : "");
    EXPECT_THAT(words(decision), ElementsAre("tag tag word", "warn warn word"));
  }
}

TEST(Effects, ShadowRulesOnlySayWhatTheyWouldDo) {
  const auto decision = decide(list(in_shadow(modifying("watches", "", EffectKind::add_header))));
  EXPECT_THAT(decision.effects, IsEmpty());
  ASSERT_THAT(decision.trail, SizeIs(1));
  EXPECT_EQ(decision.trail[0].note, TrailNote::shadow);
  EXPECT_THAT(decision.trail[0].effects, ElementsAre("add_header X-Name: word"));
}

TEST(Effects, AnUnansweredRuleDoesNothingAndSoftensNothing) {
  std::vector<Rule> rules;
  rules.push_back(modifying("unanswered", "sample_a == 'bad'", EffectKind::add_header));
  rules.push_back(rejecting(rule("refuses", Stage::rcpt, ""), "policy-reject"));
  const auto decision = decide(rules, with_a(Answer::unavailable("timeout")));
  EXPECT_EQ(decision.verdict, Verdict::reject);
  EXPECT_EQ(decision.softened_by, "");
}

TEST(Effects, AnUnansweredRuleMayPutOff) {
  auto waits = modifying("waits", "sample_a == 'bad'", EffectKind::add_header);
  const auto rules = list(when_unavailable(std::move(waits), WhenUnavailable::defer));
  const auto decision = decide(rules, with_a(Answer::unavailable("timeout")));
  EXPECT_EQ(decision.verdict, Verdict::defer);
  EXPECT_THAT(decision.effects, IsEmpty());
}

TEST(Effects, AnAcceptThatActsWithoutItsAnswerDoesNothingBesides) {
  auto welcome =
      with(accepting(rule("welcome", Stage::mail, "sample_a == 'bad'")), EffectKind::redirect);
  const auto rules = list(when_unavailable(std::move(welcome), WhenUnavailable::match));
  const auto decision = decide(rules, with_a(Answer::unavailable("timeout")));
  EXPECT_EQ(decision.verdict, Verdict::accept);
  EXPECT_THAT(decision.effects, IsEmpty());
}

TEST(Effects, NothingIsSentElsewhereThatAMissingAnswerMightHaveSpared) {
  for (const auto verdict : {Verdict::pass, Verdict::accept}) {
    std::vector<Rule> rules;
    rules.push_back(accepting(rule("friends", Stage::mail, "sample_a == 'good'")));
    auto away = modifying("away", "", EffectKind::redirect);
    away.verdict = verdict;
    rules.push_back(std::move(away));
    const auto decision = decide(rules, with_a(Answer::unavailable("timeout")));
    EXPECT_EQ(decision.verdict, Verdict::defer);
    EXPECT_EQ(decision.softened_by, "friends");
    EXPECT_THAT(decision.effects, IsEmpty());
    EXPECT_THAT(decide(rules, with_a(Answer::found({"bad"}))).effects, SizeIs(1));
  }
}

TEST(Effects, MailOfOurOwnUsersIsNotPutOffForARedirect) {
  auto transaction = ordinary_transaction(Stage::rcpt);
  transaction.door = Door::milter;
  transaction.client.address.reset();
  std::vector<Rule> rules;
  rules.push_back(accepting(rule("friends", Stage::mail, "sample_a == 'good'")));
  rules.push_back(modifying("away", "", EffectKind::redirect));
  const auto decision = decide(rules, with_a(Answer::unavailable("timeout")), transaction);
  EXPECT_EQ(decision.verdict, Verdict::pass);
  EXPECT_THAT(decision.effects, IsEmpty());
}

TEST(Effects, ADiscardAndAHoldAreSoftenedLikeARefusal) {
  for (const auto verdict : {Verdict::discard, Verdict::quarantine}) {
    std::vector<Rule> rules;
    rules.push_back(accepting(rule("friends", Stage::mail, "sample_a == 'good'")));
    auto last = rule("last", Stage::mail, "");
    last.verdict = verdict;
    rules.push_back(std::move(last));
    const auto decision = decide(rules, with_a(Answer::unavailable("timeout")));
    EXPECT_EQ(decision.verdict, Verdict::defer);
    EXPECT_EQ(decision.softened_by, "friends");
    EXPECT_EQ(decide(rules, with_a(Answer::found({"bad"}))).verdict, verdict);
  }
}

TEST(Effects, TheFirstRedirectIsTheOneThatCounts) {
  const auto decision = decide(list(modifying("one", "", EffectKind::redirect, "one@example.org"),
                                    modifying("two", "", EffectKind::redirect, "two@example.org")));
  EXPECT_THAT(words(decision), ElementsAre("one redirect one@example.org"));
}

TEST(Effects, ValuesFromOutsideCannotEndAHeaderFieldOrGrowIt) {
  auto transaction = ordinary_transaction(Stage::mail);
  transaction.helo = std::string("mx\r\nX-Evil: yes\r\n\r\nbody \xc3\xa4") + std::string(5000, 'x');
  const auto decision = decide(
      list(modifying("marks", "", EffectKind::add_header, "from {helo} ({user|nobody}) {ref}")), {},
      transaction);
  ASSERT_THAT(decision.effects, SizeIs(1));
  const auto& value = decision.effects[0].value;
  EXPECT_LE(value.size(), longest_header_value);
  EXPECT_TRUE(std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  EXPECT_THAT(value, HasSubstr("from mx??X-Evil: yes????body ??xxx"));
  EXPECT_THAT(value, HasSubstr("(nobody)"));
}

TEST(Effects, HoldingOrDroppingTakesTheRecipient) {
  for (const auto verdict : {Verdict::discard, Verdict::quarantine}) {
    Decision decision;
    decision.verdict = verdict;
    const auto recipient =
        accepted_recipient(MailAddress::from_envelope("bob@example.org"), decision);
    ASSERT_TRUE(recipient);
    EXPECT_FALSE(recipient->settled);
  }
}

TEST(Effects, APolicyWithEveryActionLoads) {
  const auto policy = postern::testing::compile_policy(R"(
[identity]
host = "mx1.example.org"
[[rule]]
name = "everything"
add_header = ["X-A: {client_address}", { name = "X-B", value = "b" }]
remove_header = ["X-C", "Subject"]
redirect = "Inspection@Example.ORG"
bcc = ["a@example.org", "b@example.org"]
tag = "word"
warn = "{helo|nobody} came"
quarantine = "odd"
[[rule]]
name = "drops"
discard = "odd"
acknowledge_loss = true
)");
  ASSERT_NE(policy, nullptr);
  ASSERT_THAT(policy->rules(), SizeIs(2));
  const auto& first = policy->rules()[0];
  EXPECT_EQ(first.verdict, Verdict::quarantine);
  EXPECT_EQ(first.note, "odd");
  EXPECT_EQ(first.place.stage, Stage::connect);
  EXPECT_THAT(
      effect_words(first),
      ElementsAre("add_header X-A: {client_address}", "add_header X-B: b", "remove_header X-C",
                  "remove_header Subject", "redirect Inspection@example.org", "bcc a@example.org",
                  "bcc b@example.org", "tag word", "warn {helo|nobody} came"));
  EXPECT_EQ(policy->rules()[1].verdict, Verdict::discard);
}

}  // namespace
}  // namespace postern
