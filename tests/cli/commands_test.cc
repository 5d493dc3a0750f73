#include "cli/json.h"
#include "cli/load.h"
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

constexpr const char* good_policy = R"([identity]
host = "mx1.example.org"
contact = "postmaster@example.org"

[listen]
milter = "unix:/run/postern/milter.sock"
policy = ["unix:/run/postern/policy.sock", "inet:127.0.0.1:10044"]
control = "unix:/run/postern/control.sock"

[table.blocked]
kind = "cidr"
entries = ["198.51.100.0/24", "203.0.113.7"]

[[rule]]
name = "blocked networks"
when = 'client.ip in blocked'
reject = "client-blocked"
stage = "rcpt"

[[rule]]
name = "too large"
when = 'size > 10MB'
reject = "message-too-big"
mode = "shadow"
)";

using Commands = testing::CommandTest;

TEST_F(Commands, CheckSummarisesAPolicyWithoutProblems) {
  use(good_policy);
  EXPECT_EQ(run(Command::check), 0) << err_.str();
  EXPECT_THAT(err_.str(), IsEmpty());
  auto text = shown(out_);
  // The digest covers the names of the files, and with them the test's own directory.
  const auto digest = text.find(": policy ") + 9;
  text.replace(digest, text.find(',', digest) - digest, "DIGEST");
  expect_golden("cli/check_good.txt", text);
}

TEST_F(Commands, CheckSaysWhatRulesAddAndDo) {
  use(R"(
[identity]
host = "mx1.example.org"
[[rule]]
name = "no encryption"
when = 'not tls'
score = { spam = 2.5, known = -1 }
[[rule]]
name = "marked and counted"
when = 'helo == "a.example"'
tag = "odd"
score = { spam = 1 }
mode = "shadow"
[[rule]]
name = "enough"
when = 'score.spam >= 2'
add_header = "X-Spam: yes"
)");
  EXPECT_EQ(run(Command::check), 0) << err_.str();
  auto text = shown(out_);
  text = text.substr(text.find("Rules,"));
  expect_golden("cli/check_scores.txt", text.substr(0, text.find("Listeners:")));
}

TEST_F(Commands, LinesLetTheServerWaitForWhatRulesDelay) {
  use("[identity]\nhost = \"mx1.example.org\"\n[listen]\npolicy = \"inet:127.0.0.1:10044\"\n"
      "[[rule]]\nname = \"a\"\ndelay = \"4s\"\n[[rule]]\nname = \"b\"\ndelay = \"5s\"\n"
      "[[rule]]\nname = \"c\"\nstage = \"data\"\ndelay = \"8s\"\n");
  EXPECT_EQ(run(Command::lines), 0) << err_.str();
  // 8s of the deadline, 9s of the first two, 7s for the answer's way.
  EXPECT_THAT(out_.str(), HasSubstr(", timeout=24s }"));
}

TEST_F(Commands, CheckListsEveryProblemAndRefuses) {
  use("[identity]\nhots = \"mx1.example.org\"\n\n[[rule]]\nname = \"x\"\nreject = \"spam\"\n");
  EXPECT_EQ(run(Command::check), 78);
  EXPECT_THAT(out_.str(), IsEmpty());
  expect_golden("cli/check_bad.txt", shown(err_));
}

TEST_F(Commands, CheckWarnsOfAPolicyThatNobodyCanReach) {
  use("[identity]\nhost = \"mx\"\n");
  EXPECT_EQ(run(Command::check), 0) << err_.str();
  auto text = shown(out_);
  expect_golden("cli/check_without_listeners.txt", text.substr(text.find("Listeners:")));
}

TEST_F(Commands, CheckWarnsOfUsersAndGroupsThatThisMachineDoesNotHave) {
  use("[identity]\nhost = \"mx1.example.org\"\n[listen]\npolicy = \"unix:/run/p.sock\"\n"
      "owner = \"no-such-user\"\ngroup = \"no-such-group\"\n[run]\nuser = \"nobody\"\n");
  EXPECT_EQ(run(Command::check), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("warning: listen.owner: there is no user no-such-user on this "
                                    "machine; \"postern serve\" would not start here\n"));
  EXPECT_THAT(out_.str(), HasSubstr("warning: listen.group: there is no group no-such-group"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("run.user")));
}

TEST_F(Commands, ProblemsShowWhatTheTerminalCan) {
  use("[identity]\nhost = \"mx1.example.org\"\nh\xC3\xB6st = 1\n");
  EXPECT_EQ(run(Command::check), 78);
  EXPECT_THAT(err_.str(), HasSubstr("1 error, 0 warnings\n"));
  EXPECT_THAT(err_.str(), Not(HasSubstr("\xC3")));
}

