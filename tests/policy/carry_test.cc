// What a decision does besides its verdict, at the policy door: one action an answer, each once.

#include "policy/responder.h"
#include "rules/settings.h"
#include "tests/policy/door_fixture.h"

#include <gmock/gmock.h>

namespace postern::policy_door::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CarryTest : public DoorTest {
 protected:
  explicit CarryTest(const std::string& lines = "") : DoorTest(lines) {
    rules.effects = {
        header("X-A", "a"), header("X-B", "b"), {EffectKind::tag, "marks", "", "word", {}}};
  }

  static Effect header(std::string name, std::string value) {
    return {EffectKind::add_header, "marks", std::move(name), std::move(value), {}};
  }

  std::string ask(std::string_view state, const std::string& local, Attributes changes = {}) {
    changes.emplace_back("recipient", local + "@test.example");
    Decoder decoder;
    decoder.feed(policy_request(state, changes));
    std::string answer;
    test::ask(responder, *decoder.next(),
              [&answer](std::optional<std::string> octets) { answer = octets.value_or("closed"); });
    answer = answer.substr(0, answer.find('\n'));
    // The reference is another at each question.
    return answer.substr(
        0, answer.find(" (ref ") == std::string::npos ? answer.size() : answer.find(" (ref ") + 5);
  }

  std::vector<std::string> last_fates() const {
    std::vector<std::string> all;
    const auto record = journal.records().back();
    for (const auto& fate : record.sent->effects) {
      all.emplace_back(to_text(fate.state));
    }
    return all;
  }

  Responder responder{services()};
};

TEST_F(CarryTest, EachAnswerCarriesOneThingAndEachThingGoesOnce) {
  EXPECT_EQ(ask("RCPT", "bob"), "action=PREPEND X-A: a");
  EXPECT_THAT(last_fates(), ElementsAre("done", "waiting", "done"));
  EXPECT_EQ(ask("RCPT", "eve"), "action=PREPEND X-B: b");
  EXPECT_THAT(last_fates(), ElementsAre("earlier", "done", "done"));
  EXPECT_EQ(ask("DATA", ""), "action=DUNNO");
  EXPECT_THAT(last_fates(), ElementsAre("earlier", "earlier", "done"));
}

TEST_F(CarryTest, TheSameRequestAgainPrependsNothingTwice) {
  EXPECT_EQ(ask("RCPT", "bob"), "action=PREPEND X-A: a");
  EXPECT_EQ(ask("RCPT", "bob"), "action=PREPEND X-B: b");
  EXPECT_EQ(ask("RCPT", "bob"), "action=DUNNO");
  const auto records = journal.records();
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_EQ(records[1].kind, RecordKind::repeat);
  EXPECT_EQ(records[1].sent->answer, "action=PREPEND X-B: b");
}

TEST_F(CarryTest, AnotherMessageBeginsAnew) {
  EXPECT_EQ(ask("RCPT", "bob", {{"instance", "1.2.3.0"}}), "action=PREPEND X-A: a");
  EXPECT_EQ(ask("RCPT", "bob", {{"instance", "1.2.3.1"}}), "action=PREPEND X-A: a");
}

TEST_F(CarryTest, NothingIsPrependedAtTheEndOfTheMessage) {
  EXPECT_EQ(ask("END-OF-MESSAGE", ""), "action=DUNNO");
  EXPECT_THAT(last_fates(), ElementsAre("failed", "failed", "done"));
}

TEST_F(CarryTest, BeforeRcptEverythingWaits) {
  rules.effects.push_back({EffectKind::redirect, "marks", "", "x@example.org", {}});
  EXPECT_EQ(ask("MAIL", "", {{"instance", ""}}), "action=DUNNO");
  EXPECT_EQ(ask("MAIL", "", {{"helo_name", "quarantine.example"}, {"instance", ""}}),
            "action=DUNNO");
  EXPECT_EQ(ask("MAIL", "", {{"helo_name", "discard.example"}, {"instance", ""}}), "action=DUNNO");
}

TEST_F(CarryTest, WithoutAnInstanceNothingCanBeDoneOnce) {
  EXPECT_EQ(ask("RCPT", "bob", {{"instance", ""}}), "action=DUNNO");
  EXPECT_THAT(last_fates(), ElementsAre("failed", "failed", "done"));
}

TEST_F(CarryTest, AHoldGoesFirstAndIsSaidAgain) {
  EXPECT_EQ(ask("RCPT", "quarantine"), "action=HOLD odd (ref");
  EXPECT_EQ(ask("RCPT", "quarantine"), "action=HOLD odd (ref");
  rules.effects.clear();
  EXPECT_EQ(ask("RCPT", "quarantine", {{"instance", ""}}), "action=HOLD odd (ref");
}

TEST_F(CarryTest, ADiscardIsAllThatIsSaid) {
  EXPECT_EQ(ask("RCPT", "discard"), "action=DISCARD odd (ref");
  EXPECT_EQ(ask("END-OF-MESSAGE", "discard"), "action=DISCARD odd (ref");
  EXPECT_THAT(journal.records().back().sent->effects, SizeIs(3));
}

