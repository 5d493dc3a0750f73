// What a replay can tell of records whose addresses are hidden, and what not.
#include "journal/hidden_values.h"

#include "journal/replay.h"
#include "support/policy_text.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const AddressMask hashed = AddressMask::hashed("key");

Record hidden(const AddressMask& mask) {
  Record record;
  record.transaction = test::ordinary_transaction(Stage::rcpt);  // alice@example.net, bob@...org
  record.transaction.sender = MailAddress::from_unquoted(mask.local("alice") + "@example.net");
  record.transaction.recipient = MailAddress::from_unquoted(mask.local("bob") + "@example.org");
  return record;
}

std::shared_ptr<const Policy> policy_with(const std::string& condition) {
  return testing::compile_policy(
      "[identity]\nhost = \"mx1.example.org\"\n\n"
      "[table.friends]\nkind = \"address\"\nentries = [\"alice@example.net\"]\n\n"
      "[table.everybody]\nkind = \"address\"\nentries = [\"Alice@\"]\n\n"
      "[table.delimited]\nkind = \"address\"\ndelimiter = \"+\"\nentries = "
      "[\"bob@example.org\"]\n\n"
      "[table.exact]\nkind = \"address\"\ncase = \"exact\"\nentries = [\"Alice@example.net\"]\n\n"
      "[table.names]\nkind = \"string\"\nentries = [\"bob\"]\n\n"
      "[table.nets]\nkind = \"domain\"\nentries = [\"example.net\"]\n\n"
      "[[rule]]\nname = \"x\"\nstage = \"rcpt\"\nwhen = '" +
      condition + "'\nreject = \"sender-blocked\"\n");
}

struct Outcome {
  Verdict verdict = Verdict::pass;
  std::vector<std::string> lacks;
};

Outcome replayed(const std::string& condition, const AddressMask& mask,
                 const AddressMask& known = {}) {
  const auto policy = policy_with(condition);
  if (!policy) return {};
  HiddenValues values(known);
  const auto record = values.revealed(*policy, hidden(mask));
  const auto decision = replay(*policy, record);
  return {decision.verdict, values.lacking(*policy, record, decision)};
}

TEST(HiddenValues, AreSeenInARecord) {
  Record open;
  open.transaction = test::ordinary_transaction(Stage::rcpt);
  EXPECT_FALSE(has_hidden(open));
  EXPECT_TRUE(has_hidden(hidden(hashed)));
  EXPECT_TRUE(has_hidden(hidden(AddressMask::cut())));
  open.transaction.authentication.user = std::string("~");
  EXPECT_TRUE(has_hidden(open));
}

TEST(HiddenValues, WithTheKeyEqualityIsDecided) {
  for (const char* condition :
       {"sender == \"alice@example.net\"", "sender == \"Alice@example.net\"",
        "sender.local == \"alice\"", "sender in [\"x@example.net\", \"alice@example.net\"]",
        "recipient.local == \"bob\" and sender.domain == \"example.net\"",
        "sender.domain == \"example.net\"", "sender in nets", "sender in friends",
        "sender in everybody", "recipient.local in names", "sender ends_with \"@example.net\""}) {
    const auto outcome = replayed(condition, hashed, hashed);
    EXPECT_EQ(outcome.verdict, Verdict::reject) << condition;
    EXPECT_THAT(outcome.lacks, IsEmpty()) << condition;
  }
  for (const char* condition :
       {"sender == \"alicia@example.net\"", "sender.local == \"bob\"", "sender == recipient",
        "sender.domain == \"example.org\" and sender.local matches \"al\"", "recipient in friends",
        "sender.local in names"}) {
    const auto outcome = replayed(condition, hashed, hashed);
    EXPECT_EQ(outcome.verdict, Verdict::pass) << condition;
    EXPECT_THAT(outcome.lacks, IsEmpty()) << condition;
  }
}

TEST(HiddenValues, WhatLooksInsideALocalPartIsNotGuessed) {
  for (const char* condition :
       {"sender.local matches \"^al\"", "sender.local starts_with \"al\"",
        "sender contains \"lice@\"", "sender ends_with \"ce@example.net\"", "sender in delimited",
        "sender in exact", "not (sender.local contains \"q\")"}) {
    EXPECT_THAT(replayed(condition, hashed, hashed).lacks, ElementsAre(HasSubstr("(rule \"x\")")))
        << condition;
  }
}

