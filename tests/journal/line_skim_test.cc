#include "journal/line_skim.h"

#include "journal/key_filter.h"
#include "journal/samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace postern {
namespace {

bool has(const SkimmedLine& line, IndexKey kind, std::string_view octets) {
  return std::any_of(line.keys.begin(), line.keys.end(), [&](const auto& key) {
    return key_number(key.kind, key.value) == key_number_of_text(kind, octets);
  });
}

TEST(LineSkim, FindsWhatEverySampleHolds) {
  for (const auto& [name, record] : samples::all_for_golden_files()) {
    SCOPED_TRACE(name);
    const auto line = to_json(record);
    SkimmedLine found;
    ASSERT_TRUE(skim(line, found));
    EXPECT_EQ(found.kind, to_text(record.kind));
    EXPECT_EQ(found.policy, record.policy_digest);
    const auto& transaction = record.transaction;
    if (!transaction.reference.empty()) {
      EXPECT_EQ(found.reference, transaction.reference.text());
      EXPECT_TRUE(has(found, IndexKey::reference, transaction.reference.text()));
    }
    if (record.kind == RecordKind::decision) {
      EXPECT_EQ(found.verdict, to_text(record.decision.verdict));
    }
    EXPECT_EQ(found.told_something, record.sent && !record.sent->expected.empty());
    if (transaction.client.address) {
      EXPECT_TRUE(has(found, IndexKey::client, transaction.client.address->text()));
    }
    if (transaction.sender.is_told() && !transaction.sender.value().empty()) {
      EXPECT_TRUE(has(found, IndexKey::sender, transaction.sender.value().text()));
      EXPECT_TRUE(has(found, IndexKey::sender_domain, transaction.sender.value().domain()));
    }
    if (transaction.recipient.is_told()) {
      EXPECT_TRUE(has(found, IndexKey::recipient, transaction.recipient.value().text()));
      EXPECT_TRUE(has(found, IndexKey::recipient_domain, transaction.recipient.value().domain()));
    }
    if (transaction.recipients.is_told()) {
      for (const auto& each : transaction.recipients.value()) {
        EXPECT_TRUE(has(found, IndexKey::recipient, each.address.text()));
      }
    }
    for (const auto& [kind, text] : {std::pair{IndexKey::queue_id, transaction.queue_id},
                                     std::pair{IndexKey::instance, transaction.instance},
                                     std::pair{IndexKey::session, transaction.session}}) {
      if (!text.empty()) {
        EXPECT_TRUE(has(found, kind, text));
      }
    }
  }
}

TEST(LineSkim, TakesNoTornLineForAWholeOne) {
  const auto line = to_json(samples::full());
  SkimmedLine found;
  ASSERT_TRUE(skim(line, found));
  for (std::size_t i = 0; i < line.size(); ++i) {
    ASSERT_FALSE(skim(std::string_view(line).substr(0, i), found)) << i;
  }
  EXPECT_FALSE(skim(line + line, found));
  EXPECT_FALSE(skim("[1]", found));
  EXPECT_FALSE(skim("7", found));
  EXPECT_FALSE(skim(line + " x", found));
  EXPECT_TRUE(skim(line + " ", found));
}

TEST(LineSkim, IsNotMisledByWhatStringsHold) {
  auto record = samples::refused_recipient();
  record.transaction.helo = std::string("\",\"queue_id\":\"FORGED\",\"x\":\"\\");
  record.transaction.queue_id = "a\"b\\c\x01\xff";
  const auto line = to_json(record);
  SkimmedLine found;
  ASSERT_TRUE(skim(line, found));
  EXPECT_FALSE(has(found, IndexKey::queue_id, "FORGED"));
  EXPECT_TRUE(has(found, IndexKey::queue_id, record.transaction.queue_id));
}

TEST(LineSkim, ReadsAnyOctetsInAnyPlace) {
  std::mt19937 random(7);
  SkimmedLine found;
  for (int i = 0; i < 2000; ++i) {
    auto record = samples::full();
    record.transaction.queue_id = "q" + samples::any_octets(random, 40);
    record.transaction.macros["i"] = samples::any_octets(random, 40);
    const auto line = to_json(record);
    ASSERT_TRUE(skim(line, found)) << line;
    ASSERT_TRUE(has(found, IndexKey::queue_id, record.transaction.queue_id)) << line;
  }
}

TEST(LineSkim, TellsPassesFromWhatIsKeptLonger) {
  const auto is_pass = [](const Record& record) {
    const auto line = to_json(record);
    SkimmedLine found;
    EXPECT_TRUE(skim(line, found));
    return is_of_a_pass(found);
  };
  EXPECT_TRUE(is_pass(samples::accepted()));
  EXPECT_TRUE(is_pass(samples::watched_by_shadow()));
  EXPECT_FALSE(is_pass(samples::refused_recipient()));
  EXPECT_FALSE(is_pass(samples::dropped()));
  EXPECT_FALSE(is_pass(samples::put_off()));
  EXPECT_FALSE(is_pass(samples::repeated()));
  EXPECT_FALSE(is_pass(samples::joined()));
}

TEST(KeyFilter, HoldsWhatItWasMadeOfAndLittleElse) {
  std::mt19937_64 random(3);
  std::vector<std::uint64_t> keys(5000);
  for (auto& key : keys) key = random();
  const auto filter = make_key_filter(keys);
  for (const auto key : keys) ASSERT_TRUE(may_hold(filter, key));
  int in_vain = 0;
  for (int i = 0; i < 100'000; ++i) in_vain += may_hold(filter, random()) ? 1 : 0;
  EXPECT_LT(in_vain, 200);
  EXPECT_FALSE(may_hold({}, 7));
}

TEST(KeyFilter, CapitalLettersMakeNoOtherKey) {
  EXPECT_EQ(key_number_of_text(IndexKey::sender, "Bob@Example.org"),
            key_number_of_text(IndexKey::sender, "bob@example.org"));
  EXPECT_NE(key_number_of_text(IndexKey::sender, "bob@example.org"),
            key_number_of_text(IndexKey::recipient, "bob@example.org"));
}

}  // namespace
}  // namespace postern
