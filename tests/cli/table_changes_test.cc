// A table's file that changes while the program serves: it must reach the next answer without a
// reload, and a bad one must change nothing.
#include "support/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

namespace postern {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::patience;
using testing::policy_text;

constexpr const char* table_rule = R"(
[table.unwanted]
kind = "domain"
file = "/etc/postern/unwanted"

[[rule]]
name = "unwanted senders"
stage = "rcpt"
when = 'sender.domain in unwanted'
reject = "sender-blocked"
)";

/// Of a message of its own each time: the recipients of one message are answered under one policy.
std::string request_from(const std::string& sender) {
  static int messages = 0;
  return "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
         "client_address=192.0.2.1\nclient_name=unknown\nreverse_client_name=unknown\n"
         "helo_name=x.example\nsender=" +
         sender + "\nrecipient=bob@example.org\ninstance=1.2.3." + std::to_string(++messages) +
         "\npolicy_context=recipient\n\n";
}

class TableChanges : public testing::Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    dir_.write("etc/postern/postern.toml", std::string(policy_text) + table_rule);
    dir_.write("etc/postern/unwanted", "one.example\n");
  }
  /// As an administrator should: a new file beside the old one, then renamed.
  void replace_table(const std::string& text) {
    const auto fresh = dir_.write("etc/postern/unwanted.new", text);
    ASSERT_EQ(std::rename(fresh.c_str(), (dir_ / "etc/postern/unwanted").c_str()), 0);
  }
  /// Until the status says so, which it does once the new table is in force.
  std::string status_once(const std::string& name, const std::string& awaited) const {
    const auto until = std::chrono::steady_clock::now() + patience;
    auto value = status_value(name);
    while (value != awaited && std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
      value = status_value(name);
    }
    return value;
  }
};

TEST_F(TableChanges, ReachTheNextAnswerWithoutAReload) {
  serve();
  EXPECT_THAT(ask_policy(request_from("a@one.example")), HasSubstr("action=5"));
  EXPECT_THAT(ask_policy(request_from("a@two.example")), HasSubstr("action=DUNNO"));
  const auto before = status_value("policy.digest");
  replace_table("two.example  # until 2099-12-31: ticket 4711\nthree.example\n");
  ASSERT_EQ(status_once("tables.unwanted.entries", "2"), "2");
  EXPECT_THAT(ask_policy(request_from("a@one.example")), HasSubstr("action=DUNNO"));
  const auto refused = ask_policy(request_from("a@two.example"));
  EXPECT_THAT(refused, HasSubstr("action=5"));
  EXPECT_NE(status_value("policy.digest"), before);

  const auto at = refused.find("ref ");
  ASSERT_NE(at, std::string::npos) << refused;
  EXPECT_EQ(run({"stop"}).status, 0);
  const auto told = run({"explain", "--admin", refused.substr(at, 18)});
  EXPECT_EQ(told.status, 0) << told.output;
  EXPECT_THAT(told.output, HasSubstr("entry two.example"));
  EXPECT_THAT(told.output, HasSubstr("unwanted:1"));
  EXPECT_THAT(told.output, HasSubstr("ticket 4711"));
}

TEST_F(TableChanges, ABadFileKeepsTheOldEntriesAndIsToldUntilItIsMended) {
  serve();
  const auto before = status_value("policy.digest");
  replace_table("one.example\nnot a domain at all\n");
  ASSERT_EQ(status_once("tables.in_trouble", "1"), "1");
  EXPECT_THAT(status_value("tables.unwanted.trouble"), HasSubstr("unwanted:2"));
  EXPECT_THAT(output_until("unwanted:2"), HasSubstr("unwanted:2"));
  EXPECT_EQ(status_value("policy.digest"), before);
  EXPECT_THAT(ask_policy(request_from("a@one.example")), HasSubstr("action=5"));

  replace_table("four.example\n");
  ASSERT_EQ(status_once("tables.in_trouble", "0"), "0");
  EXPECT_THAT(ask_policy(request_from("a@one.example")), HasSubstr("action=DUNNO"));
  EXPECT_THAT(ask_policy(request_from("a@four.example")), HasSubstr("action=5"));
}

TEST_F(TableChanges, AMissingFileKeepsTheServerFromStarting) {
  ASSERT_EQ(std::remove((dir_ / "etc/postern/unwanted").c_str()), 0);
  const auto refused = run({"serve"});
  EXPECT_EQ(refused.status, 78) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("unwanted"));
  EXPECT_THAT(refused.output, Not(HasSubstr("ready: ")));
}

}  // namespace
}  // namespace postern
