#include "checks/geo_check.h"
#include "kit/run_tests.h"
#include "model/geo.h"
#include "postern/decision.h"
#include "postern/policy.h"
#include "support/policy_text.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

/// [geo] with both files, which nobody opens: what they say is told by facts.
const std::string both = "[geo]\ncountry = \"c.mmdb\"\nasn = \"a.mmdb\"\n";

std::shared_ptr<const Policy> compiled(const std::string& text) {
  return testing::compile_policy(both + text);
}

Transaction from(std::string_view address) {
  Transaction transaction;
  transaction.stage = Stage::rcpt;
  if (!address.empty()) transaction.client.address = IpAddress::parse(address);
  transaction.sender = MailAddress::from_unquoted("a@example.com");
  transaction.recipient = MailAddress::from_unquoted("b@example.org");
  return transaction;
}

Question asked(std::string_view subject) {
  return {QuestionKind::geo, std::string(subject), "192.0.2.1", QuestionCost::free};
}

Decision decided(const Policy& policy, Answer answer, std::string_view subject = "country") {
  Facts facts;
  facts.add(asked(subject), std::move(answer));
  return std::get<Decision>(evaluate(policy, from("192.0.2.1"), facts));
}

std::string rule(const std::string& when, const std::string& more = "") {
  return "[[rule]]\nname = \"r\"\nstage = \"rcpt\"\nwhen = '" + when +
         "'\nreject = \"client-country\"\n" + more;
}

TEST(GeoChecks, AskForTheClientsAddressAndCompareWhatTheFileSays) {
  const auto policy = compiled(rule("client.country in [\"DE\", \"FR\"]"));
  const auto first = evaluate(*policy, from("192.0.2.1"), {});
  ASSERT_TRUE(std::holds_alternative<NeedsMore>(first));
  EXPECT_EQ(std::get<NeedsMore>(first).questions, std::vector{asked("country")});
  const auto refused = decided(*policy, Answer::found({"FR"}));
  EXPECT_EQ(refused.verdict, Verdict::reject);
  EXPECT_EQ(refused.reason->id, "client-country");
  EXPECT_EQ(decided(*policy, Answer::found({"CH"})).verdict, Verdict::pass);
}

TEST(GeoChecks, WhatTheFileDoesNotKnowIsUnknownWhichIsAValueOfItsOwn) {
  const auto policy = compiled(rule("client.asn == \"unknown\""));
  EXPECT_EQ(decided(*policy, Answer::nothing(), "asn").verdict, Verdict::reject);
  EXPECT_EQ(decided(*policy, Answer::found({"AS64496"}), "asn").verdict, Verdict::pass);
  const auto others = compiled(rule("client.country != \"DE\""));
  EXPECT_EQ(decided(*others, Answer::nothing()).verdict, Verdict::reject);
}

TEST(GeoChecks, AFileThatIsBrokenThereIsNeverARefusal) {
  const auto skips = compiled(rule("client.country != \"DE\""));
  EXPECT_EQ(decided(*skips, Answer::unavailable("broken")).verdict, Verdict::pass);
  const auto defers = compiled(rule("client.country != \"DE\"", "unavailable = \"defer\"\n"));
  const auto decision = decided(*defers, Answer::unavailable("broken"));
  EXPECT_EQ(decision.verdict, Verdict::defer);
  EXPECT_EQ(decision.reason->id, "dependency-down");
}

TEST(GeoChecks, TablesOfTextsHoldCountriesAndNetworks) {
  const auto policy =
      compiled("[table.far]\nkind = \"string\"\nentries = [\"AS64496\", \"AS64511\"]\n" +
               rule("client.asn in far"));
  EXPECT_EQ(decided(*policy, Answer::found({"AS64511"}), "asn").verdict, Verdict::reject);
  EXPECT_EQ(decided(*policy, Answer::found({"AS6451"}), "asn").verdict, Verdict::pass);
  EXPECT_EQ(decided(*policy, Answer::nothing(), "asn").verdict, Verdict::pass);
}

