// Scores: what rules add, and what tests of the sum find.

#include "rules/scores.h"

#include "checks/check.h"
#include "postern/policy.h"
#include "rules/score_reader.h"
#include "rules/situation.h"
#include "rules/walk.h"
#include "support/policy_text.h"
#include "support/rules.h"
#include "support/sample_check.h"
#include "support/transactions.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace postern {
namespace {

using test::ordinary_transaction;
using test::rejecting;
using test::rule;

Rule adding(std::string_view name, Stage stage, std::string_view condition, std::int64_t points,
            std::string score = "spam") {
  auto made = rule(name, stage, condition);
  made.scores.push_back({std::move(score), points});
  return made;
}

Facts facts(std::initializer_list<std::pair<const char*, const char*>> answers) {
  Facts all;
  const auto checks = test::sample_checks();
  for (const auto& [check, word] : answers) {
    const auto& description = checks.find(check)->description();
    all.add(
        test::sample_question(check, description.kind, description.cost),
        std::string_view(word) == "gone" ? Answer::unavailable("timeout") : Answer::found({word}));
  }
  return all;
}

std::vector<Rule> bound(std::vector<Rule> rules) {
  bind_scores(rules);
  return rules;
}

template <typename... Rules>
std::vector<Rule> list(Rules... rules) {
  std::vector<Rule> all;
  (all.push_back(std::move(rules)), ...);
  return bound(std::move(all));
}

Decision decided(const std::vector<Rule>& rules, const Facts& known,
                 const Transaction& transaction = ordinary_transaction(Stage::rcpt)) {
  auto outcome = walk::evaluate(rules, test::identity(), transaction, known);
  if (auto* decision = std::get_if<Decision>(&outcome)) return std::move(*decision);
  ADD_FAILURE() << "open";
  return {};
}

/// Questions a decision waits for, by their subjects.
std::string asked(const std::vector<Rule>& rules, const Facts& known) {
  const auto outcome =
      walk::evaluate(rules, test::identity(), ordinary_transaction(Stage::rcpt), known);
  std::string text;
  if (const auto* more = std::get_if<NeedsMore>(&outcome)) {
    for (const auto& question : more->questions) text += question.subject + " ";
  }
  return text;
}

const TrailEntry& entry(const Decision& decision, std::string_view name) {
  static const TrailEntry none;
  for (const auto& each : decision.trail) {
    if (each.rule.name == name) return each;
  }
  ADD_FAILURE() << "no entry of " << name;
  return none;
}

TEST(Points, AreWrittenAsTheyAreRead) {
  EXPECT_EQ(points_text(2500), "2.5");
  EXPECT_EQ(points_text(-125), "-0.125");
  EXPECT_EQ(points_text(7000), "7");
  EXPECT_EQ(points_from_text("2.5"), 2500);
  EXPECT_EQ(points_from_text("-1"), -1000);
  EXPECT_EQ(points_from_text("+0.125"), 125);
  for (const auto* bad : {"", ".5", "1.", "1.2345", "1e3", "1_000", "nan", "1234567890"}) {
    EXPECT_EQ(points_from_text(bad), std::nullopt) << bad;
  }
}

TEST(Scores, AreSummedWithoutRounding) {
  // Ten times a tenth is one, which binary fractions miss.
  std::vector<Rule> rules;
  for (int i = 0; i < 10; ++i)
    rules.push_back(adding("r" + std::to_string(i), Stage::rcpt, "", 100));
  rules.push_back(rejecting(rule("test", Stage::rcpt, "score.spam == 1"), "policy-reject"));
  EXPECT_EQ(decided(bound(std::move(rules)), {}).verdict, Verdict::reject);
}

TEST(Scores, TellWhatEachRuleAddedAndTheSum) {
  const auto rules =
      list(adding("a", Stage::rcpt, "sample_a == 'bad'", 2500), adding("b", Stage::rcpt, "", -1000),
           rejecting(rule("test", Stage::rcpt, "score.spam >= 1.5"), "policy-reject"));
  const auto decision = decided(rules, facts({{"sample_a", "bad"}}));
  EXPECT_EQ(decision.verdict, Verdict::reject);
  EXPECT_EQ(entry(decision, "a").effects, std::vector<std::string>{"add 2.5 to score.spam"});
  EXPECT_EQ(entry(decision, "b").effects, std::vector<std::string>{"take 1 from score.spam"});
  ASSERT_EQ(entry(decision, "test").evidence.size(), 1U);
  EXPECT_EQ(entry(decision, "test").evidence[0].name, "score.spam");
  EXPECT_EQ(entry(decision, "test").evidence[0].value, "1.5");
  EXPECT_EQ(decided(rules, facts({{"sample_a", "good"}})).verdict, Verdict::pass);
}

TEST(Scores, AreNotWaitedForOnceTheirBoundsDecide) {
  const auto rules = list(adding("a", Stage::rcpt, "sample_a == 'bad'", 5000),
                          adding("b", Stage::rcpt, "sample_b == 'bad'", 1000),
                          rejecting(rule("test", Stage::rcpt, "score.spam >= 5"), "policy-reject"));
  EXPECT_EQ(asked(rules, {}), "sample_a sample_b ");
  const auto early = decided(rules, facts({{"sample_a", "bad"}}));
  EXPECT_EQ(early.verdict, Verdict::reject);
  EXPECT_EQ(entry(early, "test").evidence[0].value, "5 to 6");
  EXPECT_EQ(entry(early, "b").truth, Truth::unknown);
  EXPECT_EQ(asked(rules, facts({{"sample_a", "good"}})), "");
  EXPECT_EQ(decided(rules, facts({{"sample_a", "good"}})).verdict, Verdict::pass);
  // The record is completed when the reply is out.
  const auto later = walk::shadow_questions(rules, ordinary_transaction(Stage::rcpt),
                                            facts({{"sample_a", "bad"}}));
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later.front().subject, "sample_b");
}

