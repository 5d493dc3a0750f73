#include "rules/expiry.h"

#include "kit/scene.h"
#include "model/time_text.h"
#include "support/policy_text.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(Expiry, IsTheEndOfADayOrATime) {
  EXPECT_EQ(expiry_from_text("2027-01-31"), time_from_text("2027-02-01T00:00:00Z"));
  EXPECT_EQ(expiry_from_text("2027-01-31T12:00:00+01:00"), time_from_text("2027-01-31T11:00:00Z"));
  EXPECT_EQ(expiry_from_text("2027-02-30"), std::nullopt);
  EXPECT_EQ(expiry_from_text("soon"), std::nullopt);
  EXPECT_EQ(expiry_text(*expiry_from_text("2261-12-31")), "2261-12-31");
  EXPECT_EQ(expiry_from_text("2262-01-01"), std::nullopt) << "clocks would take it for the past";
  EXPECT_EQ(expiry_from_text("9999-12-31"), std::nullopt);
  EXPECT_EQ(expiry_text(*expiry_from_text("2027-01-31")), "2027-01-31");
  EXPECT_EQ(expiry_text(*time_from_text("2027-01-31T08:05:09Z")), "2027-01-31T08:05:09Z");
}

constexpr const char* summer = R"([[rule]]
name = "one summer"
stage = "rcpt"
when = 'sender.domain == "example.net"'
reject = "policy-reject"
expires = 2027-08-31

[[rule]]
name = "for ever"
stage = "rcpt"
defer = "policy-defer"
)";

Decision decision_at(const Policy& policy, const char* time, Stage stage = Stage::rcpt) {
  auto transaction = test::ordinary_transaction(stage);
  transaction.time = *time_from_text(time);
  return std::get<Decision>(evaluate(policy, transaction, {}));
}

TEST(Expiry, ARuleActsOnItsLastDayAndIsOffAfterIt) {
  const auto policy = testing::compile_policy(summer);
  ASSERT_TRUE(policy);
  EXPECT_EQ(decision_at(*policy, "2027-08-31T23:59:59Z").rule->name, "one summer");
  const auto after = decision_at(*policy, "2027-09-01T00:00:00Z");
  EXPECT_EQ(after.rule->name, "for ever");
  ASSERT_THAT(after.trail, SizeIs(2));
  EXPECT_EQ(after.trail.front().note, TrailNote::expired);
  EXPECT_EQ(after.trail.front().truth, Truth::no);
  EXPECT_EQ(after.trail.back().note, TrailNote::none);
}

TEST(Expiry, AnExpiredRuleAsksNothingAndSoftensNothing) {
  const auto policy = testing::compile_policy(R"(
[[rule]]
name = "friends for a while"
stage = "rcpt"
when = 'tls.version == "TLSv1.3"'
accept = "message"
expires = "2027-08-31T12:00:00Z"

[[rule]]
name = "all others"
stage = "rcpt"
reject = "policy-reject"
)");
  ASSERT_TRUE(policy);
  auto transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.tls.version = {};
  transaction.time = *time_from_text("2027-08-31T11:59:59Z");
  EXPECT_EQ(std::get<Decision>(evaluate(*policy, transaction, {})).verdict, Verdict::defer);
  EXPECT_EQ(std::get<Decision>(evaluate(*policy, transaction, {})).softened_by,
            "friends for a while");
  transaction.time = *time_from_text("2027-08-31T12:00:00Z");
  EXPECT_EQ(std::get<Decision>(evaluate(*policy, transaction, {})).softened_by, "");
  EXPECT_EQ(std::get<Decision>(evaluate(*policy, transaction, {})).verdict, Verdict::reject);
}

TEST(Expiry, ManyRulesAreFoundByTheirValuesAllTheSame) {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text += "[[rule]]\nname = \"rule " + std::to_string(i) +
            "\"\nstage = \"rcpt\"\nwhen = 'sender.domain == \"" +
            (i < 50 ? "example.net" : "d" + std::to_string(i) + ".example") +
            "\"'\nreject = \"policy-reject\"\n" +
            (i < 40 ? "expires = \"2027-01-" + std::to_string(10 + i % 20) + "\"\n" : "");
  }
  const auto policy = testing::compile_policy(text);
  ASSERT_TRUE(policy);
  EXPECT_EQ(decision_at(*policy, "2027-01-01").rule->name, "rule 0");
  EXPECT_EQ(decision_at(*policy, "2027-01-12").rule->name, "rule 2");
  EXPECT_EQ(decision_at(*policy, "2027-02-01").rule->name, "rule 40");
}

TEST(Expiry, WhatIsOffIsListed) {
  const auto policy = testing::compile_policy(summer);
  ASSERT_TRUE(policy);
  EXPECT_THAT(expired_rules(*policy, *time_from_text("2027-08-31")), SizeIs(0));
  EXPECT_THAT(expired_rules(*policy, *time_from_text("2027-09-01")), SizeIs(1));
  EXPECT_EQ(render(expiry_warnings(*policy, *time_from_text("2027-09-01"))),
            "postern.toml:1:1: warning: the rule \"one summer\" has expired (2027-08-31) and is "
            "off\n      hint: take it out, or give it a later \"expires\"\n");
}

TEST(Expiry, WhatHasJustEndedIsToldOnce) {
  const auto policy = testing::compile_policy(summer);
  ASSERT_TRUE(policy);
  const auto end = *time_from_text("2027-09-01T00:00:00Z");
  const std::chrono::seconds moment(1);
  EXPECT_THAT(expiry_warnings(*policy, end - moment - moment, end - moment), SizeIs(0));
  EXPECT_THAT(expiry_warnings(*policy, end - moment, end), SizeIs(1));
  EXPECT_THAT(expiry_warnings(*policy, end, end + moment), SizeIs(0));
}

TEST(Expiry, OtherValuesAreRefused) {
  const auto problem = [](const char* value) {
    return testing::diagnostics_of(
        "[[rule]]\nname = \"x\"\nreject = \"spam\"\nstage = \"data\"\nexpires = " +
        std::string(value) + "\n");
  };
  EXPECT_THAT(problem("\"next week\""), HasSubstr("\"next week\" is neither a day nor a time"));
  EXPECT_THAT(problem("12:00:00"), HasSubstr("\"12:00:00\" is neither a day nor a time"));
  EXPECT_THAT(problem("2027"), HasSubstr("\"expires\" is a day such as \"2027-01-31\", or a time, "
                                         "not a whole number"));
}

}  // namespace
}  // namespace postern