TEST(GeoChecks, MailThatWasHandedInLocallyHasNoCountryAndAsksForNone) {
  const auto policy = compiled(rule("client.country == \"unknown\" or client.country != \"DE\""));
  const auto outcome = evaluate(*policy, from(""), {});
  ASSERT_TRUE(std::holds_alternative<Decision>(outcome));
  EXPECT_EQ(std::get<Decision>(outcome).verdict, Verdict::pass);
}

TEST(GeoChecks, TheClientOfATestHasThem) {
  const std::string test =
      "[[test]]\nname = \"t\"\nsender = \"a@example.com\"\nrecipient = \"b@example.org\"\n";
  const auto policy = compiled(
      rule("client.country == \"FR\" and client.asn == \"AS64496\"") + test +
      "client = { ip = \"192.0.2.1\", country = \"FR\", asn = \"AS64496\" }\n"
      "expect = { verdict = \"reject\", evidence = { \"client.country\" = \"FR\", \"client.asn\" = "
      "\"AS64496\" } }\n"
      "[[test]]\nname = \"u\"\nsender = \"a@example.com\"\nrecipient = \"b@example.org\"\n"
      "client = { ip = \"192.0.2.1\", country = \"FR\" }\nexpect = { verdict = \"pass\" }\n");
  ASSERT_EQ(policy->tests().size(), 2U);
  for (const auto& result : run_tests(policy, policy->tests(), {})) {
    EXPECT_TRUE(result.passed()) << result.name;
  }
}

TEST(GeoChecks, AnotherFileIsAnotherPolicyOfTheSameDigest) {
  class File final : public GeoDatabase {
   public:
    explicit File(std::string digest) : digest_(std::move(digest)) {}
    Answer find(const IpAddress&) const override { return Answer::found({"DE"}); }
    const std::string& digest() const noexcept override { return digest_; }
    const std::string& title() const noexcept override { return digest_; }

   private:
    std::string digest_;
  };
  std::string now = "1";
  FileReader reader([](const std::string&) -> Result<std::string> {
    return std::string("[identity]\nhost = \"mx.example.org\"\n[geo]\ncountry = \"c.mmdb\"\n");
  });
  reader.geo = [&](const std::string&, GeoFact) -> Result<std::shared_ptr<const GeoDatabase>> {
    if (now.empty()) return plain_problem("it is gone");
    return std::shared_ptr<const GeoDatabase>(std::make_shared<File>(now));
  };
  const auto policy = Policy::compile("p.toml", reader)->policy;
  EXPECT_EQ(policy->table_files(), std::vector<std::string>{"c.mmdb"});
  const CheckRegistry none;
  EXPECT_EQ(*Policy::with_table_file(policy, "c.mmdb", reader, none), policy);
  now = "2";
  const auto newer = *Policy::with_table_file(policy, "c.mmdb", reader, none);
  EXPECT_NE(newer, policy);
  EXPECT_EQ(newer->digest(), policy->digest());
  EXPECT_EQ(newer->geo(GeoFact::country)->digest(), "2");
  now.clear();
  EXPECT_FALSE(Policy::with_table_file(newer, "c.mmdb", reader, none).ok());
}

TEST(GeoNames, CountriesAndNetworksHaveOneSpelling) {
  for (const auto* code : {"AD", "DE", "XK", "ZW"}) EXPECT_TRUE(is_country_code(code)) << code;
  for (const auto* code : {"", "D", "de", "DEU", "EU", "UK", "ZZ", "EA"}) {
    EXPECT_FALSE(is_country_code(code)) << code;
  }
  for (const auto* text : {"AS1", "AS64496", "AS4294967295"}) {
    EXPECT_TRUE(is_network_text(text)) << text;
  }
  for (const auto* text :
       {"AS", "AS0", "AS01", "as1", "64496", "AS4294967296", "AS1 ", "AS99999999999"}) {
    EXPECT_FALSE(is_network_text(text)) << text;
  }
}

}  // namespace
}  // namespace postern