TEST_F(Commands, CheckTakesTheFileAsAnArgument) {
  use("broken = ");
  const auto good = dir_.write("other.toml", good_policy);
  EXPECT_EQ(run(Command::check, {good}), 0) << err_.str();
  EXPECT_EQ(run(Command::check, {dir_ / "missing.toml"}), 78);
  EXPECT_THAT(err_.str(), HasSubstr("No such file or directory"));
}

TEST_F(Commands, LinesComeFromThePolicyWithTheRootInFront) {
  use(good_policy);
  options_.place.root = dir_ / "root";
  EXPECT_EQ(run(Command::lines), 0) << err_.str();
  EXPECT_THAT(shown(out_), HasSubstr("smtpd_milters = unix:DIR/root/run/postern/milter.sock"));
}

TEST_F(Commands, LinesNameNoPortThatTheSystemIsYetToChoose) {
  use("[identity]\nhost = \"mx1.example.org\"\n[listen]\n"
      "policy = [\"inet:127.0.0.1:0\", \"inet:127.0.0.1:10044\"]\n");
  EXPECT_EQ(run(Command::lines), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("check_policy_service { inet:127.0.0.1:10044"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("127.0.0.1:0")));
  EXPECT_THAT(err_.str(), HasSubstr("an address of port 0 is left out"));
}

TEST_F(Commands, WhateverAsksTheServerSaysThatNobodyListens) {
  use(good_policy);
  options_.place.root = dir_.path();
  for (const auto command : {Command::status, Command::reload, Command::reopen, Command::stop}) {
    EXPECT_EQ(run(command), 69);
    EXPECT_THAT(shown(err_), HasSubstr("cannot connect to unix:DIR/run/postern/control.sock"));
    EXPECT_THAT(err_.str(), HasSubstr("name the old one with --control"));
  }
}

TEST_F(Commands, WithoutAControlSocketThePolicyIsAtFaultAndNotTheServer) {
  use("[identity]\nhost = \"mx1.example.org\"\n[listen]\npolicy = \"unix:/run/p.sock\"\n");
  EXPECT_EQ(run(Command::reopen), 78) << "log rotation takes 69 for a server that does not run";
  EXPECT_THAT(err_.str(), HasSubstr("sets no listen.control"));
  options_.control = "nonsense";
  EXPECT_EQ(run(Command::reopen), 64);
}

TEST_F(Commands, DoctorDoesNotGuessWhomAnUnknownUserMeans) {
  use(good_policy);
  options_.mta_user = "no-such-user";
  EXPECT_EQ(run(Command::doctor), 67);
  EXPECT_THAT(err_.str(), HasSubstr("there is no user no-such-user"));
}

TEST_F(Commands, ABrokenPolicyKeepsNobodyFromAskingTheServer) {
  use("broken = ");
  options_.place.root = dir_.path();
  EXPECT_EQ(run(Command::stop), 69);
  EXPECT_THAT(shown(err_), HasSubstr("asking at DIR/run/postern/control.sock"));
  options_.control = "unix:" + (dir_ / "other.sock");
  EXPECT_EQ(run(Command::stop), 69);
  EXPECT_THAT(shown(err_), Not(HasSubstr("asking at")));
}

TEST_F(Commands, ExplainSaysWhereItLookedInVain) {
  use(std::string(good_policy) + "[journal]\npath = \"/decisions.jsonl\"\n");
  options_.place.root = dir_.path();
  EXPECT_EQ(run(Command::explain, {"4ABCDEF"}), 66);
  dir_.write("decisions.jsonl", "");
  EXPECT_EQ(run(Command::explain, {"4ABCDEF"}), 65);
  EXPECT_THAT(shown(err_), HasSubstr("nothing in DIR/decisions.jsonl about 4ABCDEF"));
  EXPECT_THAT(shown(err_), HasSubstr("journal.lost"));
  dir_.write("decisions.jsonl.1", "");
  EXPECT_EQ(run(Command::explain, {"4ABCDEF"}), 65);
  EXPECT_THAT(shown(err_), HasSubstr("nothing in DIR/decisions.jsonl and 1 older file about"));
}

TEST_F(Commands, AMistypedReferenceWasTakenForAQueueId) {
  use(std::string(good_policy) + "[journal]\npath = \"/decisions.jsonl\"\n");
  options_.place.root = dir_.path();
  dir_.write("decisions.jsonl", "");
  EXPECT_EQ(run(Command::explain, {"ref", "3589-5EWC-SR1T"}), 65);
  EXPECT_THAT(err_.str(), HasSubstr("one of its characters was misread"));
  EXPECT_THAT(err_.str(), Not(HasSubstr("journal.lost")));
}

