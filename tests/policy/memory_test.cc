#include "policy/memory.h"

#include "support/fake_clock.h"

#include <gtest/gtest.h>

#include <thread>

namespace postern::policy_door {
namespace {

using std::chrono_literals::operator""s;
using Recorded = Given::Recorded;
using Join = Memory::Recalled::Join;

Given given(Verdict verdict, Recorded recorded = Recorded::no) {
  Given result;
  auto decision = std::make_shared<Decision>();
  decision->verdict = verdict;
  if (verdict == Verdict::accept) {
    decision->scope = AcceptScope::message;
    decision->rule = RulePlace{"welcome", "postern.toml", 1, Stage::rcpt};
  }
  if (verdict != Verdict::pass) result.decision = decision;
  result.recorded = recorded;
  return result;
}

/// A question at RCPT about a recipient of that name.
Memory::Key key(std::string_view message, std::string_view recipient,
                PolicyContext context = PolicyContext::recipient) {
  Request request;
  request.set_first(Attribute::instance, message);
  request.set_first(Attribute::protocol_state, "RCPT");
  request.set_first(Attribute::recipient, recipient);
  return {request, context};
}

class MemoryTest : public testing::Test {
 protected:
  test::FakeClock clock;
};

TEST_F(MemoryTest, GivesBackTheAnswerToTheSameQuestionOfTheSameMessageOnly) {
  Memory memory(clock);
  EXPECT_FALSE(memory.recall(key("m1", "q1"), "", nullptr).given);
  memory.keep(key("m1", "q1"), "", given(Verdict::reject));
  ASSERT_TRUE(memory.recall(key("m1", "q1"), "", nullptr).given);
  EXPECT_EQ(memory.recall(key("m1", "q1"), "", nullptr).given->decision->verdict, Verdict::reject);
  EXPECT_FALSE(memory.recall(key("m1", "q2"), "", nullptr).given);
  EXPECT_FALSE(memory.recall(key("m2", "q1"), "", nullptr).given);
}

TEST_F(MemoryTest, KeepsNothingWithoutAnInstance) {
  Memory memory(clock);
  memory.recall(key("", "q1"), "", nullptr);
  memory.keep(key("", "q1"), "", given(Verdict::reject));
  EXPECT_FALSE(memory.recall(key("", "q1"), "", nullptr).given);
  EXPECT_EQ(memory.size(), 0U);
}

TEST_F(MemoryTest, TheFirstAnswerStays) {
  Memory memory(clock);
  memory.recall(key("m", "q"), "", nullptr);
  memory.keep(key("m", "q"), "", given(Verdict::reject));
  memory.keep(key("m", "q"), "", given(Verdict::pass));
  EXPECT_EQ(memory.recall(key("m", "q"), "", nullptr).given->decision->verdict, Verdict::reject);
}

TEST_F(MemoryTest, CollectsTheRecipientsThatWereNotRefused) {
  Memory memory(clock);
  memory.recall(key("m", "b@c"), "", nullptr);
  memory.keep(key("m", "b@c"), "", given(Verdict::pass));
  memory.keep(key("m", "no@c"), "", given(Verdict::reject));
  memory.keep(key("m", "d@e"), "", given(Verdict::accept));
  memory.keep(key("m", "d@e"), "", given(Verdict::accept));
  const AcceptedRecipient passed{MailAddress::from_envelope("b@c"), false, "", {}};
  const AcceptedRecipient settled{MailAddress::from_envelope("d@e"), true, "welcome", {}};
  EXPECT_EQ(memory.recipients(key("m", "")), (std::vector<AcceptedRecipient>{passed, settled}));
  EXPECT_TRUE(memory.recipients(key("another", "")).empty());
}

TEST_F(MemoryTest, ARecipientNamedTwiceUsedToBeKnownOnce) {
  Memory memory(clock);
  const auto ask = [&memory](const char* recipient, PolicyContext context) {
    const auto asked = key("m", recipient, context);
    if (!memory.recall(asked, "", nullptr).given) memory.keep(asked, "", given(Verdict::pass));
  };
  for (const auto context : {PolicyContext::client, PolicyContext::recipient}) ask("b@c", context);
  EXPECT_EQ(memory.recipients(key("m", "")).size(), 1U) << "asked once by each of two lists";
  for (const auto context : {PolicyContext::client, PolicyContext::recipient}) ask("b@c", context);
  EXPECT_EQ(memory.recipients(key("m", "")).size(), 2U);
}

TEST_F(MemoryTest, KeepsWhatAMissingFactHeldBack) {
  Memory memory(clock);
  auto passed = given(Verdict::pass);
  auto decision = std::make_shared<Decision>();
  decision->held_back = HeldBack{"friends", HeldBack::Would::accept, QuestionKind::dns};
  passed.decision = decision;
  memory.recall(key("m", "b@c"), "", nullptr);
  memory.keep(key("m", "b@c"), "", std::move(passed));
  const auto recipients = memory.recipients(key("m", ""));
  ASSERT_EQ(recipients.size(), 1U);
  EXPECT_EQ(recipients[0].held_back, decision->held_back);
  EXPECT_FALSE(recipients[0].settled);
}

TEST_F(MemoryTest, AQuestionBeforeRcptIsAboutNoRecipient) {
  Memory memory(clock);
  Request request;
  request.set_first(Attribute::instance, "m");
  request.set_first(Attribute::protocol_state, "MAIL");
  request.set_first(Attribute::recipient, "b@c");
  const Memory::Key at_mail(request, PolicyContext::sender);
  memory.recall(at_mail, "", nullptr);
  memory.keep(at_mail, "", given(Verdict::pass));
  EXPECT_TRUE(memory.recall(at_mail, "", nullptr).given);
  EXPECT_TRUE(memory.recipients(at_mail).empty());
}

TEST_F(MemoryTest, ForgetsTheOldestWhenThereAreTooManyMessages) {
  Memory memory(clock, {2, 1 << 20, 3600s});
  for (const auto* message : {"m1", "m2"}) {
    memory.recall(key(message, "q"), "", nullptr);
    memory.keep(key(message, "q"), "", given(Verdict::reject));
  }
  EXPECT_TRUE(memory.recall(key("m1", "q"), "", nullptr).given);  // m2 is the oldest now
  memory.recall(key("m3", "q"), "", nullptr);
  EXPECT_EQ(memory.size(), 2U);
  EXPECT_TRUE(memory.recall(key("m1", "q"), "", nullptr).given);
  EXPECT_FALSE(memory.recall(key("m2", "q"), "", nullptr).given);
}

TEST_F(MemoryTest, ForgetsTheOldestWhenTheAnswersTakeTooMuchMemory) {
  constexpr std::size_t limit = 8'000;
  Memory memory(clock, {100, limit, 3600s});
  const std::string long_name(1'000, 'x');
  memory.recall(key("m1", "q"), "", nullptr);
  memory.keep(key("m1", "q"), "", given(Verdict::reject));
  memory.recall(key("m2", "q"), "", nullptr);
  for (int i = 0; i < 20; ++i) {
    memory.keep(key("m2", std::to_string(i) + long_name), "", given(Verdict::pass));
    EXPECT_LE(memory.octets(), limit);
  }
  EXPECT_GT(memory.octets(), limit / 2);
  EXPECT_EQ(memory.size(), 1U);
  EXPECT_TRUE(memory.recall(key("m2", "0" + long_name), "", nullptr).given);
  EXPECT_FALSE(memory.recall(key("m2", "19" + long_name), "", nullptr).given);
}

TEST_F(MemoryTest, WhatIsForgottenGivesItsRoomBack) {
  Memory memory(clock, {2, 1 << 20, 60s});
  for (const auto* message : {"m1", "m2", "m3", "m4"}) {
    memory.recall(key(message, "q"), "", nullptr);
    memory.keep(key(message, "q"), "", given(Verdict::reject));
  }
  EXPECT_GT(memory.octets(), 0U);
  clock.advance(60s);
  memory.recall(key("m5", "q"), "", nullptr);
  EXPECT_EQ(memory.size(), 1U);
  EXPECT_EQ(memory.octets(), 0U);
}

TEST_F(MemoryTest, ForgetsAnHourAfterTheLastUse) {
  Memory memory(clock);
  memory.recall(key("m", "q"), "", nullptr);
  memory.keep(key("m", "q"), "", given(Verdict::reject));
  clock.advance(3599s);
  EXPECT_TRUE(memory.recall(key("m", "q"), "", nullptr).given);
  clock.advance(3599s);
  EXPECT_TRUE(memory.recall(key("m", "q"), "", nullptr).given);
  clock.advance(3600s);
  EXPECT_FALSE(memory.recall(key("m", "q"), "", nullptr).given);
}

TEST_F(MemoryTest, AsksForOneJoinWhenTheQueueIdAppearsAfterARecord) {
  Memory memory(clock);
  memory.recall(key("m", "q1"), "", nullptr);
  memory.keep(key("m", "q1"), "", given(Verdict::reject, Recorded::yes));
  EXPECT_EQ(memory.recall(key("m", "q2"), "", nullptr).join, Join::no);
  EXPECT_EQ(memory.recall(key("m", "q3"), "4F1", nullptr).join, Join::yes);
  EXPECT_EQ(memory.recall(key("m", "q4"), "4F1", nullptr).join, Join::no);
}

TEST_F(MemoryTest, NeedsNoJoinWithoutARecordOrWhenTheRecordHasTheQueueId) {
  Memory memory(clock);
  memory.recall(key("m", "q1"), "", nullptr);
  memory.keep(key("m", "q1"), "", given(Verdict::pass));
  memory.keep(key("m", "q2"), "4F1", given(Verdict::reject, Recorded::yes));
  EXPECT_EQ(memory.recall(key("m", "q3"), "4F1", nullptr).join, Join::no);
}

TEST_F(MemoryTest, ServesManyThreads) {
  Memory memory(clock, {50, 20'000, 3600s});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&memory, t] {
      for (int i = 0; i < 2000; ++i) {
        const auto asked =
            key("m" + std::to_string((i * 7 + t) % 120), std::to_string(i % 9) + "@test.example");
        const auto recalled = memory.recall(asked, "", nullptr);
        if (!recalled.given) memory.keep(asked, "", given(Verdict::pass));
        EXPECT_LE(memory.recipients(asked).size(), 9U);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(memory.size(), 50U);
  EXPECT_GE(memory.size(), 1U);
}

}  // namespace
}  // namespace postern::policy_door
