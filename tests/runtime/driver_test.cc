#include "runtime/driver.h"

#include "support/fake_clock.h"
#include "support/fake_source.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <thread>

namespace postern {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using test::FakeClock;
using test::FakeSource;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// First match decides, over rules with one question each, whose answer "yes" makes the rule yes.
class ScriptedRules final : public Evaluator {
 public:
  struct Step {
    Question question;
    RuleMode mode = RuleMode::enforce;
  };
  explicit ScriptedRules(std::vector<Step> steps) : steps_(std::move(steps)) {}

  std::variant<Decision, NeedsMore> evaluate(const Policy*, const Transaction&,
                                             const Facts& facts) const override {
    Decision decision;
    NeedsMore more;
    bool open_before = false;
    bool decided = false;
    for (const auto& step : steps_) {
      TrailEntry entry;
      entry.rule.name = step.question.subject;
      entry.mode = step.mode;
      const auto truth = truth_of(step, facts);
      entry.truth = decided ? Truth::unknown : truth;
      if (decided) entry.note = TrailNote::not_reached;
      if (!decided && step.mode == RuleMode::enforce) {
        if (truth == Truth::unknown) {
          if (step.question.cost == QuestionCost::free || !open_before) {
            more.questions.push_back(step.question);
          }
          open_before = true;
        } else if (truth == Truth::yes && !open_before) {
          decided = true;
          decision.verdict = Verdict::reject;
          decision.reason = &reason_;
          decision.rule = entry.rule;
        }
      }
      decision.trail.push_back(entry);
    }
    if (open_before) return more;
    return decision;
  }

  std::vector<Question> shadow_questions(const Policy*, const Transaction&, const Facts& facts,
                                         CheckMemo&) const override {
    std::vector<Question> questions;
    for (const auto& step : steps_) {
      const auto truth = truth_of(step, facts);
      if (step.mode == RuleMode::shadow && truth == Truth::unknown) {
        questions.push_back(step.question);
      }
      if (step.mode == RuleMode::enforce && truth == Truth::yes) break;
    }
    return questions;
  }

  std::vector<Question> questions_ahead(const Policy*, const Transaction&, const Facts& facts,
                                        CheckMemo&) const override {
    std::vector<Question> questions;
    for (const auto& step : steps_) {
      if (step.question.cost == QuestionCost::free && truth_of(step, facts) == Truth::unknown) {
        questions.push_back(step.question);
      }
    }
    return questions;
  }

 private:
  static Truth truth_of(const Step& step, const Facts& facts) {
    const auto* answer = facts.find(step.question);
    if (answer == nullptr) return Truth::unknown;
    if (answer->state == Answer::State::unavailable) return Truth::unavailable;
    return answer->values == std::vector<std::string>{"yes"} ? Truth::yes : Truth::no;
  }

  std::vector<Step> steps_;
  Reason reason_;
};

/// The same rules, each evaluation of which takes five microseconds.
class SlowRules final : public Evaluator {
 public:
  SlowRules(FakeClock& clock, std::vector<ScriptedRules::Step> steps)
      : clock_(clock), rules_(std::move(steps)) {}

  std::variant<Decision, NeedsMore> evaluate(const Policy* policy, const Transaction& transaction,
                                             const Facts& facts) const override {
    clock_.advance(std::chrono::microseconds(5));
    return rules_.evaluate(policy, transaction, facts);
  }
  std::vector<Question> shadow_questions(const Policy* policy, const Transaction& transaction,
                                         const Facts& facts, CheckMemo& checks) const override {
    return rules_.shadow_questions(policy, transaction, facts, checks);
  }
  std::vector<Question> questions_ahead(const Policy* policy, const Transaction& transaction,
                                        const Facts& facts, CheckMemo& checks) const override {
    return rules_.questions_ahead(policy, transaction, facts, checks);
  }

 private:
  FakeClock& clock_;
  ScriptedRules rules_;
};

/// What a driver called back with, and how often.
struct Heard {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Decision> replies;
  std::vector<Outcome> outcomes;
  bool closed_before_reply = false;

