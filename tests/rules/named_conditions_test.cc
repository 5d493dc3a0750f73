// Conditions with a name of their own, [when.NAME].
#include "postern/decision.h"
#include "rules/rule.h"
#include "support/policy_text.h"
#include "support/transactions.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace postern {
namespace {

std::shared_ptr<const Policy> policy_with(const std::string& conditions, const std::string& when) {
  return testing::compile_policy(conditions + "[[rule]]\nname = \"r\"\nwhen = '" + when +
                                 "'\nreject = \"policy-reject\"\n");
}

Decision decided(const Policy& policy, const Transaction& transaction) {
  auto result = evaluate(policy, transaction, {});
  EXPECT_TRUE(std::holds_alternative<Decision>(result));
  return std::get<Decision>(result);
}

constexpr const char* conditions =
    "[when.late]\nis = 'strangers and recipient.domain == \"example.org\"'\n"
    "[when.strangers]\nis = 'not client.authenticated and not (client.ip in [\"192.0.2.0/28\"])'\n"
    "[when.always]\nis = 'true'\n";

TEST(NamedConditions, StandForThemselvesInParentheses) {
  auto transaction = test::ordinary_transaction(Stage::rcpt);
  for (const auto& address : {"192.0.2.7", "198.51.100.1"}) {
    transaction.client.address = IpAddress::parse(address);
    for (const auto& [named, written] :
         {std::pair{"late",
                    "(not client.authenticated and not (client.ip in [\"192.0.2.0/28\"])) "
                    "and recipient.domain == \"example.org\""},
          std::pair{"not late",
                    "client.authenticated or client.ip in [\"192.0.2.0/28\"] or "
                    "recipient.domain != \"example.org\""},
          std::pair{"late or tls",
                    "(not client.authenticated and not (client.ip in "
                    "[\"192.0.2.0/28\"]) and recipient.domain == "
                    "\"example.org\") or tls"},
          std::pair{"always and not strangers",
                    "client.authenticated or client.ip in [\"192.0.2.0/28\"]"}}) {
      const auto with_name = policy_with(conditions, named);
      const auto without = policy_with("", written);
      ASSERT_TRUE(with_name && without);
      EXPECT_EQ(decided(*with_name, transaction).verdict, decided(*without, transaction).verdict)
          << named << " for " << address;
    }
  }
}

TEST(NamedConditions, LendTheirStageToTheRule) {
  const auto policy = policy_with(conditions, "late");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->rules().front().place.stage, Stage::rcpt);
}

TEST(NamedConditions, ShowWhatTheyLookedAt) {
  const auto policy = policy_with(conditions, "late");
  ASSERT_TRUE(policy);
  auto transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.client.address = IpAddress::parse("198.51.100.1");
  const auto decision = decided(*policy, transaction);
  ASSERT_EQ(decision.verdict, Verdict::reject);
  ASSERT_EQ(decision.trail.size(), 1U);
  std::string names;
  for (const auto& evidence : decision.trail.front().evidence) names += evidence.name + ' ';
  EXPECT_EQ(names, "client.authenticated client.ip recipient.domain ");
}

TEST(NamedConditions, MayStandInAnIncludedFile) {
  const auto result = testing::compile_files(
      {{"postern.toml",
        "include = [\"more.toml\"]\n[identity]\nhost = \"mx1.example.org\"\n[[rule]]\nname = "
        "\"r\"\n"
        "when = 'strangers'\nreject = \"policy-reject\"\n"},
       {"more.toml", "[when.strangers]\nis = 'not client.authenticated'\n"}});
  EXPECT_TRUE(result) << render(result.problems());
}

}  // namespace
}  // namespace postern
