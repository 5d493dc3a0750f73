#include "rules/share.h"

#include "support/policy_text.h"
#include "support/rules.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace postern {
namespace {

using test::ordinary_transaction;
using ::testing::HasSubstr;

/// The n-th of many clients, senders and recipients that have nothing in common.
Transaction numbered(unsigned n) {
  auto transaction = ordinary_transaction(Stage::rcpt);
  transaction.client.address = IpAddress::from_v4({static_cast<std::uint8_t>(1 + n % 200),
                                                   static_cast<std::uint8_t>(n / 200),
                                                   static_cast<std::uint8_t>(n % 251), 9});
  transaction.sender = MailAddress::from_envelope("s" + std::to_string(n) + "@example.com");
  transaction.recipient = MailAddress::from_envelope("r" + std::to_string(n) + "@example.org");
  return transaction;
}

TEST(Siphash, IsTheOneOfItsAuthors) {
  // The example of appendix A of "SipHash: a fast short-input PRF".
  std::string octets(15, '\0');
  std::iota(octets.begin(), octets.end(), '\0');
  EXPECT_EQ(siphash({0x0706050403020100U, 0x0F0E0D0C0B0A0908U}, octets), 0xA129CA6149BE45E5U);
}

TEST(Share, IsTheSameForEveryAttemptDoorAndLaterStage) {
  auto transaction = ordinary_transaction(Stage::rcpt);
  const auto place = share_place("a rule", Stage::rcpt, transaction);
  EXPECT_LT(place, 100U);
  transaction.door = Door::policy;
  transaction.time += std::chrono::hours(5);
  transaction.reference = {};
  transaction.client.port = 1;
  transaction.client.address = IpAddress::parse("192.0.2.250");
  transaction.instance = "x";
  transaction.sender = MailAddress::from_envelope("<Alice@EXAMPLE.net>");
  transaction.recipient = MailAddress::from_unquoted("BOB@example.org");
  EXPECT_EQ(share_place("a rule", Stage::rcpt, transaction), place);
  transaction.stage = Stage::data;
  EXPECT_EQ(share_place("a rule", Stage::rcpt, transaction), place);
}

TEST(Share, DependsOnWhatTheStageKnowsAndOnNothingElse) {
  const auto places = [](Stage stage, const char* client, const char* sender,
                         const char* recipient) {
    auto transaction = ordinary_transaction(Stage::rcpt);
    transaction.client.address = IpAddress::parse(client);
    transaction.sender = MailAddress::from_envelope(sender);
    transaction.recipient = MailAddress::from_envelope(recipient);
    // One place may be the same by chance, those of eight rules are not.
    std::vector<unsigned> all;
    for (const auto* name : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
      all.push_back(share_place(name, stage, transaction));
    }
    return all;
  };
  const auto rcpt = places(Stage::rcpt, "192.0.2.1", "a@b.example", "c@d.example");
  EXPECT_EQ(places(Stage::rcpt, "192.0.2.254", "a@b.example", "c@d.example"), rcpt);
  EXPECT_NE(places(Stage::rcpt, "192.0.3.1", "a@b.example", "c@d.example"), rcpt);
  EXPECT_NE(places(Stage::rcpt, "192.0.2.1", "x@b.example", "c@d.example"), rcpt);
  EXPECT_NE(places(Stage::rcpt, "192.0.2.1", "a@b.example", "x@d.example"), rcpt);
  const auto mail = places(Stage::mail, "192.0.2.1", "a@b.example", "c@d.example");
  EXPECT_EQ(places(Stage::mail, "192.0.2.1", "a@b.example", "x@d.example"), mail);
  EXPECT_NE(places(Stage::mail, "192.0.2.1", "x@b.example", "c@d.example"), mail);
  EXPECT_EQ(places(Stage::end_of_message, "192.0.2.1", "a@b.example", "x@y.example"),
            places(Stage::end_of_message, "192.0.2.1", "a@b.example", "c@d.example"));
  const auto connect = places(Stage::connect, "2001:db8::1", "a@b.example", "c@d.example");
  EXPECT_EQ(places(Stage::connect, "2001:db8::ffff:1", "x@y.example", "x@y.example"), connect);
  EXPECT_NE(places(Stage::connect, "2001:db8:0:1::1", "a@b.example", "c@d.example"), connect);
}

TEST(Share, EachPlaceIsTakenAboutAsOften) {
  std::array<unsigned, 100> taken{};
  for (unsigned n = 0; n < 20'000; ++n) ++taken[share_place("a rule", Stage::rcpt, numbered(n))];
  for (unsigned place = 0; place < 100; ++place) {
    EXPECT_GT(taken[place], 130U) << place;
    EXPECT_LT(taken[place], 270U) << place;
  }
}

TEST(Share, RulesAreIndependentOfEachOther) {
  unsigned both = 0;
  for (unsigned n = 0; n < 20'000; ++n) {
    const auto transaction = numbered(n);
    both += share_place("one", Stage::rcpt, transaction) < 50 &&
                    share_place("two", Stage::rcpt, transaction) < 50
                ? 1
                : 0;
  }
  EXPECT_GT(both, 4'700U);
  EXPECT_LT(both, 5'300U);
}

TEST(Share, GrowsWithoutLettingGoOfAnybody) {
  auto rule = test::rule("a rule", Stage::rcpt, "");
  for (unsigned n = 0; n < 200; ++n) {
    bool before = false;
    for (const unsigned share : {1U, 10U, 50U, 99U}) {
      rule.share = share;
      const auto now = *in_share(rule, numbered(n));
      EXPECT_TRUE(now || !before) << n << " at " << share;
      before = now;
    }
  }
}

TEST(Share, IsNotKnownForSomebodyWhoIsNotThere) {
  auto rule = test::rule("a rule", Stage::rcpt, "");
  EXPECT_EQ(in_share(rule, ordinary_transaction(Stage::connect)), true);
  rule.share = 50;
  EXPECT_EQ(in_share(rule, ordinary_transaction(Stage::mail)), std::nullopt);
  EXPECT_NE(in_share(rule, ordinary_transaction(Stage::rcpt)), std::nullopt);
  auto several = ordinary_transaction(Stage::data);
  several.recipient = {};
  EXPECT_EQ(in_share(rule, several), std::nullopt);
}

TEST(Share, IsWrittenAsAWholePercentage) {
  EXPECT_EQ(share_from_text("1%"), 1U);
  EXPECT_EQ(share_from_text("10%"), 10U);
  EXPECT_EQ(share_from_text("99%"), 99U);
  for (const auto* text :
       {"", "%", "0%", "00%", "01%", "100%", "10", "1.5%", "-1%", " 5%", "5 %"}) {
    EXPECT_EQ(share_from_text(text), std::nullopt) << text;
  }
}

constexpr const char* half = R"([[rule]]
name = "half of them"
stage = "rcpt"
mode = "50%"
reject = "policy-reject"
)";

TEST(RuleWithAShare, ActsInsideItAndIsAShadowRuleOutside) {
  const auto policy = testing::compile_policy(half);
  ASSERT_TRUE(policy);
  unsigned refused = 0;
  for (unsigned n = 0; n < 1000; ++n) {
    const auto transaction = numbered(n);
    const auto outcome = evaluate(*policy, transaction, {});
    const auto& decision = std::get<Decision>(outcome);
    const bool inside = *in_share(policy->rules().front(), transaction);
    EXPECT_EQ(decision.verdict, inside ? Verdict::reject : Verdict::pass);
    ASSERT_EQ(decision.trail.size(), 1U);
    const auto& entry = decision.trail.front();
    EXPECT_EQ(entry.share, 50U);
    EXPECT_EQ(entry.mode, inside ? RuleMode::enforce : RuleMode::shadow);
    EXPECT_EQ(entry.note, inside ? TrailNote::none : TrailNote::shadow);
    EXPECT_EQ(entry.truth, Truth::yes);
    refused += inside ? 1 : 0;
  }
  EXPECT_GT(refused, 450U);
  EXPECT_LT(refused, 550U);
}

TEST(RuleWithAShare, IsToldFromAWrongModeByItsPercentSign) {
  const auto problem = [](const char* mode) {
    return testing::diagnostics_of(
        "[[rule]]\nname = \"x\"\nreject = \"policy-reject\"\nstage = \"rcpt\"\n"
        "mode = \"" +
        std::string(mode) + "\"\n");
  };
  EXPECT_THAT(problem("100%"), HasSubstr("hint: write \"enforce\""));
  EXPECT_THAT(problem("0%"), HasSubstr("hint: write \"shadow\""));
  EXPECT_THAT(problem("2.5%"), HasSubstr("hint: a share is a whole number from 1% to 99%"));
  EXPECT_THAT(problem("shado"), HasSubstr("hint: did you mean \"shadow\"?"));
  EXPECT_THAT(problem("10%"), Not(HasSubstr("error")));
}

}  // namespace
}  // namespace postern
