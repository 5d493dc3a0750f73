// postern replay: the command, and the real program over a journal that a real server has written.
#include "cli/live_facts.h"
#include "journal/policy_store.h"
#include "journal/record.h"
#include "support/command_test.h"
#include "support/dns_responder.h"
#include "support/golden.h"
#include "support/program.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace postern::cli {
namespace {

using testing::CommandTest;
using ::testing::ContainsRegex;
using testing::expect_golden;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* rules_of_then = R"([identity]
host = "mx1.example.org"
[journal]
path = "DIR/decisions.jsonl"
[table.blocked]
kind = "domain"
file = "blocked.domains"
[[rule]]
name = "blocked senders"
stage = "rcpt"
when = 'sender.domain in blocked'
reject = "sender-blocked"
)";

constexpr const char* stricter_rule = R"([[rule]]
name = "newsletters"
stage = "rcpt"
when = 'sender.local == "news"'
reject = "sender-blocked"
)";

class ReplayCommand : public CommandTest {
 protected:
  ReplayCommand() {
    options_.command = Command::replay;
    dir_.write("blocked.domains", "bad.example\n");
    auto text = std::string(rules_of_then);
    text.replace(text.find("DIR"), 3, dir_.path());
    use(text);
    policy_text_ = text;
  }
  std::shared_ptr<const Policy> compiled() {
    const auto reader = disk_reader(options_.place);
    auto policy = Policy::compile(options_.place.config, reader);
    EXPECT_TRUE(policy) << render(policy.problems());
    return policy ? policy->policy : nullptr;
  }
  /// What the policy on the disk decides now, as a record.
  Record decided(std::string_view sender) {
    Record record;
    record.transaction = test::ordinary_transaction(Stage::rcpt);
    record.transaction.time += std::chrono::seconds(sequence_);
    record.transaction.sender = MailAddress::from_envelope("<" + std::string(sender) + ">");
    record.transaction.reference = Reference::make(record.transaction.time, 3, sequence_++);
    record.policy = compiled();
    record.decision = std::get<Decision>(
        evaluate(*record.policy, record.transaction, record.facts, Detail::verdict));
    PolicyStore(journal()).keep(*record.policy, std::chrono::system_clock::now());
    complete(record);
    if (older_) record.facts = {};
    return record;
  }
  std::string journal() const { return dir_ / "decisions.jsonl"; }
  void append(const std::string& line) {
    std::ofstream(journal(), std::ios::app | std::ios::binary) << line << '\n';
  }
  /// As an evening leaves it.
  void fill() {
    for (const auto* sender : {"a@bad.example", "b@good.example", "news@good.example",
                               "news@good.example", "c@other.example"}) {
      append(to_json(decided(sender)));
    }
  }
  /// Another policy in a folder of its own, with the same table.
  void try_stricter_one() {
    dir_.write("new/blocked.domains", "bad.example\n");
    dir_.write("new/postern.toml", policy_text_ + stricter_rule);
    options_.replay.policy = dir_ / "new";
  }
  /// Without the digest, which depends on the name of the folder.
  std::string text_shown() const {
    auto text = shown(out_);
    const std::string word = ": policy ";
    const auto at = text.find(word);
    if (at != std::string::npos) text.replace(at + word.size(), 12, "DIGEST");
    return text;
  }

  std::string policy_text_;
  unsigned sequence_ = 1;
  bool older_ = false;  ///< records do not tell what tables said
};

TEST_F(ReplayCommand, ThePolicyInForceChangesNothing) {
  fill();
  EXPECT_EQ(run(), 0) << err_.str();
  EXPECT_THAT(err_.str(), IsEmpty());
  EXPECT_THAT(out_.str(), HasSubstr("            5  decided alike\n            0  changed\n"));
}

TEST_F(ReplayCommand, TellsWhatAnotherPolicyChanges) {
  fill();
  try_stricter_one();
  EXPECT_EQ(run(), 0) << err_.str();
  EXPECT_THAT(err_.str(), IsEmpty());
  expect_golden("cli/replay.txt", text_shown());
  options_.format = Format::json;
  EXPECT_EQ(run(), 0);
  expect_golden("cli/replay.json", shown(out_));
}

