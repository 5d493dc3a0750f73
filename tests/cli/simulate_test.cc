#include "model/time_text.h"
#include "runtime/maintenance_file.h"
#include "support/command_test.h"
#include "support/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

namespace postern::cli {
namespace {

using testing::expect_golden;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* rules = R"([identity]
host = "mx1.example.org"
contact = "postmaster@example.org"

[listen]
policy = "unix:/run/postern/policy.sock"

[table.partners]
kind = "cidr"
entries = ["198.51.100.0/24"]

[[rule]]
name = "partners are welcome"
when = 'client.ip in partners'
accept = "session"

[[rule]]
name = "a tenth of the unencrypted"
stage = "rcpt"
when = 'not tls'
reject = "policy-reject"
mode = "10%"

[[rule]]
name = "last summer"
stage = "rcpt"
reject = "policy-reject"
expires = "2026-08-31"

[[rule]]
name = "unknown recipients"
when = 'recipient.local == "nobody"'
reject = "rcpt-unknown"

[[rule]]
name = "too big"
when = 'size > 1MB'
reject = "message-too-big"

[[rule]]
name = "held"
stage = "end-of-message"
when = 'sender.domain == "new.example"'
quarantine = "too new"
tag = "new"
)";

class Simulate : public testing::CommandTest {
 protected:
  void SetUp() override {
    options_.command = Command::simulate;
    // Else the maintenance of a server on this machine would count.
    const auto journal = "\n[journal]\npath = \"" + (dir_ / "decisions.jsonl") + "\"\n";
    use(rules + journal);
    options_.scene = {{"time", "2026-11-21T12:00:00Z"}};
  }
  int run(std::vector<std::pair<std::string, std::string>> scene,
          const std::string& description = {}) {
    options_.scene.insert(options_.scene.end(), scene.begin(), scene.end());
    if (!description.empty()) options_.words = {dir_.write("description", description)};
    return CommandTest::run();
  }
  /// With the policy in a folder whose name is always as long, because lines are folded.
  void use_constant_folder() {
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(dir_.path());
    options_.place.config = "postern.toml";
    back_ = before;
  }
  void TearDown() override {
    if (!back_.empty()) std::filesystem::current_path(back_);
  }

  std::filesystem::path back_;
};

TEST_F(Simulate, TellsEachStageAndTheStoryOfTheLast) {
  EXPECT_EQ(run({{"client", "192.0.2.1"},
                 {"helo", "mail.example.net"},
                 {"sender", "a@example.net"},
                 {"recipient", "nobody@example.org"}}),
            0)
      << err_.str();
  const auto text = out_.str();
  EXPECT_THAT(text, HasSubstr("at connect: passed, no rule objected\n"
                              "at helo: passed, no rule objected\n"
                              "at mail: passed, no rule objected\n\n"
                              "refused for good with 550 5.1.1 (rcpt-unknown)\n"));
  EXPECT_THAT(text, HasSubstr("By the milter, byte for byte"));
  EXPECT_THAT(text, HasSubstr("    |action=550 5.1.1 "));
  EXPECT_THAT(text, HasSubstr("not asked: it has expired and is off"));
  EXPECT_THAT(err_.str(), IsEmpty());
}

TEST_F(Simulate, ReadsAsExpected) {
  use_constant_folder();
  EXPECT_EQ(run({{"client", "192.0.2.1"},
                 {"client-name", "mail.example.net"},
                 {"helo", "mail.example.net"},
                 {"sender", "a@example.net"},
                 {"recipient", "nobody@example.org"}}),
            0)
      << err_.str();
  const auto text = out_.str();
  expect_golden("cli/simulate.txt", text.substr(0, text.find("\nDecided by\n")));
}

TEST_F(Simulate, SaysThatAMessageWouldBeHeldAndWhatWouldBeDoneBesides) {
  EXPECT_EQ(run({{"client", "192.0.2.1"},
                 {"sender", "a@new.example"},
                 {"recipient", "bob@example.org"},
                 {"tls", "TLSv1.3"},
                 {"size", "2000"}}),
            0)
      << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("the MTA would take the message and hold it (too new)"));
  EXPECT_THAT(out_.str(), HasSubstr("What would be done besides\n  - tag new, by rule \"held\""));
}

TEST_F(Simulate, DecidesOnEachRecipientAndThenOnTheMessage) {
  EXPECT_EQ(run({{"client", "192.0.2.1"},
                 {"sender", "a@example.net"},
                 {"recipient", "nobody@example.org,bob@example.org"},
                 {"size", "2000000"}}),
            0)
      << err_.str();
  EXPECT_THAT(out_.str(),
              HasSubstr("at rcpt <nobody@example.org>: refused for good with 550 5.1.1"));
  EXPECT_THAT(out_.str(), HasSubstr("at rcpt <bob@example.org>: passed"));
  EXPECT_THAT(out_.str(), HasSubstr("\n\nrefused for good with 552 5.3.4 (message-too-big)\n"));
}

