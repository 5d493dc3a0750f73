// A share of what passes is recorded: whole messages, always the same ones, and everything else of
// all of them.
#include "journal/record.h"
#include "rules/share.h"
#include "support/policy_text.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

constexpr const char* rules = R"(
[identity]
host = "mx1.example.org"

[[rule]]
name = "blocked"
stage = "rcpt"
when = 'sender.local == "blocked"'
reject = "sender-blocked"

[[rule]]
name = "watched"
stage = "rcpt"
when = 'sender.local == "watched"'
reject = "sender-blocked"
mode = "shadow"

[[rule]]
name = "marked"
stage = "mail"
when = 'sender.local == "marked"'
add_header = "X-Mark: yes"
)";

std::shared_ptr<const Policy> policy_with(const std::string& journal) {
  return testing::compile_policy("[log]\naccepts = false\n[journal]\n" + journal + rules);
}

Record decided(const std::shared_ptr<const Policy>& policy, const std::string& local, int message,
               std::string_view recipient = "bob@example.org") {
  Record record;
  auto& transaction = record.transaction;
  transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.sender = MailAddress::from_unquoted(local + "@example.net");
  transaction.recipient = MailAddress::from_unquoted(recipient);
  transaction.instance = std::to_string(message) + ".1.0";
  record.decision =
      std::get<Decision>(evaluate(*policy, transaction, record.facts, Detail::verdict));
  record.decision.trail_state = TrailState::left_out;
  record.policy = policy;
  return record;
}

TEST(AcceptsShare, KeepsAboutItsShareAndSaysSo) {
  const auto policy = policy_with("accepts_share = \"20%\"\n");
  ASSERT_NE(policy, nullptr);
  int kept = 0;
  for (int message = 0; message < 2000; ++message) {
    auto record = decided(policy, "alice", message);
    auto asked = record.decision;
    const auto wanted = what_is_kept(*policy, record.transaction, record.facts, asked);
    ASSERT_EQ(complete(record), wanted == Kept::record);
    if (wanted != Kept::record) continue;
    ++kept;
    EXPECT_EQ(record.share, 20U);
    const auto read = record_from_json(to_json(record));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->share, 20U);
  }
  EXPECT_GT(kept, 2000 / 5 - 100);
  EXPECT_LT(kept, 2000 / 5 + 100);
}

TEST(AcceptsShare, RefusalsAndWhateverIsRemarkableAreRecordedOfAll) {
  const auto policy = policy_with("accepts_share = \"1%\"\n");
  ASSERT_NE(policy, nullptr);
  for (const char* local : {"blocked", "watched", "marked"}) {
    for (int message = 0; message < 200; ++message) {
      auto record = decided(policy, local, message);
      auto asked = record.decision;
      EXPECT_EQ(what_is_kept(*policy, record.transaction, record.facts, asked), Kept::record);
      EXPECT_TRUE(complete(record)) << local << message;
      EXPECT_EQ(record.share, 0U) << "it stands for itself alone";
    }
  }
}

TEST(AcceptsShare, RecordsOfOneMessageStandTogether) {
  const auto policy = policy_with("accepts_share = \"50%\"\n");
  ASSERT_NE(policy, nullptr);
  for (int message = 0; message < 200; ++message) {
    auto first = decided(policy, "alice", message);
    auto second = decided(policy, "alice", message, "carol@example.org");
    auto end = decided(policy, "alice", message);
    end.transaction.stage = Stage::end_of_message;
    end.transaction.queue_id = "4F1C22A0B1";
    const bool kept = complete(first);
    EXPECT_EQ(complete(second), kept);
    EXPECT_EQ(complete(end), kept);
  }
}

TEST(AcceptsShare, WithoutOneAllStandsForItself) {
  for (const char* accepts : {"", "accepts = \"full\"\n"}) {
    const auto policy = policy_with(accepts);
    ASSERT_NE(policy, nullptr);
    auto record = decided(policy, "alice", 1);
    EXPECT_TRUE(complete(record));
    EXPECT_EQ(record.share, 0U);
  }
  const auto nothing = policy_with("accepts = \"none\"\naccepts_share = \"99%\"\n");
  ASSERT_NE(nothing, nullptr);
  auto record = decided(nothing, "alice", 1);
  EXPECT_FALSE(complete(record));
}

TEST(AcceptsShare, AMessageHasItsPlaceByWhatNamesIt) {
  auto transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.instance = "a.1.0";
  const auto by_instance = message_place(transaction);
  transaction.session = "s7Q2";
  transaction.queue_id = "4F1C22A0B1";
  EXPECT_EQ(message_place(transaction), by_instance);
  transaction.instance.clear();
  const auto by_session = message_place(transaction);
  transaction.queue_id.clear();
  EXPECT_EQ(message_place(transaction), by_session);
  EXPECT_LT(by_session, 100U);
}

}  // namespace
}  // namespace postern