TEST_F(ReplayCommand, AGateClosesForWhatItIsAbout) {
  fill();
  try_stricter_one();
  const auto status = [this](std::vector<std::string> gates) {
    options_.replay.fail_on = std::move(gates);
    return run();
  };
  EXPECT_EQ(status({"new-rejects"}), 1);
  EXPECT_EQ(err_.str(), "postern: 2 newly refused for good (--fail-on new-rejects)\n");
  EXPECT_EQ(status({"new-refusals"}), 1);
  EXPECT_EQ(status({"changes"}), 1);
  EXPECT_EQ(status({"undecided"}), 0);
  EXPECT_EQ(status({"undecided", "changes"}), 1);
  options_.replay.until = "2000-01-01";
  EXPECT_EQ(status({"new-rejects"}), 65) << "no decision: nothing is proved";
}

TEST_F(ReplayCommand, AGateStaysClosedWhenTooLittleCouldBeDecided) {
  // Every sender is hidden, and the new rule looks inside.
  dir_.write("new/blocked.domains", "bad.example\n");
  dir_.write("new/postern.toml",
             policy_text_ +
                 "[[rule]]\nname = \"newsletters\"\nstage = \"rcpt\"\n"
                 "when = 'sender.local matches \"^news\"'\nreject = \"sender-blocked\"\n");
  for (const auto* sender : {"~@bad.example", "~@good.example", "~@other.example"}) {
    append(to_json(decided(sender)));
  }
  options_.replay.policy = dir_ / "new";
  options_.replay.fail_on = {"new-rejects"};
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(err_.str(),
            "postern: 2 of 3 cannot be decided; what proves nothing opens no gate (--fail-on "
            "new-rejects)\n");
  options_.format = Format::json;
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(out_.str(),
              HasSubstr(R"("gates":[{"gate":"new-rejects","open":false,"why":"2 of 3)"));
  append(to_json(decided("a@bad.example")));
  EXPECT_EQ(run(), 0);
  EXPECT_EQ(err_.str(),
            "postern: 2 of 4 cannot be decided, and these gates do not see them (--fail-on "
            "undecided does)\n");
  EXPECT_THAT(out_.str(), HasSubstr(R"("gates":[{"gate":"new-rejects","open":true}])"));
  options_.replay.fail_on = {"new-rejects", "undecided"};
  EXPECT_EQ(run(), 1);
}

TEST_F(ReplayCommand, ACopyOfThePolicyInForceChangesNothing) {
  fill();
  dir_.write("copy/blocked.domains", "bad.example\n");
  dir_.write("copy/postern.toml", policy_text_);
  options_.replay.policy = dir_ / "copy";
  options_.replay.fail_on = {"changes", "undecided"};
  EXPECT_EQ(run(), 0) << out_.str() << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("            5  decided alike\n"));
}

TEST_F(ReplayCommand, AJournalOfAnotherTimeIsNoMissingOne) {
  append(to_json(decided("a@bad.example")));
  std::filesystem::rename(journal(), journal() + "-20250616T000000.000Z");
  options_.replay.since = "2026-01-01";
  EXPECT_EQ(run(), 65) << err_.str();
}

TEST_F(ReplayCommand, PutsAsideWhatTablesHaveChangedMeanwhile) {
  fill();
  // Somebody has taken bad.example off, and put other.example on; then the rules are changed.
  dir_.write("blocked.domains", "other.example\n");
  dir_.write("new/blocked.domains", "other.example\n");
  dir_.write("new/postern.toml", policy_text_ + stricter_rule);
  options_.replay.policy = dir_ / "new";
  options_.replay.fail_on = {"new-rejects"};
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(err_.str(), "postern: 3 newly refused for good (--fail-on new-rejects)\n");
  expect_golden("cli/replay_tables.txt", text_shown());
  options_.replay.rules_only = true;
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(err_.str(), "postern: 2 newly refused for good (--fail-on new-rejects)\n");
  EXPECT_THAT(out_.str(), HasSubstr("            2  as the rules of then decide too"));
}

TEST_F(ReplayCommand, VerifiesRecordsWithWhatTheirTablesSaid) {
  fill();
  dir_.write("blocked.domains", "other.example\n");
  options_.replay.verify = true;
  EXPECT_EQ(run(), 0) << out_.str();
  EXPECT_THAT(out_.str(), HasSubstr("            5  decided alike\n            0  changed\n"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("cannot be decided")));
}