  std::function<void(const Decision&)> on_reply() {
    return [this](const Decision& decision) {
      const std::lock_guard lock(mutex);
      replies.push_back(decision);
      changed.notify_all();
    };
  }
  std::function<void(Outcome)> on_close() {
    return [this](Outcome outcome) {
      const std::lock_guard lock(mutex);
      closed_before_reply = closed_before_reply || replies.empty();
      outcomes.push_back(std::move(outcome));
      changed.notify_all();
    };
  }
  void wait_until_closed() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return !outcomes.empty(); });
  }
};

Question question(const std::string& subject, QuestionCost cost = QuestionCost::free) {
  return {QuestionKind::sample, subject, "key", cost};
}

const Answer yes = Answer::found({"yes"});
const Answer no = Answer::nothing();
const Question first = question("first");
const Question second = question("second");
const Question third = question("third");
const Question costly = question("costly", QuestionCost::costly);

class DriverTest : public testing::Test {
 protected:
  void decide(Driver& driver, std::chrono::milliseconds deadline = 8s) {
    driver.decide(nullptr, {}, {}, deadline, heard.on_reply(), heard.on_close());
  }

  FakeClock clock;
  FakeSource source;
  Heard heard;
};

TEST_F(DriverTest, RepliesAndClosesInsideDecideWhenNothingHasToBeAsked) {
  const ScriptedRules rules({});
  Driver driver(source, clock, rules);
  decide(driver);
  ASSERT_EQ(heard.replies.size(), 1U);
  EXPECT_EQ(heard.replies[0].verdict, Verdict::pass);
  ASSERT_EQ(heard.outcomes.size(), 1U);
  EXPECT_FALSE(heard.closed_before_reply);
  EXPECT_THAT(source.asked(), IsEmpty());
}

TEST_F(DriverTest, GivesTheTransactionBack) {
  const ScriptedRules rules({});
  Driver driver(source, clock, rules);
  Transaction transaction;
  transaction.instance = "4f1.1";
  driver.decide(nullptr, transaction, {}, 8s, heard.on_reply(), heard.on_close());
  ASSERT_EQ(heard.outcomes.size(), 1U);
  EXPECT_EQ(heard.outcomes[0].transaction.instance, "4f1.1");
}

TEST_F(DriverTest, AsksFreeQuestionsTogetherAndEachOnce) {
  const ScriptedRules rules({{first}, {second}, {third}});
  Driver driver(source, clock, rules);
  decide(driver);
  EXPECT_THAT(source.asked(), UnorderedElementsAre(first, second, third));
  source.answer(second, no);
  source.answer(third, no);
  EXPECT_EQ(source.asked().size(), 3U);
  EXPECT_THAT(heard.replies, IsEmpty());
  source.answer(first, no);
  EXPECT_EQ(heard.replies.size(), 1U);
  EXPECT_EQ(heard.outcomes.size(), 1U);
}

TEST_F(DriverTest, DecidesWithoutWaitingForLaterRules) {
  const ScriptedRules rules({{first}, {second}});
  Driver driver(source, clock, rules);
  decide(driver);
  source.answer(first, yes);
  ASSERT_EQ(heard.replies.size(), 1U);
  EXPECT_EQ(heard.replies[0].rule->name, "first");
  ASSERT_EQ(heard.outcomes.size(), 1U);
  EXPECT_EQ(heard.outcomes[0].facts.find(second), nullptr);
}

TEST_F(DriverTest, HoldsACostlyQuestionBackUntilEarlierRulesAreDefinite) {
  const ScriptedRules rules({{first}, {costly}});
  Driver driver(source, clock, rules);
  decide(driver);
  EXPECT_THAT(source.asked(), ElementsAre(first));
  source.answer(first, no);
  EXPECT_THAT(source.asked(), ElementsAre(first, costly));
  source.answer(costly, yes);
  ASSERT_EQ(heard.replies.size(), 1U);
  EXPECT_EQ(heard.replies[0].rule->name, "costly");
}