TEST(Scores, AskWhatCostsLastAndOneAfterTheOther) {
  const auto rules = list(adding("c", Stage::rcpt, "sample_costly == 'high'", 5000),
                          adding("d", Stage::rcpt, "sample_count == 'high'", 5000),
                          adding("a", Stage::rcpt, "sample_a == 'bad'", 5000),
                          rejecting(rule("test", Stage::rcpt, "score.spam >= 5"), "policy-reject"));
  EXPECT_EQ(asked(rules, {}), "sample_a ");
  EXPECT_EQ(asked(rules, facts({{"sample_a", "good"}})), "sample_costly ");
  EXPECT_EQ(asked(rules, facts({{"sample_a", "good"}, {"sample_costly", "low"}})), "sample_count ");
}

TEST(Scores, AreUnavailableWhileAnAnswerThatCountsIs) {
  const auto rules = list(adding("a", Stage::rcpt, "sample_a == 'bad'", 5000),
                          adding("b", Stage::rcpt, "sample_b == 'bad'", 1000),
                          rejecting(rule("test", Stage::rcpt, "score.spam >= 5"), "policy-reject"));
  const auto missing = decided(rules, facts({{"sample_a", "gone"}, {"sample_b", "bad"}}));
  EXPECT_EQ(missing.verdict, Verdict::pass);
  EXPECT_EQ(entry(missing, "test").truth, Truth::unavailable);
  EXPECT_EQ(entry(missing, "test").cause, "score.spam: rule \"a\": sample_a: timeout");
  EXPECT_EQ(decided(rules, facts({{"sample_a", "bad"}, {"sample_b", "gone"}})).verdict,
            Verdict::reject);
}

TEST(Scores, ThatMightHaveBeenLoweredSoftenTheRefusal) {
  const auto rules = list(adding("bad", Stage::rcpt, "sample_a == 'bad'", 6000),
                          adding("friend", Stage::rcpt, "sample_b == 'good'", -3000),
                          rejecting(rule("test", Stage::rcpt, "score.spam >= 5"), "policy-reject"));
  const auto decision = decided(rules, facts({{"sample_a", "bad"}, {"sample_b", "gone"}}));
  EXPECT_EQ(decision.verdict, Verdict::defer);
  EXPECT_EQ(decision.softened_by, "friend");
  EXPECT_EQ(decision.softened_from, "policy-reject");
  EXPECT_EQ(decided(rules, facts({{"sample_a", "bad"}, {"sample_b", "good"}})).verdict,
            Verdict::pass);
  EXPECT_EQ(decided(rules, facts({{"sample_a", "bad"}, {"sample_b", "bad"}})).verdict,
            Verdict::reject);
}

TEST(Scores, OfShadowRulesCountForShadowTestsAlone) {
  const auto rules =
      list(test::in_shadow(adding("watched", Stage::rcpt, "", 5000)),
           test::in_shadow(
               rejecting(rule("shadow test", Stage::rcpt, "score.spam >= 5"), "policy-reject")),
           rejecting(rule("test", Stage::rcpt, "score.spam >= 5"), "policy-reject"));
  const auto decision = decided(rules, {});
  EXPECT_EQ(decision.verdict, Verdict::pass);
  EXPECT_EQ(entry(decision, "shadow test").truth, Truth::yes);
  EXPECT_EQ(entry(decision, "test").truth, Truth::no);
}