TEST_F(ReplayCommand, TriesAnotherPolicyWithTheTablesOfTheRecordsWhenItIsTold) {
  fill();
  dir_.write("new/blocked.domains", "other.example\n");
  dir_.write("new/postern.toml", policy_text_);
  options_.replay.policy = dir_ / "new";
  EXPECT_EQ(run(), 0);
  EXPECT_THAT(out_.str(), HasSubstr("            2  changed\n"));
  options_.replay.recorded_tables = true;
  EXPECT_EQ(run(), 0);
  EXPECT_THAT(out_.str(), HasSubstr("            0  changed\n"));
}

TEST_F(ReplayCommand, VerifiesEachRecordUnderThePolicyOfItsDay) {
  older_ = true;
  fill();
  use(policy_text_ + stricter_rule);
  append(to_json(decided("news@good.example")));
  options_.replay.verify = true;
  EXPECT_EQ(run(), 0) << out_.str();
  EXPECT_THAT(out_.str(), HasSubstr("            6  decided alike\n            0  changed\n"));

  // What a table held then is not known to such records: no guess. And a policy may be gone.
  dir_.write("blocked.domains", "bad.example\nother.example\n");
  auto lost = decided("d@good.example");
  lost.policy_digest = std::string(64, 'e');
  append(to_json(lost));
  EXPECT_EQ(run(), 0);
  expect_golden("cli/replay_verify.txt", shown(out_));
}

TEST_F(ReplayCommand, ReportsAVerdictThatSomebodyAltered) {
  fill();
  auto line = to_json(decided("e@bad.example"));
  const std::string verdict = R"("decision":{"verdict":"reject")";
  ASSERT_NE(line.find(verdict), std::string::npos);
  line.replace(line.find(verdict), verdict.size(), R"("decision":{"verdict":"accept")");
  append(line);
  EXPECT_EQ(run(), 1) << "whatever gates there are";
  EXPECT_THAT(out_.str(), HasSubstr("verdict: recorded accept, decided again reject"));
  EXPECT_THAT(err_.str(), HasSubstr("postern: 1 record is not as the policy of that day decides"));
  options_.replay.verify = true;
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(out_.str(), HasSubstr("verdict: recorded accept, decided again reject"));
}

TEST_F(ReplayCommand, TellsOfGaps) {
  fill();
  append(R"({"v":1,"kind":"decis)");
  EXPECT_EQ(run(), 0);
  EXPECT_THAT(shown(err_),
              HasSubstr("postern: 1 of 6 lines cannot be read; the first: DIR/decisions.jsonl"));

  const auto segment = journal() + "-20261120T000000.000Z.gz";
  std::ofstream(segment, std::ios::binary) << "no gzip";
  EXPECT_EQ(run(), 0);
  EXPECT_THAT(shown(err_), HasSubstr("20261120T000000.000Z.gz"));
  options_.replay.fail_on = {"changes"};
  EXPECT_EQ(run(), 66) << "a gate must not open on half a journal";
  EXPECT_THAT(err_.str(), HasSubstr("not all of the journal can be read (--fail-on changes)"));
}

TEST_F(ReplayCommand, SaysWhenItCannotSeeWhatPassed) {
  append(to_json(decided("a@bad.example")));
  EXPECT_EQ(run(), 0);
  EXPECT_THAT(err_.str(), HasSubstr("none of these records is of mail that passed"));
}

TEST_F(ReplayCommand, SaysWhatItWasNotGiven) {
  std::string all;
  const auto add = [&](const std::string& what) {
    const auto status = run();
    all += what + ": " + std::to_string(status) + '\n' + shown(err_) + '\n';
    EXPECT_THAT(out_.str(), IsEmpty()) << what;
  };
  add("no journal");
  append("");
  add("an empty journal");
  options_.replay.since = "yesterday";
  add("no time");
  options_.replay.since = "2026-11-21";
  options_.replay.until = "2";
  add("no time either");
  options_.replay.since = options_.replay.until = "";
  dir_.write("new/postern.toml", "[[rule]]\nname = \"x\"\n");
  options_.replay.policy = dir_ / "new";
  add("a policy with problems");
  options_.replay.policy = dir_ / "newer";
  add("no policy");
  expect_golden("cli/replay_usage.txt", all);
}