TEST_F(DriverTest, AnswersInsideAskAreTaken) {
  const ScriptedRules rules({{first}, {costly}, {second}});
  source.answer_at_once(first, no);
  source.answer_at_once(second, yes);
  source.answer_at_once(costly, no);
  Driver driver(source, clock, rules);
  decide(driver);
  ASSERT_EQ(heard.replies.size(), 1U);
  EXPECT_EQ(heard.replies[0].rule->name, "second");
  EXPECT_EQ(heard.outcomes.size(), 1U);
}

/// Fails in the ways that only a bug or lack of memory brings about.
class BrokenRules final : public Evaluator {
 public:
  enum class Fault { throws, asks_what_it_knows };
  explicit BrokenRules(Fault fault) : fault_(fault) {}
  std::variant<Decision, NeedsMore> evaluate(const Policy*, const Transaction&,
                                             const Facts&) const override {
    if (fault_ == Fault::throws) throw std::bad_alloc();
    return NeedsMore{{first}};
  }
  std::vector<Question> questions_ahead(const Policy*, const Transaction&, const Facts&,
                                        CheckMemo&) const override {
    return {};
  }

 private:
  Fault fault_;
};

/// Knows some answers without being asked.
class KnowingSource final : public FactSource {
 public:
  std::optional<Answer> known(const Question& question) override {
    const auto found = answers.find(question);
    if (found == answers.end()) return {};
    return found->second;
  }
  void ask(const Question& question, std::function<void(Answer)> done) override {
    asked.push_back(question);
    done(no);
  }

  std::map<Question, Answer> answers;
  std::vector<Question> asked;
};

TEST_F(DriverTest, WhatTheSourceKnowsIsDecidedAtOnceWithoutAsking) {
  const ScriptedRules rules({{first}, {second}, {third, RuleMode::shadow}});
  KnowingSource knowing;
  knowing.answers = {{first, no}, {second, no}, {third, yes}};
  Driver driver(knowing, clock, rules);
  Transaction transaction;
  Facts facts;
  const auto outcome = driver.decide_at_once(nullptr, transaction, facts);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->decision.verdict, Verdict::pass);
  EXPECT_EQ(outcome->facts.all().size(), 3U) << "shadow rules have their answers too";
  EXPECT_THAT(knowing.asked, IsEmpty());
}

TEST_F(DriverTest, OnlyWhatTheSourceDoesNotKnowIsAskedFor) {
  const ScriptedRules rules({{first}, {second}});
  KnowingSource knowing;
  knowing.answers = {{first, no}};
  Driver driver(knowing, clock, rules);
  const auto decision = driver.decide_and_wait(nullptr, {}, {}, 8s, [](const Outcome& outcome) {
    EXPECT_EQ(outcome.facts.all().size(), 2U);
  });
  EXPECT_EQ(decision.verdict, Verdict::pass);
  EXPECT_THAT(knowing.asked, ElementsAre(second));
}

TEST_F(DriverTest, ACostlyQuestionIsNeverAnsweredFromWhatIsKnown) {
  const ScriptedRules rules({{costly}});
  KnowingSource knowing;
  knowing.answers = {{costly, yes}};
  Driver driver(knowing, clock, rules);
  Transaction transaction;
  Facts facts;
  EXPECT_FALSE(driver.decide_at_once(nullptr, transaction, facts));
  EXPECT_TRUE(facts.empty());
}

TEST_F(DriverTest, RulesThatAskForWhatIsKnownAlreadyDoNotHangAtOnceEither) {
  const BrokenRules rules(BrokenRules::Fault::asks_what_it_knows);
  KnowingSource knowing;
  knowing.answers = {{first, yes}};
  Driver driver(knowing, clock, rules);
  EXPECT_TRUE(could_not_decide(driver.decide_and_wait(nullptr, {}, {}, 8s, [](const Outcome&) {})));
}

