#include "policy/memory.h"

#include "support/fake_clock.h"

#include <gtest/gtest.h>

#include <thread>

namespace postern::policy_door {
namespace {

using std::chrono_literals::operator""s;
using Recorded = Given::Recorded;
using Join = Memory::Recalled::Join;

std::shared_ptr<const Given> given(Verdict verdict, Recorded recorded = Recorded::no) {
  auto result = std::make_shared<Given>();
  result->decision.verdict = verdict;
  result->recorded = recorded;
  return result;
}

AcceptedRecipient recipient(const char* address) {
  return {MailAddress::from_envelope(address), false, ""};
}

class MemoryTest : public testing::Test {
 protected:
  test::FakeClock clock;
};

TEST_F(MemoryTest, GivesBackTheAnswerToTheSameQuestionOfTheSameMessageOnly) {
  Memory memory(clock);
  EXPECT_EQ(memory.recall({"m1", "q1"}, "", nullptr).given, nullptr);
  memory.keep({"m1", "q1"}, "", given(Verdict::reject), nullptr);
  ASSERT_NE(memory.recall({"m1", "q1"}, "", nullptr).given, nullptr);
  EXPECT_EQ(memory.recall({"m1", "q1"}, "", nullptr).given->decision.verdict, Verdict::reject);
  EXPECT_EQ(memory.recall({"m1", "q2"}, "", nullptr).given, nullptr);
  EXPECT_EQ(memory.recall({"m2", "q1"}, "", nullptr).given, nullptr);
}

TEST_F(MemoryTest, KeepsNothingWithoutAnInstance) {
  Memory memory(clock);
  memory.recall({"", "q1"}, "", nullptr);
  memory.keep({"", "q1"}, "", given(Verdict::reject), nullptr);
  EXPECT_EQ(memory.recall({"", "q1"}, "", nullptr).given, nullptr);
  EXPECT_EQ(memory.size(), 0U);
}

TEST_F(MemoryTest, TheFirstAnswerStays) {
  Memory memory(clock);
  memory.recall({"m", "q"}, "", nullptr);
  memory.keep({"m", "q"}, "", given(Verdict::reject), nullptr);
  memory.keep({"m", "q"}, "", given(Verdict::pass), nullptr);
  EXPECT_EQ(memory.recall({"m", "q"}, "", nullptr).given->decision.verdict, Verdict::reject);
}

TEST_F(MemoryTest, CollectsTheRecipientsThatWereNotRefused) {
  Memory memory(clock);
  memory.recall({"m", "q"}, "", nullptr);
  const auto b = recipient("b@c");
  const auto d = recipient("d@e");
  memory.keep({"m", "q1"}, "", given(Verdict::pass), &b);
  memory.keep({"m", "q2"}, "", given(Verdict::reject), nullptr);
  memory.keep({"m", "q3"}, "", given(Verdict::accept), &d);
  memory.keep({"m", "q3"}, "", given(Verdict::accept), &d);
  EXPECT_EQ(memory.recall({"m", "q4"}, "", nullptr).recipients,
            (std::vector<AcceptedRecipient>{b, d}));
}

TEST_F(MemoryTest, ForgetsTheOldestWhenThereAreTooManyMessages) {
  Memory memory(clock, {2, 100, 3600s});
  for (const auto* message : {"m1", "m2"}) {
    memory.recall({message, "q"}, "", nullptr);
    memory.keep({message, "q"}, "", given(Verdict::reject), nullptr);
  }
  EXPECT_NE(memory.recall({"m1", "q"}, "", nullptr).given, nullptr);  // m2 is the oldest now
  memory.recall({"m3", "q"}, "", nullptr);
  EXPECT_EQ(memory.size(), 2U);
  EXPECT_NE(memory.recall({"m1", "q"}, "", nullptr).given, nullptr);
  EXPECT_EQ(memory.recall({"m2", "q"}, "", nullptr).given, nullptr);
}

TEST_F(MemoryTest, ForgetsTheOldestWhenThereAreTooManyAnswers) {
  Memory memory(clock, {100, 3, 3600s});
  memory.recall({"m1", "q"}, "", nullptr);
  memory.keep({"m1", "q"}, "", given(Verdict::reject), nullptr);
  memory.recall({"m2", "q"}, "", nullptr);
  for (const auto* question : {"q1", "q2", "q3", "q4", "q5"}) {
    memory.keep({"m2", question}, "", given(Verdict::reject), nullptr);
  }
  EXPECT_EQ(memory.size(), 1U);
  EXPECT_NE(memory.recall({"m2", "q3"}, "", nullptr).given, nullptr);
  EXPECT_EQ(memory.recall({"m2", "q4"}, "", nullptr).given, nullptr);
}

TEST_F(MemoryTest, ForgetsAnHourAfterTheLastUse) {
  Memory memory(clock);
  memory.recall({"m", "q"}, "", nullptr);
  memory.keep({"m", "q"}, "", given(Verdict::reject), nullptr);
  clock.advance(3599s);
  EXPECT_NE(memory.recall({"m", "q"}, "", nullptr).given, nullptr);
  clock.advance(3599s);
  EXPECT_NE(memory.recall({"m", "q"}, "", nullptr).given, nullptr);
  clock.advance(3600s);
  EXPECT_EQ(memory.recall({"m", "q"}, "", nullptr).given, nullptr);
}

TEST_F(MemoryTest, AsksForOneJoinWhenTheQueueIdAppearsAfterARecord) {
  Memory memory(clock);
  memory.recall({"m", "q1"}, "", nullptr);
  memory.keep({"m", "q1"}, "", given(Verdict::reject, Recorded::yes), nullptr);
  EXPECT_EQ(memory.recall({"m", "q2"}, "", nullptr).join, Join::no);
  EXPECT_EQ(memory.recall({"m", "q3"}, "4F1", nullptr).join, Join::yes);
  EXPECT_EQ(memory.recall({"m", "q4"}, "4F1", nullptr).join, Join::no);
}

TEST_F(MemoryTest, NeedsNoJoinWithoutARecordOrWhenTheRecordHasTheQueueId) {
  Memory memory(clock);
  memory.recall({"m", "q1"}, "", nullptr);
  memory.keep({"m", "q1"}, "", given(Verdict::pass), nullptr);
  memory.keep({"m", "q2"}, "4F1", given(Verdict::reject, Recorded::yes), nullptr);
  EXPECT_EQ(memory.recall({"m", "q3"}, "4F1", nullptr).join, Join::no);
}

TEST_F(MemoryTest, ServesManyThreads) {
  Memory memory(clock, {50, 200, 3600s});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&memory, t] {
      for (int i = 0; i < 2000; ++i) {
        const Memory::Key key{"m" + std::to_string((i * 7 + t) % 120), std::to_string(i % 9)};
        const auto recalled = memory.recall(key, "", nullptr);
        const auto someone = recipient("b@c");
        if (!recalled.given) memory.keep(key, "", given(Verdict::pass), &someone);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(memory.size(), 50U);
  EXPECT_GE(memory.size(), 1U);
}

}  // namespace
}  // namespace postern::policy_door