/// A policy that asks DNS, and records of before it did.
class LiveReplay : public ReplayCommand {
 protected:
  LiveReplay() : dns_(server()) {
    fill();
    dir_.write("new/blocked.domains", "bad.example\n");
    try_with("127.0.0.1:" + std::to_string(dns_.address().port));
    options_.replay.live = true;
  }
  static ScriptedServer server() {
    DnsWorld world;
    // A resolver that does not know the root is not believed.
    world.add({".", DnsType::ns}, {DnsResult::Kind::records, {"ns.example"}});
    for (const auto* name : {"2.0.0.127.list.example", "7.2.0.192.list.example"}) {
      world.add({name, DnsType::a}, {DnsResult::Kind::records, {"127.0.0.2"}});
    }
    return ScriptedServer(std::move(world));
  }
  void try_with(const std::string& resolver) {
    dir_.write("new/postern.toml", policy_text_ + "[dns]\nservers = [\"" + resolver +
                                       "\"]\ntry_time = \"200ms\"\ntries = 1\n"
                                       "[check.list]\nkind = \"dnsbl\"\nzone = \"list.example\"\n"
                                       "[[rule]]\nname = \"listed\"\nstage = \"rcpt\"\n"
                                       "when = 'list == \"listed\"'\nreject = \"dnsbl-listed\"\n");
    options_.replay.policy = dir_ / "new";
  }

  test::DnsResponder dns_;
};

TEST_F(LiveReplay, AsksNowWhatRecordsLackAndSaysSo) {
  EXPECT_EQ(run(), 0) << err_.str();
  // One client, so one question, and perhaps one for the words of the list.
  EXPECT_THAT(err_.str(), ContainsRegex("--live asked [12] questions? of DNS now, [12] of them"));
  EXPECT_THAT(out_.str(), HasSubstr("            4  more on answers of today, which may not be"));
  EXPECT_THAT(out_.str(), HasSubstr("On answers of today, which may not be those of then\n"));
  EXPECT_THAT(out_.str(), HasSubstr("would be rule \"listed\""));
  options_.format = Format::json;
  EXPECT_EQ(run(), 0);
  EXPECT_THAT(out_.str(), HasSubstr(R"("answered_today":{)"));
  options_.replay.fail_on = {"new-rejects"};
  EXPECT_EQ(run(), 1) << "a gate counts them too";
}

TEST_F(LiveReplay, AsksNobodyUnlessItIsToldTo) {
  options_.replay.live = false;
  EXPECT_EQ(run(), 0);
  EXPECT_EQ(dns_.counts().udp, 0U);
  EXPECT_THAT(out_.str(), HasSubstr("            4  cannot be decided"));
}

TEST_F(LiveReplay, CannotDecideWhatNobodyAnswers) {
  const auto deaf = test::deaf_address();
  try_with("127.0.0.1:" + std::to_string(deaf.port));
  EXPECT_EQ(run(), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("            4  cannot be decided"));
  EXPECT_THAT(err_.str(), HasSubstr(", 0 of them with an answer"));
}

TEST_F(LiveReplay, StopsAskingWhenItsTimeIsOver) {
  options_.replay.live_for = "0s";
  EXPECT_EQ(run(), 0) << err_.str();
  EXPECT_EQ(dns_.counts().udp, 0U);
  EXPECT_THAT(err_.str(), HasSubstr("--live asked no further"));
  options_.replay.live_for = "soon";
  EXPECT_EQ(run(), 64);
}

using testing::refused_request;

class ReplayProgram : public testing::Program {
 protected:
  /// One refused, one passed; the server has stopped.
  void record_two() {
    serve();
    ask_policy(refused_request);
    std::string friendly(refused_request);
    friendly.replace(friendly.find("nobody@"), 6, "friend");
    friendly.replace(friendly.find("instance=1"), 10, "instance=2");
    ask_policy(friendly);
    ASSERT_EQ(run({"stop"}).status, 0);
  }
  void write_other_policy(const std::string& more) {
    dir_.write("new/postern.toml", std::string(testing::policy_text) + more);
  }
};