TEST_F(DriverTest, EveryOrderOfArrivalGivesTheSameDecision) {
  std::vector<Question> order{first, second, third};
  std::sort(order.begin(), order.end());
  do {
    FakeSource fresh;
    Heard told;
    const ScriptedRules rules({{first}, {second}, {third}});
    Driver driver(fresh, clock, rules);
    driver.decide(nullptr, {}, {}, 8s, told.on_reply(), told.on_close());
    for (const auto& next : order) fresh.answer(next, next == first ? no : yes);
    ASSERT_EQ(told.replies.size(), 1U);
    EXPECT_EQ(told.replies[0].rule->name, "second");
    ASSERT_EQ(told.outcomes.size(), 1U);
    EXPECT_EQ(told.outcomes[0].decision, told.replies[0]);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(DriverTest, ASecondAnswerAndALateOneChangeNothing) {
  const ScriptedRules rules({{first}, {second}});
  Driver driver(source, clock, rules);
  decide(driver);
  source.answer(first, no);
  source.answer(first, yes);
  EXPECT_THAT(heard.replies, IsEmpty());
  source.answer(second, yes);
  source.answer(second, no);
  source.answer(first, yes);
  ASSERT_EQ(heard.replies.size(), 1U);
  EXPECT_EQ(heard.replies[0].rule->name, "second");
  EXPECT_EQ(heard.outcomes.size(), 1U);
}

TEST_F(DriverTest, AtTheDeadlineOpenQuestionsBecomeUnavailableAndAreRecordedSo) {
  const ScriptedRules rules({{first}, {second}, {costly}});
  Driver driver(source, clock, rules);
  decide(driver, 8s);
  source.answer(second, no);
  clock.advance(7999ms);
  driver.tick();
  EXPECT_THAT(heard.replies, IsEmpty());
  clock.advance(1ms);
  driver.tick();
  ASSERT_EQ(heard.outcomes.size(), 1U);
  const auto& facts = heard.outcomes[0].facts;
  ASSERT_NE(facts.find(first), nullptr);
  EXPECT_EQ(facts.find(first)->state, Answer::State::unavailable);
  EXPECT_EQ(facts.find(first)->cause, "deadline");
  ASSERT_NE(facts.find(costly), nullptr);
  EXPECT_EQ(facts.find(costly)->cause, "deadline");
  EXPECT_EQ(facts.find(second)->state, Answer::State::empty);
  EXPECT_THAT(source.asked(), testing::Not(testing::Contains(costly)));
  EXPECT_EQ(heard.outcomes[0].elapsed, 8s);
  source.answer(first, yes);
  EXPECT_EQ(heard.replies.size(), 1U);
}

TEST_F(DriverTest, TellsWhereTheTimeWent) {
  using std::chrono::microseconds;
  const SlowRules rules(clock, {{first, RuleMode::shadow}, {second}});
  Driver driver(source, clock, rules);
  decide(driver);
  clock.advance(microseconds(200));
  source.answer(second, yes);
  ASSERT_EQ(heard.replies.size(), 1U);
  clock.advance(microseconds(90));
  source.answer(first, no);
  ASSERT_EQ(heard.outcomes.size(), 1U);
  const auto& outcome = heard.outcomes[0];
  EXPECT_EQ(outcome.elapsed, microseconds(210));
  ASSERT_TRUE(outcome.spent);
  EXPECT_EQ(outcome.spent->rules, microseconds(10));
  EXPECT_EQ(outcome.spent->waiting, microseconds(200));
  // With the rules once more, in shadow.
  EXPECT_EQ(outcome.spent->afterwards, microseconds(95));
}

TEST_F(DriverTest, WhereNothingIsAskedAllTheTimeWentIntoTheRules) {
  const SlowRules rules(clock, {});
  const Driver driver(source, clock, rules);
  Transaction transaction;
  Facts facts;
  const auto outcome = driver.decide_at_once(nullptr, transaction, facts);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->elapsed, std::chrono::microseconds(5));
  EXPECT_FALSE(outcome->spent);
}

TEST_F(DriverTest, TheRecordedFactsGiveTheSameDecisionAgain) {
  const ScriptedRules rules({{first}, {second, RuleMode::shadow}, {third}});
  Driver driver(source, clock, rules);
  decide(driver);
  source.answer(third, yes);
  clock.advance(8s);
  driver.tick();
  ASSERT_EQ(heard.outcomes.size(), 1U);
  postern::Run replay(nullptr, heard.outcomes[0].transaction, heard.outcomes[0].facts, rules);
  EXPECT_THAT(replay.start(), IsEmpty());
  ASSERT_TRUE(replay.closed());
  EXPECT_EQ(replay.decision(), heard.outcomes[0].decision);
}

TEST_F(DriverTest, ShadowRulesNeverDelayTheReplyAndAreInTheRecord) {
  const ScriptedRules rules({{first, RuleMode::shadow}, {second}, {third, RuleMode::shadow}});
  Driver driver(source, clock, rules);
  decide(driver);
  source.answer(second, yes);
  ASSERT_EQ(heard.replies.size(), 1U);
  EXPECT_THAT(heard.outcomes, IsEmpty());
  source.answer(first, yes);
  ASSERT_EQ(heard.outcomes.size(), 1U);
  const auto& trail = heard.outcomes[0].decision.trail;
  ASSERT_EQ(trail.size(), 3U);
  EXPECT_EQ(trail[0].truth, Truth::yes);
  EXPECT_EQ(trail[2].note, TrailNote::not_reached);
  EXPECT_EQ(heard.replies.size(), 1U);
}

TEST_F(DriverTest, ShadowRulesWaitUntilTheDeadlineOnly) {
  const ScriptedRules rules({{first, RuleMode::shadow}});
  Driver driver(source, clock, rules);
  decide(driver);
  EXPECT_EQ(heard.replies.size(), 1U);
  EXPECT_THAT(heard.outcomes, IsEmpty());
  clock.advance(8s);
  driver.tick();
  ASSERT_EQ(heard.outcomes.size(), 1U);
  EXPECT_EQ(heard.outcomes[0].decision.trail[0].truth, Truth::unavailable);
}

TEST_F(DriverTest, ADeadlineOfZeroWaitsForNothing) {
  const ScriptedRules rules({{first}});
  Driver driver(source, clock, rules);
  decide(driver, 0ms);
  EXPECT_EQ(heard.outcomes.size(), 1U);
  EXPECT_THAT(source.asked(), IsEmpty());
}

TEST_F(DriverTest, ASourceThatThrowsIsAnUnavailableAnswer) {
  const ScriptedRules rules({{first}, {second}});
  source.fail_at(first);
  source.answer_at_once(second, yes);
  Driver driver(source, clock, rules);
  decide(driver);
  ASSERT_EQ(heard.outcomes.size(), 1U);
  EXPECT_EQ(heard.outcomes[0].facts.find(first)->state, Answer::State::unavailable);
  EXPECT_EQ(heard.replies[0].rule->name, "second");
}

TEST_F(DriverTest, DestructionClosesWhatIsOpenAndLaterAnswersAreHarmless) {
  const ScriptedRules rules({{first}});
  {
    Driver driver(source, clock, rules);
    decide(driver);
  }
  EXPECT_EQ(heard.replies.size(), 1U);
  ASSERT_EQ(heard.outcomes.size(), 1U);
  EXPECT_EQ(heard.outcomes[0].facts.find(first)->cause, "deadline");
  source.answer(first, yes);
  EXPECT_EQ(heard.outcomes.size(), 1U);
}

TEST_F(DriverTest, TheTimerExpiresByTheSystemClockWithoutHelp) {
  const SystemClock real;
  const ScriptedRules rules({{first}});
  Driver driver(source, real, rules);
  decide(driver, 1ms);
  heard.wait_until_closed();
  EXPECT_EQ(heard.outcomes[0].facts.find(first)->cause, "deadline");
}

TEST_F(DriverTest, DecideAndWaitReturnsOnAnAnswerFromAnotherThread) {
  const ScriptedRules rules({{first}, {second, RuleMode::shadow}});
  Driver driver(source, clock, rules);
  std::thread answering([this] {
    source.wait_until_asked(2);
    source.answer(first, no);
  });
  const auto decision = driver.decide_and_wait(nullptr, {}, {}, 8s, heard.on_close());
  answering.join();
  EXPECT_EQ(decision.verdict, Verdict::pass);
  EXPECT_THAT(heard.outcomes, IsEmpty());
  source.answer(second, no);
  EXPECT_EQ(heard.outcomes.size(), 1U);
}

TEST_F(DriverTest, AnswersOfManyThreadsGiveOneReplyAndOneClosingEach) {
  constexpr int decisions = 200;
  const ScriptedRules rules({{first, RuleMode::shadow}, {second}, {third}});
  std::vector<std::unique_ptr<FakeSource>> sources;
  std::vector<std::unique_ptr<Heard>> heards;
  for (int i = 0; i < decisions; ++i) {
    sources.push_back(std::make_unique<FakeSource>());
    heards.push_back(std::make_unique<Heard>());
  }
  for (std::size_t i = 0; i < decisions; ++i) {
    Driver driver(*sources[i], clock, rules);
    driver.decide(nullptr, {}, {}, 8s, heards[i]->on_reply(), heards[i]->on_close());
    std::vector<std::thread> threads;
    for (const auto& next : {first, second, third}) {
      threads.emplace_back([&, next] { sources[i]->answer(next, next == third ? yes : no); });
    }
    threads.emplace_back([&] {
      clock.advance(8s);
      driver.tick();
    });
    for (auto& thread : threads) thread.join();
  }
  for (const auto& told : heards) {
    EXPECT_EQ(told->replies.size(), 1U);
    EXPECT_EQ(told->outcomes.size(), 1U);
    EXPECT_FALSE(told->closed_before_reply);
  }
}

TEST_F(DriverTest, ManyThreadsDecideAtOnce) {
  const ScriptedRules rules({{first}});
  source.answer_at_once(first, yes);
  Driver driver(source, clock, rules);
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) {
        const auto decision = driver.decide_and_wait(nullptr, {}, {}, 8s, nullptr);
        if (decision.verdict == Verdict::reject) ++refused;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(refused, 800);
}

TEST_F(DriverTest, AFailingEvaluationIsSaidToBeOne) {
  const BrokenRules rules(BrokenRules::Fault::throws);
  Driver driver(source, clock, rules);
  decide(driver);
  ASSERT_EQ(heard.replies.size(), 1U);
  EXPECT_TRUE(could_not_decide(heard.replies[0]));
  EXPECT_EQ(heard.outcomes.size(), 1U);
}

TEST_F(DriverTest, AnEvaluationThatAsksForWhatItKnowsDoesNotHang) {
  const BrokenRules rules(BrokenRules::Fault::asks_what_it_knows);
  source.answer_at_once(first, yes);
  Driver driver(source, clock, rules);
  decide(driver);
  ASSERT_EQ(heard.replies.size(), 1U);
  EXPECT_TRUE(could_not_decide(heard.replies[0]));
}

TEST(RunTest, QuestionsAnsweredBeforehandAreNotAsked) {
  const ScriptedRules rules({{first}, {second}});
  Facts facts;
  facts.add(first, no);
  postern::Run run(nullptr, {}, std::move(facts), rules);
  EXPECT_THAT(run.start(), ElementsAre(second));
  EXPECT_THAT(run.answer(first, yes), IsEmpty());
  EXPECT_FALSE(run.decided());
  EXPECT_THAT(run.answer(second, no), IsEmpty());
  ASSERT_TRUE(run.closed());
  EXPECT_EQ(run.decision().verdict, Verdict::pass);
}

TEST(RunTest, ExpiringTwiceIsExpiringOnce) {
  const ScriptedRules rules({{first}, {costly}, {second, RuleMode::shadow}});
  postern::Run run(nullptr, {}, {}, rules);
  run.start();
  run.expire();
  ASSERT_TRUE(run.closed());
  const auto facts = run.facts().all().size();
  run.expire();
  EXPECT_EQ(run.facts().all().size(), facts);
  EXPECT_EQ(facts, 3U);
}

}  // namespace
}  // namespace postern
