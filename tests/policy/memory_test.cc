#include "policy/memory.h"

#include "tests/policy/door_fixture.h"

#include <gtest/gtest.h>

#include <malloc.h>
#include <thread>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Of the sanitizers' runtime; g++ brings no header for it.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace postern::policy_door {
namespace {

using std::chrono_literals::operator""s;

Given given(Verdict verdict, Kept kept = Kept::nothing) {
  Given result;
  auto decision = std::make_shared<Decision>();
  decision->verdict = verdict;
  if (verdict == Verdict::accept) {
    decision->scope = AcceptScope::message;
    decision->rule = RulePlace{"welcome", "postern.toml", 1, Stage::rcpt};
  }
  if (verdict != Verdict::pass) result.decision = decision;
  result.kept = kept;
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

Memory::Recalled recall(Memory& memory, Memory::Key asked, std::string_view queue_id = "",
                        const std::shared_ptr<const Policy>& current = nullptr) {
  return memory.recall(asked, queue_id, current);
}

class MemoryTest : public testing::Test {
 protected:
  test::FakeClock clock;
};

TEST_F(MemoryTest, GivesBackTheAnswerToTheSameQuestionOfTheSameMessageOnly) {
  Memory memory(clock);
  EXPECT_FALSE(recall(memory, key("m1", "q1")).given);
  memory.keep(key("m1", "q1"), "", given(Verdict::reject));
  ASSERT_TRUE(recall(memory, key("m1", "q1")).given);
  EXPECT_EQ(recall(memory, key("m1", "q1")).given->decision->verdict, Verdict::reject);
  EXPECT_FALSE(recall(memory, key("m1", "q2")).given);
  EXPECT_FALSE(recall(memory, key("m2", "q1")).given);
}

TEST_F(MemoryTest, KeepsNothingWithoutAnInstance) {
  Memory memory(clock);
  recall(memory, key("", "q1"));
  memory.keep(key("", "q1"), "", given(Verdict::reject));
  EXPECT_FALSE(recall(memory, key("", "q1")).given);
  EXPECT_EQ(memory.size(), 0U);
}

TEST_F(MemoryTest, TheFirstAnswerStays) {
  Memory memory(clock);
  recall(memory, key("m", "q"));
  memory.keep(key("m", "q"), "", given(Verdict::reject));
  memory.keep(key("m", "q"), "", given(Verdict::pass));
  EXPECT_EQ(recall(memory, key("m", "q")).given->decision->verdict, Verdict::reject);
}

TEST_F(MemoryTest, CollectsTheRecipientsThatWereNotRefused) {
  Memory memory(clock);
  recall(memory, key("m", "b@c"));
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
    if (!recall(memory, asked).given) memory.keep(asked, "", given(Verdict::pass));
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
  recall(memory, key("m", "b@c"));
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
  recall(memory, at_mail);
  memory.keep(at_mail, "", given(Verdict::pass));
  EXPECT_TRUE(recall(memory, at_mail).given);
  EXPECT_TRUE(memory.recipients(at_mail).empty());
}

TEST_F(MemoryTest, ForgetsTheOldestWhenThereAreTooManyMessages) {
  Memory memory(clock, {2, 1 << 20, 3600s});
  for (const auto* message : {"m1", "m2"}) {
    recall(memory, key(message, "q"));
    memory.keep(key(message, "q"), "", given(Verdict::reject));
  }
  EXPECT_TRUE(recall(memory, key("m1", "q")).given);  // m2 is the oldest now
  recall(memory, key("m3", "q"));
  EXPECT_EQ(memory.size(), 2U);
  EXPECT_TRUE(recall(memory, key("m1", "q")).given);
  EXPECT_FALSE(recall(memory, key("m2", "q")).given);
}

TEST_F(MemoryTest, ForgetsTheOldestWhenTheAnswersTakeTooMuchMemory) {
  constexpr std::size_t limit = 8'000;
  Memory memory(clock, {100, limit, 3600s});
  const std::string long_name(1'000, 'x');
  recall(memory, key("m1", "q"));
  memory.keep(key("m1", "q"), "", given(Verdict::reject));
  recall(memory, key("m2", "q"));
  for (int i = 0; i < 20; ++i) {
    memory.keep(key("m2", std::to_string(i) + long_name), "", given(Verdict::pass));
    EXPECT_LE(memory.octets(), limit);
  }
  EXPECT_GT(memory.octets(), limit / 2);
  EXPECT_EQ(memory.size(), 1U);
  EXPECT_TRUE(recall(memory, key("m2", "0" + long_name)).given);
  EXPECT_FALSE(recall(memory, key("m2", "19" + long_name)).given);
}

TEST_F(MemoryTest, WhatIsForgottenGivesItsRoomBack) {
  Memory memory(clock, {2, 1 << 20, 60s});
  for (const auto* message : {"m1", "m2", "m3", "m4"}) {
    recall(memory, key(message, "q"));
    memory.keep(key(message, "q"), "", given(Verdict::reject));
  }
  EXPECT_GT(memory.octets(), 0U);
  clock.advance(60s);
  recall(memory, key("m5", "q"));
  EXPECT_EQ(memory.size(), 1U);
  EXPECT_EQ(memory.octets(), 0U);
}

/// Octets that the program has from the heap.
std::size_t allocated() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return __sanitizer_get_current_allocated_bytes();
#else
  const auto heap = ::mallinfo2();
  return heap.uordblks + heap.hblkhd;
#endif
}

TEST_F(MemoryTest, TheRoomOfLargeMessagesUsedToStayWithTheirPlaces) {
  // Each round gave room for a thousand answers to other places, until all had it.
  constexpr std::size_t limit = 4 << 20;
  constexpr int places = 200;
  const auto before = allocated();
  Memory memory(clock, {places, limit, 3600s});
  int messages = 0;
  for (int round = 0; round < 12; ++round) {
    for (int large = 0; large < 20; ++large) {
      const auto name = "large" + std::to_string(++messages);
      for (int recipient = 0; recipient < 1'000; ++recipient) {
        const auto asked = key(name, std::to_string(recipient) + "@test.example");
        recall(memory, asked);
        memory.keep(asked, "", given(Verdict::pass));
      }
      ASSERT_LE(memory.octets(), limit);
      ASSERT_LE(allocated() - before, limit + limit / 4) << "round " << round;
    }
    for (int small = 0; small < places; ++small) {
      const auto asked = key("small" + std::to_string(++messages), "bob@test.example");
      recall(memory, asked);
      memory.keep(asked, "", given(Verdict::pass));
    }
    EXPECT_EQ(memory.size(), static_cast<std::size_t>(places));
    ASSERT_LE(allocated() - before, places * 1'000U) << "round " << round;
  }
}

TEST_F(MemoryTest, TheNamesOfMessagesUsedNotToBeCounted) {
  constexpr std::size_t limit = 1 << 20;
  const auto before = allocated();
  Memory memory(clock, {1'000, limit, 3600s});
  for (int i = 0; i < 1'000; ++i) {
    recall(memory, key(std::to_string(i) + std::string(10'000, 'x'), "q"));
    ASSERT_LE(memory.octets(), limit);
  }
  EXPECT_GT(memory.octets(), limit / 2);
  EXPECT_LE(allocated() - before, limit + limit / 4);
  EXPECT_LT(memory.size(), 110U);
}

class PoliciesInMemory : public MemoryTest {
 protected:
  std::shared_ptr<const Policy> in_force = test::policy_of("");
  /// A reload.
  std::weak_ptr<const Policy> replace() {
    std::weak_ptr<const Policy> old = in_force;
    in_force = test::policy_of("");
    return old;
  }
};

TEST_F(PoliciesInMemory, AnOldPolicyUsedToLiveAnHourOrUntilTheNextRequest) {
  Memory memory(clock);
  auto asked = key("m", "q");
  recall(memory, asked, "", in_force);
  memory.keep(asked, "", given(Verdict::reject));
  const auto old = replace();
  clock.advance(299s);
  EXPECT_EQ(memory.tidy(), Memory::Left::something);
  EXPECT_EQ(recall(memory, asked, "", in_force).policy, old.lock());
  clock.advance(299s);
  memory.tidy();
  EXPECT_FALSE(old.expired());
  clock.advance(1s);
  memory.tidy();
  EXPECT_TRUE(old.expired());
  // The message goes on under the policy in force; what was answered stays.
  const auto recalled = recall(memory, asked, "", in_force);
  EXPECT_EQ(recalled.policy, in_force);
  ASSERT_TRUE(recalled.given);
  EXPECT_EQ(recalled.given->decision->verdict, Verdict::reject);
}

TEST_F(PoliciesInMemory, ManyReloadsLeaveFourPolicies) {
  Memory memory(clock);
  std::vector<std::weak_ptr<const Policy>> old;
  for (int i = 0; i < 10; ++i) {
    recall(memory, key("m" + std::to_string(i), "q"), "", in_force);
    clock.advance(1s);
    old.push_back(replace());
  }
  EXPECT_EQ(std::count_if(old.begin(), old.end(), [](const auto& one) { return !one.expired(); }),
            4);
  EXPECT_FALSE(old.back().expired());
  EXPECT_EQ(recall(memory, key("m9", "q"), "", in_force).policy, old.back().lock());
  EXPECT_EQ(recall(memory, key("m0", "q"), "", in_force).policy, in_force);
}

TEST_F(PoliciesInMemory, SilenceTakesNoMessageFromThePolicyInForce) {
  Memory memory(clock);
  recall(memory, key("m", "q"), "", in_force);
  clock.advance(1000s);
  memory.tidy();
  EXPECT_EQ(recall(memory, key("m", "q"), "", in_force).policy, in_force);
}

TEST_F(MemoryTest, ForgetsThoughNobodyAsks) {
  Memory memory(clock);
  EXPECT_EQ(memory.tidy(), Memory::Left::nothing);
  recall(memory, key("m", "q"));
  clock.advance(3599s);
  EXPECT_EQ(memory.tidy(), Memory::Left::something);
  clock.advance(1s);
  EXPECT_EQ(memory.tidy(), Memory::Left::nothing);
  EXPECT_EQ(memory.size(), 0U);
}

TEST_F(MemoryTest, AKeyWhosePlaceHasGoneToAnotherMessageFindsNothing) {
  Memory memory(clock, {1, 1 << 20, 3600s});
  auto first = key("m1", "bob@test.example");
  memory.recall(first, "", nullptr);
  auto second = key("m2", "eve@test.example");
  memory.recall(second, "", nullptr);
  memory.keep(first, "", given(Verdict::pass));
  EXPECT_TRUE(memory.recipients(second).empty());
  memory.keep(second, "", given(Verdict::pass));
  ASSERT_EQ(memory.recipients(second).size(), 1U);
  EXPECT_TRUE(memory.recipients(first).empty());
  EXPECT_EQ(memory.size(), 1U);
}

TEST_F(MemoryTest, FindsEveryOneOfManyMessages) {
  Memory memory(clock);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3'000; ++i) {
      const auto asked = key("m" + std::to_string(i), "q");
      ASSERT_EQ(recall(memory, asked).given.has_value(), round == 1) << i;
      memory.keep(asked, "", given(Verdict::reject));
    }
  }
  EXPECT_EQ(memory.size(), 3'000U);
}

TEST_F(MemoryTest, ForgetsAnHourAfterTheLastUse) {
  Memory memory(clock);
  recall(memory, key("m", "q"));
  memory.keep(key("m", "q"), "", given(Verdict::reject));
  clock.advance(3599s);
  EXPECT_TRUE(recall(memory, key("m", "q")).given);
  clock.advance(3599s);
  EXPECT_TRUE(recall(memory, key("m", "q")).given);
  clock.advance(3600s);
  EXPECT_FALSE(recall(memory, key("m", "q")).given);
}

TEST_F(MemoryTest, AsksForOneJoinWhenTheQueueIdAppearsAfterARecord) {
  Memory memory(clock);
  recall(memory, key("m", "q1"));
  memory.keep(key("m", "q1"), "", given(Verdict::reject, Kept::record));
  EXPECT_EQ(recall(memory, key("m", "q2")).join, Kept::nothing);
  EXPECT_EQ(recall(memory, key("m", "q3"), "4F1").join, Kept::record);
  EXPECT_EQ(recall(memory, key("m", "q4"), "4F1").join, Kept::nothing);
}

TEST_F(MemoryTest, NeedsNoJoinWithoutARecordOrWhenTheRecordHasTheQueueId) {
  Memory memory(clock);
  recall(memory, key("m", "q1"));
  memory.keep(key("m", "q1"), "", given(Verdict::pass));
  memory.keep(key("m", "q2"), "4F1", given(Verdict::reject, Kept::record));
  EXPECT_EQ(recall(memory, key("m", "q3"), "4F1").join, Kept::nothing);
}

TEST_F(MemoryTest, ServesManyThreads) {
  Memory memory(clock, {50, 20'000, 3600s});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&memory, t] {
      for (int i = 0; i < 2000; ++i) {
        const auto asked =
            key("m" + std::to_string((i * 7 + t) % 120), std::to_string(i % 9) + "@test.example");
        const auto recalled = recall(memory, asked);
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