TEST(HiddenValues, OfAnAddressThatWasErasedNothingIsKnown) {
  for (const char* condition :
       {"sender == \"alice@example.net\"", "sender.domain == \"example.net\"",
        "not (sender.domain == \"example.net\")", "sender in nets", "sender in friends",
        "sender ends_with \"@example.net\"", "sender == recipient"}) {
    const auto with = policy_with(condition);
    ASSERT_NE(with, nullptr) << condition;
    auto record = hidden({});
    record.transaction.sender = MailAddress::from_unquoted("~erased@invalid");
    ASSERT_TRUE(has_hidden(record));
    HiddenValues values(hashed);
    record = values.revealed(*with, record);
    EXPECT_THAT(values.lacking(*with, record, replay(*with, record)),
                ElementsAre(HasSubstr("(rule \"x\")")))
        << condition;
  }
}

TEST(HiddenValues, WhatWasCutIsNotGuessedWithTheKeyOfHashes) {
  EXPECT_THAT(replayed("sender == \"alice@example.net\"", AddressMask::cut(), hashed).lacks,
              ElementsAre("sender (rule \"x\")"));
  EXPECT_THAT(replayed("sender in friends", AddressMask::cut(), hashed).lacks,
              ElementsAre("sender (rule \"x\")"));
}

TEST(HiddenValues, WithoutTheKeyOnlyDomainsTellAddressesApart) {
  for (const auto& mask : {hashed, AddressMask::cut()}) {
    EXPECT_THAT(replayed("sender == \"alice@example.net\"", mask).lacks,
                ElementsAre("sender (rule \"x\")"));
    EXPECT_THAT(replayed("sender.local == \"alice\"", mask).lacks,
                ElementsAre("sender.local (rule \"x\")"));
    const auto other = replayed("sender == \"alice@elsewhere.example\"", mask);
    EXPECT_EQ(other.verdict, Verdict::pass);
    EXPECT_THAT(other.lacks, IsEmpty());
    EXPECT_EQ(replayed("sender.domain == \"example.net\"", mask).verdict, Verdict::reject);
  }
}

TEST(HiddenValues, RulesBehindTheDecidingOneDoNotCount) {
  const auto policy = testing::compile_policy(
      "[identity]\nhost = \"mx1.example.org\"\n\n"
      "[[rule]]\nname = \"a\"\nstage = \"rcpt\"\nwhen = 'sender.domain == \"example.net\"'\n"
      "reject = \"sender-blocked\"\n\n"
      "[[rule]]\nname = \"b\"\nstage = \"rcpt\"\nwhen = 'sender.local matches \"x\"'\n"
      "reject = \"sender-blocked\"\n");
  ASSERT_NE(policy, nullptr);
  const HiddenValues values(hashed);
  const auto record = hidden(hashed);
  EXPECT_THAT(values.lacking(*policy, record, replay(*policy, record)), IsEmpty());
}

TEST(HiddenValues, TheShareOfARuleHangsOnWhoTheyWere) {
  const auto policy = testing::compile_policy(
      "[identity]\nhost = \"mx1.example.org\"\n\n"
      "[[rule]]\nname = \"a\"\nstage = \"rcpt\"\nwhen = 'sender.domain == \"example.net\"'\n"
      "reject = \"sender-blocked\"\nmode = \"50%\"\n");
  ASSERT_NE(policy, nullptr);
  const HiddenValues values(hashed);
  const auto record = hidden(hashed);
  EXPECT_THAT(values.lacking(*policy, record, replay(*policy, record)),
              ElementsAre("its share (rule \"a\")"));
}

TEST(HiddenValues, FactsAreRevealedWithTheTransaction) {
  const auto policy = policy_with("sender == \"alice@example.net\"");
  ASSERT_NE(policy, nullptr);
  auto record = hidden(hashed);
  const auto key = hashed.local("alice") + "@example.net " + hashed.local("bob") + "@example.org";
  record.facts.add({QuestionKind::store, "seen", key}, Answer::nothing());
  HiddenValues values(hashed);
  const auto revealed = values.revealed(*policy, record);
  EXPECT_NE(revealed.facts.find({QuestionKind::store, "seen",
                                 "alice@example.net " + hashed.local("bob") + "@example.org"}),
            nullptr);
  EXPECT_EQ(revealed.transaction.sender.value().text(), "alice@example.net");
}

}  // namespace
}  // namespace postern