TEST_F(Commands, ExplainSaysWhenMailThatPassesIsNotRecorded) {
  use(std::string(good_policy) + "[journal]\npath = \"/decisions.jsonl\"\naccepts = \"none\"\n");
  options_.place.root = dir_.path();
  dir_.write("decisions.jsonl", "");
  EXPECT_EQ(run(Command::explain, {"4ABCDEF"}), 65);
  EXPECT_THAT(err_.str(), HasSubstr("(journal.accepts = \"none\")"));
}

TEST_F(Commands, CodesLookUpTheWordsOfACommandLineAsOneThing) {
  EXPECT_EQ(run(Command::codes, {"550", "5.7.26"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("5.7.26"));
  EXPECT_EQ(run(Command::codes), 0);
  EXPECT_THAT(out_.str(), HasSubstr("dnsbl-listed"));
  EXPECT_EQ(run(Command::codes, {"qqqqqqqqqqqqqqqq"}), 65);
  EXPECT_FALSE(err_.str().empty());
}

TEST(StatusJson, PutsDottedNamesIntoObjects) {
  StatusText status;
  status.add("version", std::string("0.1.0"));
  status.add("milter.sessions", std::uint64_t{3});
  status.add("milter.failures", std::uint64_t{0});
  status.add("policy.digest", std::string("0012"));
  EXPECT_EQ(to_json(status),
            "{\n  \"version\": \"0.1.0\",\n  \"milter\": {\n    \"sessions\": 3,\n"
            "    \"failures\": 0\n  },\n  \"policy\": {\n    \"digest\": \"0012\"\n  }\n}");
}

TEST_F(Commands, MaintenanceIsWrittenDownBesideTheJournalAndTakenBack) {
  use(std::string(good_policy) + "\n[journal]\npath = \"" + dir_.path() + "/decisions.jsonl\"\n");
  options_.control = "unix:" + dir_.path() + "/none.sock";
  EXPECT_EQ(run(Command::maintenance, {"status"}), 0);
  EXPECT_EQ(shown(out_), "off\n");
  EXPECT_EQ(run(Command::maintenance, {"on"}), 64);
  options_.until = "yesterday";
  EXPECT_EQ(run(Command::maintenance, {"on"}), 64);
  options_.until = "2h";
  options_.reason_text = "a; b";
  EXPECT_EQ(run(Command::maintenance, {"on"}), 64);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/maintenance"));
  options_.reason_text = "New disks.";
  EXPECT_EQ(run(Command::maintenance, {"on"}), 0) << err_.str();
  EXPECT_THAT(shown(out_), HasSubstr("Senders read 421 4.3.2 \"The mail service is under "
                                     "maintenance until about "));
  EXPECT_THAT(shown(out_), HasSubstr(" New disks.\"\nNo server answers; it holds for the next"));
  EXPECT_EQ(run(Command::maintenance, {"status"}), 0);
  EXPECT_THAT(shown(out_), HasSubstr("until 20"));
  EXPECT_EQ(run(Command::maintenance, {"off"}), 0);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/maintenance"));
}

TEST_F(Commands, ImportWritesAFragmentAndTellsWhatItLeftOut) {
  const auto file = dir_.write("senders", "bulk.example REJECT\nlost.example DISCARD\n");
  EXPECT_EQ(run(Command::import_rules, {file}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("reject = \"sender-blocked\""));
  EXPECT_EQ(
      shown(err_),
      "DIR/senders:2: left out: mail is not dropped silently by imported rules; decide on each "
      "yourself\n"
      "    lost.example DISCARD\n"
      "DIR/senders: 1 of 2 statements carried over, 1 left out\n");
  options_.strict = true;
  EXPECT_EQ(run(Command::import_rules, {file}), 65);
  EXPECT_EQ(run(Command::import_rules, {dir_.path() + "/none"}), 66);
}

TEST_F(Commands, ImportIntoAFolderOverwritesNothingAndIsAPolicyWithItsTables) {
  std::string list;
  for (int i = 0; i < 25; ++i) list += "d" + std::to_string(i) + ".example REJECT\n";
  const auto file = dir_.write("senders", list);
  options_.output = dir_.path() + "/new";
  EXPECT_EQ(run(Command::import_rules, {file}), 0) << err_.str();
  EXPECT_THAT(out_.str(), IsEmpty());
  use("include = [\"new/*.toml\"]\n" + std::string(good_policy));
  EXPECT_EQ(run(Command::check), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("senders_domains_refused: domain, 50 entries"));
  EXPECT_EQ(run(Command::import_rules, {file}), 73);
  EXPECT_THAT(err_.str(), HasSubstr("is there already; nothing is overwritten"));
}

}  // namespace
}  // namespace postern::cli
