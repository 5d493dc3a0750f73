// The shipped policy, compiled from the tree and asked as the doors would.
#include "postern/policy.h"

#include "checks/check.h"
#include "kit/run_tests.h"
#include "kit/test_report.h"
#include "rules/rule.h"
#include "rules/settings.h"
#include "support/policy_text.h"
#include "tables/table.h"

#include <gtest/gtest.h>

#include <string>

namespace postern {
namespace {

class StarterPolicy : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto result = Policy::compile(std::string(POSTERN_SOURCE_DIR) + "/conf/postern.toml",
                                        testing::disk_reader(), {});
    ASSERT_TRUE(result.ok()) << render(result.problems());
    EXPECT_EQ(render(result->warnings), "");
    policy_ = result->policy;
  }

  /// "accept", "pass", or the refusal's reason and code.
  std::string decide(const char* client, const char* sender, const char* recipient) {
    Transaction transaction;
    transaction.stage = Stage::rcpt;
    transaction.client.address = IpAddress::parse(client);
    transaction.authentication.user = Told<std::string>::absent();
    transaction.helo = std::string("client.example.com");
    transaction.sender = MailAddress::from_envelope(sender);
    transaction.declared_size = declared_size_;
    transaction.recipient = MailAddress::from_envelope(recipient);
    if (user_ != nullptr) transaction.authentication.user = std::string(user_);
    const auto outcome = evaluate(*policy_, transaction, {});
    const auto* decision = std::get_if<Decision>(&outcome);
    if (decision == nullptr) return "open";
    if (!decision->reply) return std::string(to_text(decision->verdict));
    return std::string(decision->reason->id) + ' ' + decision->reply->form().text();
  }

  std::shared_ptr<const Policy> policy_;
  Told<std::int64_t> declared_size_ = Told<std::int64_t>::absent();
  const char* user_ = nullptr;
};

TEST_F(StarterPolicy, TakesMailForMailboxesWeHave) {
  EXPECT_EQ(decide("192.0.2.1", "a@example.com", "alice@example.org"), "pass");
  EXPECT_EQ(decide("192.0.2.1", "<>", "bob@example.org"), "pass");
}

TEST_F(StarterPolicy, LeavesRelayingToTheMailServer) {
  EXPECT_EQ(decide("192.0.2.1", "alice@example.org", "friend@example.com"), "pass");
}

TEST_F(StarterPolicy, RefusesUnknownRecipientsAndBlockedClientsAndSenders) {
  EXPECT_EQ(decide("192.0.2.1", "a@example.com", "nobody@example.org"), "rcpt-unknown 550 5.1.1");
  EXPECT_EQ(decide("198.51.100.7", "a@example.com", "alice@example.org"),
            "client-blocked 550 5.7.1");
  EXPECT_EQ(decide("192.0.2.1", "x@blocked.example.com", "alice@example.org"),
            "sender-blocked 550 5.7.1");
}

TEST_F(StarterPolicy, PutsOffForNow) {
  EXPECT_EQ(decide("203.0.113.9", "a@example.com", "alice@example.org"), "policy-defer 450 4.7.0");
  EXPECT_EQ(decide("192.0.2.1", "later@example.com", "alice@example.org"),
            "policy-defer 450 4.7.0");
}

TEST_F(StarterPolicy, RefusesWhatIsTooBig) {
  declared_size_ = std::int64_t{20'000'000};
  EXPECT_EQ(decide("192.0.2.1", "a@example.com", "alice@example.org"), "message-too-big 552 5.3.4");
}

TEST_F(StarterPolicy, TakesWhatPostfixAdvertisesByDefault) {
  declared_size_ = std::int64_t{10'240'000};
  EXPECT_EQ(decide("192.0.2.1", "a@example.com", "alice@example.org"), "pass");
  declared_size_ = std::int64_t{10'240'001};
  EXPECT_EQ(decide("192.0.2.1", "a@example.com", "alice@example.org"), "message-too-big 552 5.3.4");
}

TEST_F(StarterPolicy, PostmasterAndAbuseCanAlwaysBeReached) {
  EXPECT_EQ(decide("198.51.100.7", "spammer@example.com", "Postmaster@example.org"), "accept");
  EXPECT_EQ(decide("203.0.113.9", "<>", "abuse@example.net"), "accept");
}

TEST_F(StarterPolicy, OurOwnUsersAreNotJudgedByTheirNetwork) {
  user_ = "alice";
  EXPECT_EQ(decide("198.51.100.7", "alice@example.org", "friend@example.com"), "pass");
}

TEST_F(StarterPolicy, ListensAsItsManualSays) {
  const auto& listen = policy_->settings().listen;
  ASSERT_TRUE(listen.milter);
  EXPECT_EQ(listen.milter->postfix_text(), "unix:/run/postern/milter.sock");
  ASSERT_EQ(listen.policy.size(), 2U);
  EXPECT_EQ(listen.policy[0].postfix_text(), "unix:/run/postern/policy.sock");
  EXPECT_EQ(listen.policy[1].postfix_text(), "inet:127.0.0.1:10044");
  ASSERT_TRUE(listen.control);
  EXPECT_EQ(listen.control->postfix_text(), "unix:/run/postern/control.sock");
}

TEST(StarterPolicyWithDns, HoldsWhatItsTestsSayWhenTheMainFileIncludesIt) {
  const auto disk = testing::disk_reader();
  const FileReader reader(
      [&](const std::string& path) -> Result<std::string> {
        auto text = disk.read(path);
        const std::string includes = "include = [\"tables.toml\", \"rules/*.toml\"";
        if (!text || text->find(includes) == std::string::npos || !path.ends_with("postern.toml")) {
          return text;
        }
        return text->replace(text->find(includes), includes.size(), includes + ", \"dns.toml\"");
      },
      disk.match);
  const auto result =
      Policy::compile(std::string(POSTERN_SOURCE_DIR) + "/conf/postern.toml", reader, {});
  ASSERT_TRUE(result.ok()) << render(result.problems());
  EXPECT_EQ(render(result->warnings), "");
  ASSERT_NE(result->policy->checks().find("zen"), nullptr) << "dns.toml was not included";
  for (const auto& test : run_tests(result->policy, result->policy->tests(), {})) {
    EXPECT_TRUE(test.passed()) << failure_text(test);
  }
}

}  // namespace
}  // namespace postern
