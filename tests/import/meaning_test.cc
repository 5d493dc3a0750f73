// That an imported table decides as Postfix would: the most specific key, or the first line.
#include "import/import.h"
#include "support/policy_text.h"
#include "support/transactions.h"

#include <gtest/gtest.h>

namespace postern::importer {
namespace {

std::shared_ptr<const Policy> policy_of(const std::string& text, Request request) {
  request.file = "access";
  return testing::compile_policy(convert(text, request).policy);
}

/// "pass", or what the deciding rule does.
std::string verdict(const Policy& policy, const std::string& sender, const std::string& client) {
  Transaction transaction;
  transaction.stage = Stage::rcpt;
  transaction.door = Door::policy;
  transaction.client.address = IpAddress::parse(client);
  transaction.client.name = Told<std::string>::absent();
  transaction.sender = MailAddress::from_envelope(sender);
  transaction.recipient = MailAddress::from_envelope("bob@example.org");
  const auto outcome = evaluate(policy, transaction, {});
  const auto* decision = std::get_if<Decision>(&outcome);
  return decision == nullptr ? std::string("open") : std::string(to_text(decision->verdict));
}

std::string of_sender(const Policy& policy, const std::string& sender) {
  return verdict(policy, sender, "192.0.2.200");
}
std::string of_client(const Policy& policy, const std::string& client) {
  return verdict(policy, "a@example.net", client);
}

TEST(AccessKeys, OfWhichTheMostSpecificCountsWhateverTheOrder) {
  const auto policy = policy_of(
      "example.net REJECT\n"
      "friend@example.net OK\n"
      "offers@ DEFER\n"
      "good.example.net OK\n"
      "offers@good.example.net REJECT\n",
      {});
  ASSERT_TRUE(policy);
  EXPECT_EQ(of_sender(*policy, "friend@example.net"), "accept");
  EXPECT_EQ(of_sender(*policy, "foe@example.net"), "reject");
  EXPECT_EQ(of_sender(*policy, "foe@below.example.net"), "reject");
  EXPECT_EQ(of_sender(*policy, "foe@good.example.net"), "accept");
  EXPECT_EQ(of_sender(*policy, "foe@very.good.example.net"), "accept");
  EXPECT_EQ(of_sender(*policy, "offers@good.example.net"), "reject");
  EXPECT_EQ(of_sender(*policy, "offers@example.net"), "reject") << "a domain before a local part";
  EXPECT_EQ(of_sender(*policy, "offers@elsewhere.example"), "defer");
  EXPECT_EQ(of_sender(*policy, "x@elsewhere.example"), "pass");
}

TEST(AccessKeys, ThatSayDunnoKeepTheLessSpecificOnesFromBeingAsked) {
  const auto policy = policy_of(
      "example.net REJECT\n"
      "spared@example.net DUNNO\n"
      "spared@ DEFER\n",
      {});
  ASSERT_TRUE(policy);
  EXPECT_EQ(of_sender(*policy, "spared@example.net"), "pass");
  EXPECT_EQ(of_sender(*policy, "spared@example.com"), "defer");
  EXPECT_EQ(of_sender(*policy, "other@example.net"), "reject");
}

TEST(AccessKeys, CoverNamesBelowOnlyWherePostfixDoes) {
  Request request;
  request.parents = Parents::stand_alone;
  const auto policy = policy_of("example.net REJECT\n.example.com REJECT\n", request);
  ASSERT_TRUE(policy);
  EXPECT_EQ(of_sender(*policy, "a@example.net"), "reject");
  EXPECT_EQ(of_sender(*policy, "a@below.example.net"), "pass");
  EXPECT_EQ(of_sender(*policy, "a@below.example.com"), "reject");
  EXPECT_EQ(of_sender(*policy, "a@example.com"), "pass");
}

TEST(AccessKeys, OfAddressesAreShortenedOctetByOctet) {
  Request request;
  request.keys = Keys::client;
  const auto policy = policy_of(
      "192.0 REJECT\n192.0.2 OK\n192.0.2.9 DEFER\n2001:db8 REJECT\n2001:db8:1 DUNNO\n", request);
  ASSERT_TRUE(policy);
  EXPECT_EQ(of_client(*policy, "192.0.3.1"), "reject");
  EXPECT_EQ(of_client(*policy, "192.0.2.1"), "accept");
  EXPECT_EQ(of_client(*policy, "192.0.2.9"), "defer");
  EXPECT_EQ(of_client(*policy, "198.51.100.1"), "pass");
  EXPECT_EQ(of_client(*policy, "2001:db8:2::1"), "reject");
  EXPECT_EQ(of_client(*policy, "2001:db8:1::1"), "pass");
}

TEST(AccessLists, OfWhichTheFirstLineThatFitsCounts) {
  Request request;
  request.keys = Keys::client;
  const auto policy = policy_of(
      "192.0.2.0/28 DUNNO\n"
      "192.0.2.0/24 REJECT\n"
      "192.0.2.64/26 OK\n"
      "!10.0.0.0/8 DEFER\n"
      "10.1.0.0/16 REJECT\n",
      request);
  ASSERT_TRUE(policy);
  EXPECT_EQ(of_client(*policy, "192.0.2.1"), "pass");
  EXPECT_EQ(of_client(*policy, "192.0.2.70"), "reject") << "the wider line stands first";
  EXPECT_EQ(of_client(*policy, "198.51.100.1"), "defer");
  EXPECT_EQ(of_client(*policy, "10.1.2.3"), "reject");
  EXPECT_EQ(of_client(*policy, "10.2.2.3"), "pass");
}

TEST(AccessPatterns, IgnoreCaseUnlessTheySayOtherwise) {
  const auto policy = policy_of("/^WIN@/ REJECT\n/^Loud@/i DEFER\n/@example\\.net$/ OK\n", {});
  ASSERT_TRUE(policy);
  EXPECT_EQ(of_sender(*policy, "win@example.net"), "reject");
  EXPECT_EQ(of_sender(*policy, "Loud@example.com"), "defer");
  EXPECT_EQ(of_sender(*policy, "loud@example.com"), "pass");
  EXPECT_EQ(of_sender(*policy, "x@example.net"), "accept");
}

}  // namespace
}  // namespace postern::importer