TEST(Scores, OfOneRecipientAreNotThoseOfTheOthers) {
  const auto rules =
      list(adding("session", Stage::connect, "", 1000),
           adding("bob's", Stage::rcpt, "recipient == 'bob@example.org'", 2000),
           rejecting(rule("test", Stage::end_of_message, "score.spam >= 3"), "policy-reject"));
  auto transaction = ordinary_transaction(Stage::end_of_message);
  EXPECT_EQ(decided(rules, {}, transaction).verdict, Verdict::reject);
  transaction.recipient = {};
  transaction.recipient_count = std::int64_t{2};
  const AcceptedRecipient bob{MailAddress::from_envelope("bob@example.org"), false, {}, {}};
  transaction.recipients = std::vector<AcceptedRecipient>{bob, bob};
  EXPECT_EQ(decided(rules, {}, transaction).verdict, Verdict::pass);
  transaction.recipients = {};
  EXPECT_EQ(entry(decided(rules, {}, transaction), "test").truth, Truth::unavailable);
}

TEST(Scores, AreNotAddedToByRulesOfASettledStage) {
  const auto rules = list(
      test::accepting(rule("settled", Stage::connect, "sample_a == 'good'"), AcceptScope::stage),
      adding("behind", Stage::connect, "", 5000),
      rejecting(rule("test", Stage::rcpt, "score.spam >= 5"), "policy-reject"));
  EXPECT_EQ(decided(rules, facts({{"sample_a", "good"}})).verdict, Verdict::pass);
  EXPECT_EQ(decided(rules, facts({{"sample_a", "bad"}})).verdict, Verdict::reject);
}

TEST(Scores, BehindAnAcceptThatCouldNotBeAnsweredRefusedForGood) {
  const auto known = [] {
    return test::accepting(rule("known", Stage::connect, "sample_a == 'good'"), AcceptScope::stage);
  };
  const auto skipped = list(known(), adding("five", Stage::connect, "", 5000),
                            rejecting(rule("r", Stage::rcpt, "score.spam >= 5"), "policy-reject"));
  EXPECT_EQ(decided(skipped, facts({{"sample_a", "good"}})).verdict, Verdict::pass);
  EXPECT_EQ(decided(skipped, facts({{"sample_a", "bad"}})).verdict, Verdict::reject);
  EXPECT_EQ(decided(skipped, facts({{"sample_a", "gone"}})).verdict, Verdict::defer);

  const auto matched = list(adding("five", Stage::connect, "", 5000),
                            test::when_unavailable(known(), WhenUnavailable::match),
                            adding("minus", Stage::connect, "", -5000),
                            rejecting(rule("r", Stage::rcpt, "score.spam >= 5"), "policy-reject"));
  EXPECT_EQ(decided(matched, facts({{"sample_a", "bad"}})).verdict, Verdict::pass);
  EXPECT_EQ(decided(matched, facts({{"sample_a", "gone"}})).verdict, Verdict::defer);
}

TEST(Scores, OfLaterRulesAreNotSeen) {
  const auto rules = list(rejecting(rule("test", Stage::rcpt, "score.spam >= 5"), "policy-reject"),
                          adding("late", Stage::rcpt, "", 5000));
  EXPECT_EQ(decided(rules, {}).verdict, Verdict::pass);
}

TEST(Scores, OfATestDoNotReachBeyondIt) {
  // Tests share what adds; each sees the beginning of it that stands before it, in any order.
  const auto rules = list(adding("one", Stage::rcpt, "", 1000),
                          rejecting(rule("first", Stage::rcpt, "score.spam == 2"), "policy-reject"),
                          adding("two", Stage::rcpt, "sample_a == 'bad'", 1000),
                          rejecting(rule("then", Stage::rcpt, "score.spam == 3"), "policy-reject"),
                          adding("three", Stage::rcpt, "", 1000),
                          rejecting(rule("last", Stage::rcpt, "score.spam == 4"), "policy-reject"));
  const auto known = facts({{"sample_a", "bad"}});
  const auto transaction = ordinary_transaction(Stage::rcpt);
  expression::ScoreReader reader(transaction, known);
  const auto sum = [&](std::size_t at) {
    return rules[at].condition.evaluate(transaction, known, &reader).evidence.front().value;
  };
  EXPECT_EQ(sum(5), "3");
  EXPECT_EQ(sum(1), "1");
  EXPECT_EQ(sum(3), "2");
  EXPECT_EQ(decided(rules, known).verdict, Verdict::pass);
}