TEST_F(CarryTest, WhatWouldBeMissedMostGoesFirst) {
  rules.effects = {header("X-A", "a"),
                   {EffectKind::warn, "marks", "", "odd mail", {}},
                   {EffectKind::remove_header, "marks", "X-C", "", {}},
                   {EffectKind::bcc, "marks", "", "copy@example.org", {}},
                   {EffectKind::redirect, "marks", "", "new@example.org", {}}};
  EXPECT_EQ(ask("RCPT", "a"), "action=REDIRECT new@example.org");
  EXPECT_THAT(last_fates(), ElementsAre("waiting", "done", "failed", "waiting", "done"));
  EXPECT_EQ(ask("RCPT", "b"), "action=BCC copy@example.org");
  EXPECT_EQ(ask("RCPT", "c"), "action=PREPEND X-A: a");
  EXPECT_EQ(ask("RCPT", "d"), "action=WARN odd mail");
  EXPECT_EQ(ask("RCPT", "e"), "action=DUNNO");
}

TEST_F(CarryTest, ARefusalCarriesNothing) {
  rules.effects = {{EffectKind::tag, "marks", "", "word", {}}};
  EXPECT_THAT(ask("RCPT", "policy-reject"), HasSubstr("action=550 5.7.1 "));
  EXPECT_THAT(last_fates(), ElementsAre("done"));
}

TEST_F(CarryTest, AnAnswerBringsItsDelayAndItsPlaceAmongThoseDelayed) {
  using std::chrono_literals::operator""ms;
  rules.effects = {{EffectKind::delay, "slow", "", "", 300ms},
                   {EffectKind::delay, "slow", "", "", 200ms}};
  const auto answer_about = [&](const std::string& local) {
    Decoder decoder;
    decoder.feed(policy_request("RCPT", {{"recipient", local + "@test.example"}}));
    auto answer = responder.respond(*decoder.next(), [] { return Responder::Done(); });
    return answer.value();
  };
  const auto first = answer_about("bob");
  EXPECT_EQ(first.delay, 500ms);
  EXPECT_THAT(last_fates(), ElementsAre("done", "done"));
  EXPECT_EQ(answer_about("bob").delay, 0ms) << "asked again";

  std::vector<Responder::Answer> many;
  for (unsigned i = 1; i < LimitSettings().delayed_answers; ++i) {
    many.push_back(answer_about("r" + std::to_string(i)));
    EXPECT_EQ(many.back().delay, 500ms);
  }
  EXPECT_EQ(answer_about("eve").delay, 0ms);
  EXPECT_THAT(last_fates(), ElementsAre("failed", "failed"));
  EXPECT_EQ(policy_counters.undelayed, 1U);
  many.clear();
  EXPECT_EQ(answer_about("joe").delay, 500ms);
}

TEST_F(CarryTest, AnAcceptIsNoOkUnlessAskedFor) {
  rules.effects.clear();
  EXPECT_EQ(ask("RCPT", "settle"), "action=DUNNO");
}

class OkTest : public CarryTest {
 protected:
  OkTest() : CarryTest("[listen]\naccept_answer = \"OK\"\n") {}
};

TEST_F(OkTest, SaysOkForAnAcceptAndForNothingElse) {
  rules.effects.clear();
  EXPECT_EQ(ask("RCPT", "settle"), "action=OK");
  EXPECT_EQ(ask("RCPT", "settle"), "action=OK");
  EXPECT_EQ(journal.records().front().sent->answer, "action=OK");
  EXPECT_EQ(ask("RCPT", "bob"), "action=DUNNO");
  EXPECT_EQ(ask("RCPT", "quarantine"), "action=HOLD odd (ref");
}

TEST_F(OkTest, SomethingToBeDoneGoesBeforeTheOk) {
  EXPECT_EQ(ask("RCPT", "settle"), "action=PREPEND X-A: a");
}

TEST_F(CarryTest, AHeaderThatAnEarlierAnswerCarriedWasCalledFailedAtTheEnd) {
  EXPECT_EQ(ask("RCPT", "bob"), "action=PREPEND X-A: a");
  EXPECT_EQ(ask("END-OF-MESSAGE", ""), "action=DUNNO");
  EXPECT_THAT(last_fates(), ElementsAre("earlier", "failed", "done"));
  EXPECT_EQ(ask("RCPT", "eve"), "action=PREPEND X-B: b") << "it did not count as done there";
  EXPECT_EQ(ask("END-OF-MESSAGE", "x"), "action=DUNNO");
  EXPECT_THAT(last_fates(), ElementsAre("earlier", "earlier", "done"));
}

TEST_F(CarryTest, WhatCannotBeCarriedTakesNothingsPlaceAtTheEnd) {
  rules.effects = {header("X-A", "a"), {EffectKind::bcc, "marks", "", "copy@example.org", {}}};
  EXPECT_EQ(ask("END-OF-MESSAGE", ""), "action=BCC copy@example.org");
  EXPECT_THAT(last_fates(), ElementsAre("failed", "done"));
}

}  // namespace
}  // namespace postern::policy_door::test
