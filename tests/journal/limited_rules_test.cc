// Records of rules that act on a share of messages, and of rules that end.
#include "journal/explain.h"
#include "journal/record.h"
#include "journal/replay.h"
#include "support/policy_text.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* rules = R"([[rule]]
name = "one summer"
stage = "rcpt"
when = 'sender.domain == "example.com"'
reject = "sender-blocked"
expires = "2025-08-31"

[[rule]]
name = "some of them"
stage = "rcpt"
reject = "policy-reject"
mode = "10%"
)";

/// The story without its folds.
std::string told(const Record& record) {
  ExplainOptions options;
  options.voice = Voice::admin;
  std::string text;
  for (const char c : explain(record, options)) {
    const bool space = c == ' ' || c == '\n';
    if (!space) text += c;
    if (space && !text.empty() && text.back() != ' ') text += ' ';
  }
  return text;
}

/// Of a message from the sender with that number; its time is in June 2025.
Record record_of(const std::shared_ptr<const Policy>& policy, int sender) {
  Record record;
  record.policy_digest = policy->digest();
  record.transaction = test::ordinary_transaction(Stage::rcpt);
  record.transaction.sender =
      MailAddress::from_envelope("s" + std::to_string(sender) + "@example.net");
  record.decision = std::get<Decision>(evaluate(*policy, record.transaction, {}));
  return record;
}

TEST(LimitedRules, ComeBackFromTheJournalAndAreReplayedTheSame) {
  const auto policy = testing::compile_policy(rules);
  ASSERT_TRUE(policy);
  int acted = 0;
  for (int sender = 0; sender < 100; ++sender) {
    const auto record = record_of(policy, sender);
    const auto read = record_from_json(to_json(record));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->decision, record.decision);
    EXPECT_EQ(read->decision.trail.back().share, 10U);
    EXPECT_THAT(differences(record.decision, replay(*policy, *read)), IsEmpty());
    acted += record.decision.verdict == Verdict::reject ? 1 : 0;
  }
  EXPECT_GT(acted, 2);
  EXPECT_LT(acted, 25);
}

TEST(LimitedRules, AnOldRecordIsReplayedAsOfItsTime) {
  const auto policy = testing::compile_policy(rules);
  ASSERT_TRUE(policy);
  auto record = record_of(policy, 0);
  record.transaction.sender = MailAddress::from_envelope("a@example.com");
  record.decision = std::get<Decision>(evaluate(*policy, record.transaction, {}));
  EXPECT_EQ(record.decision.rule->name, "one summer");
  EXPECT_THAT(differences(record.decision, replay(*policy, record)), IsEmpty());
  record.transaction.time += std::chrono::days(365);
  record.decision = std::get<Decision>(evaluate(*policy, record.transaction, {}));
  EXPECT_NE(record.decision.rule ? record.decision.rule->name : "", "one summer");
  const auto read = record_from_json(to_json(record));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->decision.trail.front().note, TrailNote::expired);
  EXPECT_THAT(told(*read), HasSubstr("not asked: it has expired and is off"));
}

TEST(LimitedRules, ExplainSaysOnWhichSideOfTheShareAMessageIs) {
  const auto policy = testing::compile_policy(rules);
  ASSERT_TRUE(policy);
  std::string inside;
  std::string outside;
  for (int sender = 0; sender < 100; ++sender) {
    const auto record = record_of(policy, sender);
    (record.decision.verdict == Verdict::reject ? inside : outside) = told(record);
  }
  EXPECT_THAT(inside, HasSubstr("10 % of messages, and this message"));
  EXPECT_THAT(outside, HasSubstr("yes, but this message is not in the 10 % of messages that it "
                                 "acts on;"));
  EXPECT_THAT(outside, HasSubstr("The rule \"some of them\" (postern.toml:8) would have decided"));
}

TEST(LimitedRules, WhatAShareSparesIsRecordedWhateverTheJournalKeeps) {
  const auto policy =
      testing::compile_policy(std::string(rules) + "[journal]\naccepts = \"none\"\n");
  ASSERT_TRUE(policy);
  for (int sender = 0; sender < 20; ++sender) {
    auto record = record_of(policy, sender);
    record.policy = policy;
    EXPECT_TRUE(complete(record)) << sender;
    EXPECT_EQ(record.decision.trail.back().truth, Truth::yes);
  }
}

}  // namespace
}  // namespace postern