TEST_F(Simulate, TakesWhatPostfixAsks) {
  EXPECT_EQ(run({},
                "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
                "client_address=198.51.100.7\nclient_name=unknown\nreverse_client_name=unknown\n"
                "helo_name=mail.example.net\nsender=\nrecipient=nobody@example.org\nsize=0\n"),
            0)
      << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("at connect: accepted by \"partners are welcome\", "));
  EXPECT_THAT(out_.str(), HasSubstr("through Postfix's policy protocol, at stage"));
  EXPECT_THAT(out_.str(), HasSubstr("Nothing in our name: the MTA would be told to go on."));
}

TEST_F(Simulate, TakesADescriptionOfSwaksAndOptionsOverIt) {
  EXPECT_EQ(run({{"client", "192.0.2.1"}},
                "swaks --from a@example.net --to nobody@example.org --ehlo mail.example.net\n"),
            0)
      << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("refused for good with 550 5.1.1"));
}

TEST_F(Simulate, JsonIsOneObject) {
  options_.format = Format::json;
  EXPECT_EQ(run({{"client", "198.51.100.7"}}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr(R"("decisions":[{"stage":"connect","verdict":"accept",)"
                                    R"("rule":"partners are welcome","summary":"at connect: )"));
  EXPECT_THAT(out_.str(), HasSubstr(R"("replies":[],"record":{)"));
}

TEST_F(Simulate, TookNoNoticeOfAMaintenanceInForce) {
  const auto until = *time_from_text("2026-11-21T14:10:00Z");
  ASSERT_THAT(write_maintenance(dir_ / "maintenance", {until, true, "New disks.", {}}), IsEmpty());
  EXPECT_EQ(
      run({{"client", "192.0.2.1"}, {"sender", "a@example.net"}, {"recipient", "bob@example.org"}}),
      0)
      << err_.str();
  const auto text = shown(out_);
  EXPECT_THAT(text,
              StartsWith("A maintenance is in force until 2026-11-21T14:10:00Z, written down in\n"
                         "DIR/maintenance; --without-maintenance leaves it out.\n\n"));
  EXPECT_THAT(text, HasSubstr("421 4.3.2"));
  EXPECT_THAT(text, HasSubstr("The rule \"maintenance\", DIR/maintenance:1"));
  EXPECT_THAT(err_.str(), IsEmpty());

  options_.format = Format::json;
  EXPECT_EQ(run({}), 0);
  EXPECT_THAT(out_.str(), HasSubstr(R"("maintenance":{"until":"2026-11-21T14:10:00Z","file":")"));
}

TEST_F(Simulate, LeavesAMaintenanceOutThatIsOverThenOrNotWanted) {
  const auto until = *time_from_text("2026-11-21T14:10:00Z");
  ASSERT_THAT(write_maintenance(dir_ / "maintenance", {until, true, {}, {}}), IsEmpty());
  options_.without_maintenance = true;
  EXPECT_EQ(
      run({{"client", "192.0.2.1"}, {"sender", "a@example.net"}, {"recipient", "bob@example.org"}}),
      0)
      << err_.str();
  EXPECT_THAT(out_.str(), Not(HasSubstr("maintenance")));
  options_.without_maintenance = false;
  options_.scene.front().second = "2026-11-21T14:10:00Z";
  EXPECT_EQ(run({}), 0) << err_.str();
  EXPECT_THAT(out_.str(), Not(HasSubstr("maintenance")));
}

TEST_F(Simulate, SaysThatAFileOfMaintenanceIsBadAndGoesOnWithoutIt) {
  dir_.write("maintenance", "for ever\n");
  EXPECT_EQ(run({{"client", "192.0.2.1"}}), 0);
  EXPECT_THAT(err_.str(), HasSubstr("simulated without a maintenance: "));
  EXPECT_THAT(err_.str(), HasSubstr("this is no maintenance"));
}

TEST_F(Simulate, SaysWhatItCannotUse) {
  EXPECT_EQ(run({{"client", "here"}}), 64);
  EXPECT_EQ(err_.str(),
            "--client: error: \"here\" is not an IP address\n"
            "      hint: as in 192.0.2.1 or 2001:db8::1\n");
  EXPECT_THAT(out_.str(), IsEmpty());
}

TEST_F(Simulate, NeedsASenderForARecipient) {
  EXPECT_EQ(run({{"client", "192.0.2.1"}, {"recipient", "bob@example.org"}}), 64);
  EXPECT_THAT(err_.str(), HasSubstr("stage \"rcpt\" needs a sender"));
}

TEST_F(Simulate, ReadsAFileOfDnsAnswers) {
  options_.dns_file = dir_.write("dns.toml", "\"example.com MX\" = \"mail\\u0020x y\"\n");
  EXPECT_EQ(run({{"client", "192.0.2.1"}}), 65);
  EXPECT_THAT(err_.str(), HasSubstr("is not an MX record"));
}

}  // namespace
}  // namespace postern::cli