TEST(Scores, AskAnAcceptOnlyOnceForAllThatAddBehindIt) {
  // A settler that tests another score is asked while that is being summed up.
  std::vector<Rule> rules;
  rules.push_back(adding("names", Stage::connect, "", 1000, "names"));
  for (int i = 0; i < 20; ++i) {
    const auto n = std::to_string(i);
    rules.push_back(
        test::accepting(rule("s" + n, Stage::connect, "score.names > 1"), AcceptScope::stage));
    rules.push_back(adding("a" + n, Stage::connect, "", 1000));
    rules.push_back(adding("n" + n, Stage::connect, "client.port == 1", 1000, "names"));
  }
  rules.push_back(rejecting(rule("test", Stage::rcpt, "score.spam == 20"), "policy-reject"));
  EXPECT_EQ(decided(bound(std::move(rules)), {}).verdict, Verdict::reject);
}

/// Says "no" and counts how often it was asked.
class CountedCheck final : public Check {
 public:
  explicit CountedCheck(int& asked_in) : asked(asked_in) {}
  const CheckDescription& description() const noexcept override { return description_; }
  CheckOutcome evaluate(const Transaction&, const Facts&) const override {
    ++asked;
    CheckOutcome outcome;
    outcome.values = {"no"};
    return outcome;
  }
  int& asked;

 private:
  CheckDescription description_{
      "counted", {"no", "yes"}, Stage::connect, QuestionKind::sample, QuestionCost::free, "counts"};
};

TEST(Scores, CostWhatTheirRulesCostHoweverManyTestsThereAre) {
  int asked = 0;
  // Each with a check of its own: what one check came to is remembered anyhow.
  const auto conditional = [&](Rule made) {
    CheckRegistry checks;
    checks.add(std::make_shared<CountedCheck>(asked));
    made.condition = std::get<Condition>(
        Condition::compile("counted == 'yes'", {&checks, nullptr, made.place.stage}));
    return made;
  };
  std::vector<Rule> rules;
  for (int i = 0; i < 50; ++i) {
    const auto n = std::to_string(i);
    rules.push_back(
        conditional(test::accepting(rule("accept " + n, Stage::connect, ""), AcceptScope::stage)));
    rules.push_back(conditional(adding("add " + n, Stage::connect, "", 1000)));
  }
  for (int i = 0; i < 50; ++i) {
    rules.push_back(rejecting(rule("test " + std::to_string(i), Stage::rcpt, "score.spam >= 5"),
                              "policy-reject"));
  }
  rules = bound(std::move(rules));
  const auto transaction = ordinary_transaction(Stage::rcpt);
  asked = 0;
  const auto outcome = walk::evaluate(rules, test::identity(), transaction, {}, Detail::verdict);
  EXPECT_EQ(std::get<Decision>(outcome).verdict, Verdict::pass);
  EXPECT_EQ(asked, 100);
}

TEST(Checks, ThatAreFinishedAreNotRunAgainHoweverManyRulesNameThem) {
  int asked = 0;
  CheckRegistry checks;
  checks.add(std::make_shared<CountedCheck>(asked));
  std::vector<Rule> rules;
  for (int i = 0; i < 10; ++i) {
    auto made = rejecting(rule("rule " + std::to_string(i), Stage::rcpt, ""), "policy-reject");
    made.condition = std::get<Condition>(
        Condition::compile("counted == 'yes'", {&checks, nullptr, Stage::rcpt}));
    rules.push_back(std::move(made));
  }
  const auto transaction = ordinary_transaction(Stage::rcpt);
  CheckMemo memo;
  for (int round = 0; round < 3; ++round) {
    (void)walk::evaluate({rules, nullptr}, test::identity(), transaction, {}, Detail::verdict,
                         &memo);
  }
  EXPECT_EQ(asked, 1);
}

constexpr auto head = R"(
[identity]
host = "mx1.example.org"
contact = "postmaster@example.org"
[when.suspicious]
is = 'score.spam >= 5'
)";

TEST(ScoresOfAPolicy, PlaceATestWhereAllHasBeenAdded) {
  const auto made = testing::compile_policy(std::string(head) + R"(
[[rule]]
name = "no name"
when = 'client.reverse_name == ""'
score = { spam = 2.5, names = 1 }
[[rule]]
name = "for many"
when = 'recipient.local starts_with "list"'
score = { spam = 3 }
[[rule]]
name = "test"
when = 'suspicious and score.names == 1'
reject = "policy-reject"
)");
  ASSERT_NE(made, nullptr);
  const auto& rules = made->rules();
  ASSERT_EQ(rules.size(), 3U);
  EXPECT_EQ(rules[2].place.stage, Stage::rcpt);
  auto transaction = ordinary_transaction(Stage::rcpt);
  transaction.client.reverse_name = Told<std::string>::absent();
  EXPECT_EQ(rules[2].condition.truth(transaction, {}), Truth::no);
  transaction.recipient = MailAddress::from_envelope("list-a@example.org");
  EXPECT_EQ(rules[2].condition.truth(transaction, {}), Truth::yes);
}

}  // namespace
}  // namespace postern
