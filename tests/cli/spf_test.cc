// postern spf: what a person reads who asks for an evaluation by hand.
#include "support/command_test.h"
#include "support/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <sysexits.h>

namespace postern::cli {
namespace {

using testing::expect_golden;
using ::testing::HasSubstr;

constexpr const char* zone =
    R"("example.com TXT" = "v=spf1 include:_spf.example.net mx -all exp=why.example.com"
"_spf.example.net TXT" = "v=spf1 ip4:198.51.100.0/24 a:none.example.net ?all"
"example.com MX" = ["10 mail.example.com", "20 mail2.example.com"]
"mail.example.com A" = "192.0.2.1"
"mail2.example.com A" = "192.0.2.2"
"why.example.com TXT" = "%{i} is not one of %{d}"
"mail.example.com TXT" = "v=spf1 a -all"
"dead.example TXT" = "TIMEOUT"
"broken.example TXT" = "v=spf1 ipv4:192.0.2.1 -all"
)";

class SpfCommand : public testing::CommandTest {
 protected:
  void SetUp() override {
    use("[identity]\nhost = \"mx1.example.org\"\n");
    options_.dns_file = dir_.write("zone.toml", zone);
  }
  int ask(const std::string& client, const std::string& helo, const std::string& sender) {
    return run(Command::spf, {client, helo, sender});
  }
};

TEST_F(SpfCommand, ShowsEachStepOfAFail) {
  EXPECT_EQ(ask("203.0.113.9", "mail.example.com", "a@example.com"), EX_OK) << err_.str();
  expect_golden("cli/spf_fail.txt", out_.str());
}

TEST_F(SpfCommand, ShowsAPassAndTheFieldForTheMessage) {
  EXPECT_EQ(ask("192.0.2.1", "mail.example.com", "a@example.com"), EX_OK);
  expect_golden("cli/spf_pass.txt", out_.str());
}

TEST_F(SpfCommand, TakesTheNullSenderForTheHeloName) {
  EXPECT_EQ(ask("192.0.2.1", "mail.example.com", "<>"), EX_OK);
  expect_golden("cli/spf_null_sender.txt", out_.str());
}

TEST_F(SpfCommand, SaysWhatIsWrongWithARecord) {
  EXPECT_EQ(ask("192.0.2.1", "nobody", "a@broken.example"), EX_OK);
  expect_golden("cli/spf_broken.txt", out_.str());
}

TEST_F(SpfCommand, TroubleOfDnsIsTroubleForScriptsToo) {
  EXPECT_EQ(ask("192.0.2.1", "nobody", "a@dead.example"), EX_TEMPFAIL);
  EXPECT_THAT(out_.str(), HasSubstr("dead.example: temperror"));
}

TEST_F(SpfCommand, RefusesWhatIsNoAddress) {
  EXPECT_EQ(ask("example.com", "nobody", "a@dead.example"), EX_USAGE);
  EXPECT_THAT(err_.str(), HasSubstr("\"example.com\" is not an IP address"));
}

TEST_F(SpfCommand, RefusesAZoneThatIsNone) {
  options_.dns_file = dir_.write("bad.toml", "\"example.com\" = 1\n");
  EXPECT_EQ(ask("192.0.2.1", "nobody", "a@example.com"), EX_DATAERR);
}

// What a decision looks like that rests on DNS: the same story as explain tells of a record.
TEST_F(SpfCommand, SimulateTellsOfSpfAndOfEachAnswer) {
  use(R"([identity]
host = "mx1.example.org"

[listen]
milter = "unix:/run/postern/milter.sock"
policy = "unix:/run/postern/policy.sock"

[check.bad]
kind = "dnsbl"
zone = "bad.example"
title = "the Bad List"
lookup = "https://bad.example/q/{value}"

[[rule]]
name = "forged senders"
stage = "rcpt"
when = 'spf == "fail"'
reject = "spf-fail"

[[rule]]
name = "listed clients"
stage = "rcpt"
when = 'bad == "listed"'
reject = "dnsbl-listed"
)");
  options_.command = Command::simulate;
  options_.words = {};
  options_.without_maintenance = true;
  // With the policy in a folder whose name is always as long, because lines are folded.
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir_.path());
  options_.place.config = "postern.toml";
  const auto simulate = [&](const char* client) {
    options_.scene = {{"client", client},
                      {"helo", "mail.example.com"},
                      {"sender", "a@example.com"},
                      {"recipient", "bob@example.org"},
                      {"time", "2026-11-21T12:00:00Z"},
                      {"dns", "1.2.0.192.bad.example A=127.0.0.2"},
                      {"dns", "1.2.0.192.bad.example TXT=Seen sending spam"}};
    EXPECT_EQ(run(), EX_OK) << err_.str();
    return shown(out_);
  };
  const auto forged = simulate("203.0.113.9");
  const auto listed = simulate("192.0.2.1");
  std::filesystem::current_path(before);
  expect_golden("cli/simulate_spf.txt", forged);
  expect_golden("cli/simulate_listed.txt", listed);
}

}  // namespace
}  // namespace postern::cli