TEST_F(ReplayProgram, GatesAChangeOfThePolicy) {
  record_two();
  const auto same = run({"replay", "--fail-on", "changes,undecided"});
  EXPECT_EQ(same.status, 0) << same.output;
  EXPECT_THAT(same.output, HasSubstr("            2  decided alike"));
  EXPECT_THAT(same.output, Not(HasSubstr("\r"))) << "no progress in a pipe";

  write_other_policy(
      "[[rule]]\nname = \"friends\"\nstage = \"rcpt\"\n"
      "when = 'sender == \"friend@example.com\"'\nreject = \"sender-blocked\"\n");
  const auto policy = dir_ / "new";
  EXPECT_EQ(run({"replay", "--policy", policy}).status, 0);
  const auto closed =
      run({"replay", "--policy", policy, "--fail-on", "new-rejects", "--since", "1h"});
  EXPECT_EQ(closed.status, 1) << closed.output;
  EXPECT_THAT(closed.output, HasSubstr("1 newly refused for good (--fail-on new-rejects)"));
  EXPECT_EQ(run({"replay", "--policy", policy, "--fail-on", "new-rejects", "--until", "1h"}).status,
            65);
  const auto json = run({"replay", "--policy", policy, "--json"});
  EXPECT_THAT(json.output, HasSubstr(R"("changed":1)"));
  EXPECT_EQ(run({"replay", "--verify"}).status, 0);
}

TEST_F(ReplayProgram, ReportsACorruptedRecord) {
  record_two();
  const auto path = dir_ / "log/decisions.jsonl";
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::string verdict = R"("decision":{"verdict":"reject")";
  const auto at = text.find(verdict);
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at, verdict.size(), R"("decision":{"verdict":"defer")");
  std::ofstream(path, std::ios::binary) << text;
  const auto found = run({"replay"});
  EXPECT_EQ(found.status, 1) << found.output;
  EXPECT_THAT(found.output, HasSubstr("            1  not as their own policy decides"));
  EXPECT_THAT(found.output, HasSubstr("verdict: recorded defer, decided again reject"));
}

TEST_F(ReplayCommand, AGateOpenedOnAJournalOfANewerServer) {
  fill();
  auto line = to_json(decided("d@good.example"));
  ASSERT_THAT(line, HasSubstr("\"v\":1,"));
  line.replace(line.find("\"v\":1,"), 6, "\"v\":2,");
  append(line);
  options_.replay.fail_on = {"new-rejects"};
  EXPECT_EQ(run(), 66) << err_.str();
  EXPECT_THAT(err_.str(), HasSubstr("1 line of the journal is whole, and no record that this "
                                    "version can read (--fail-on new-rejects)"));
  options_.format = Format::json;
  EXPECT_EQ(run(), 66);
  EXPECT_THAT(out_.str(), HasSubstr("\"open\":false"));
  options_.replay.fail_on.clear();
  EXPECT_EQ(run(), 0) << "without a gate it is told, and that is all";
}

TEST_F(ReplayCommand, AGateOpenedOnAJournalOfTornLines) {
  append(to_json(decided("d@good.example")));
  append("{\"v\":1,\"kind\":\"decis");
  options_.replay.fail_on = {"new-rejects"};
  EXPECT_EQ(run(), 0) << "a crash may tear a line";
  append("{\"v\":1,\"ki");
  append("{\"v\"");
  EXPECT_EQ(run(), 66);
  EXPECT_THAT(err_.str(), HasSubstr("more than half of the lines"));
}

TEST_F(ReplayCommand, ANameWithAHashInItWasAskedForOfDns) {
  LiveFacts live(compiled(), {}, {});
  const Question hashed{QuestionKind::dns, "TXT", "~0123456789abcdef._spf.example.org"};
  const auto answers = live.ask({hashed, {QuestionKind::dns, "A", "~.example.org"}});
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].state, Answer::State::unavailable);
  EXPECT_EQ(answers[0].cause, "its name is hidden");
  EXPECT_EQ(answers[1].cause, "its name is hidden");
  EXPECT_EQ(live.counts().asked, 0U);
}

}  // namespace
}  // namespace postern::cli
