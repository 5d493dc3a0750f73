// postern log: searching and following, through the command and through the program.
#include "cli/commands.h"
#include "journal/record.h"
#include "support/command_test.h"
#include "support/golden.h"
#include "support/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace postern::cli {
namespace {

using std::chrono::microseconds;
using std::chrono::system_clock;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* policy = R"([identity]
host = "mx1.example.org"
[journal]
path = "/decisions.jsonl"
[table.friends]
kind = "cidr"
entries = ["192.0.2.0/28"]
[when.known]
is = 'client.ip in friends'
)";

/// 2026-11-21T12:00:00Z and so many seconds.
system_clock::time_point moment(int seconds) {
  return system_clock::time_point(std::chrono::seconds(1'795'262'400 + seconds));
}

class Log : public testing::CommandTest {
 protected:
  void SetUp() override {
    use(policy);
    options_.command = Command::log;
    options_.place.root = dir_.path();
    // The first two in a closed segment, as it would be on a server.
    dir_.write("decisions.jsonl-20261121T120002.500Z", line(refused(1)) + line(passed(2)));
    dir_.write("decisions.jsonl",
               line(deferred(3)) + line(message(4)) + "{\"torn\n" + line(watched(5)));
  }

  static std::string line(const Record& record) { return to_json(record) + '\n'; }
  static Record record(int seconds, Stage stage) {
    Record record;
    record.host = "mx1.example.org";
    auto& transaction = record.transaction;
    transaction.stage = stage;
    transaction.door = Door::milter;
    transaction.time = moment(seconds);
    transaction.reference = Reference::make(transaction.time, 5, static_cast<unsigned>(seconds));
    transaction.client.address = IpAddress::parse("192.0.2." + std::to_string(seconds));
    transaction.sender = MailAddress::from_envelope("ann@example.net");
    if (stage == Stage::rcpt) transaction.recipient = MailAddress::from_envelope("bob@example.org");
    return record;
  }
  static void refuse(Record& record, Verdict verdict, const std::string& reason,
                     const std::string& code) {
    record.decision.verdict = verdict;
    record.decision.reason = find_reason(reason);
    record.decision.rule = RulePlace{"no " + reason, "postern.toml", 7, Stage::rcpt};
    record.sent = SentReply{code, {code + " No."}, "", Stage::rcpt};
  }
  static Record refused(int seconds) {
    auto result = record(seconds, Stage::rcpt);
    refuse(result, Verdict::reject, "client-blocked", "550 5.7.1");
    return result;
  }
  static Record deferred(int seconds) {
    auto result = record(seconds, Stage::rcpt);
    refuse(result, Verdict::defer, "dependency-down", "451 4.3.0");
    result.decision.softened_by = "partners";
    return result;
  }
  static Record passed(int seconds) {
    auto result = record(seconds, Stage::rcpt);
    result.transaction.client.address.reset();
    return result;
  }
  /// To three people, with a tag.
  static Record message(int seconds) {
    auto result = record(seconds, Stage::end_of_message);
    result.transaction.recipients = std::vector<AcceptedRecipient>{
        {MailAddress::from_envelope("jim@example.com"), false, "", {}},
        {MailAddress::from_envelope("bob@example.org"), false, "", {}},
        {MailAddress::from_envelope("eve@example.com"), false, "", {}}};
    result.decision.verdict = Verdict::accept;
    result.decision.rule = RulePlace{"friends", "postern.toml", 3, Stage::rcpt};
    result.decision.effects = {{EffectKind::tag, "friends", "", "known", {}}};
    return result;
  }
  static Record watched(int seconds) {
    auto result = record(seconds, Stage::rcpt);
    TrailEntry entry;
    entry.rule.name = "forged senders";
    entry.truth = Truth::yes;
    entry.note = TrailNote::shadow;
    entry.mode = RuleMode::shadow;
    entry.verdict = Verdict::reject;
    result.decision.trail.push_back(entry);
    return result;
  }

  /// Seconds of the decisions that are shown.
  std::vector<int> seconds_found(const std::string& expression) {
    options_.words =
        expression.empty() ? std::vector<std::string>{} : std::vector<std::string>{expression};
    EXPECT_THAT(run(), ::testing::AnyOf(0, 65)) << expression << '\n' << err_.str();
    std::vector<int> found;
    std::istringstream lines(out_.str());
    for (std::string each; std::getline(lines, each);) {
      found.push_back(std::stoi(each.substr(17, 2)));
    }
    return found;
  }
};

using ::testing::ElementsAre;

TEST_F(Log, ShowsADecisionALineTheOldestFirst) {
  ASSERT_EQ(run(), 0);
  EXPECT_EQ(err_.str(), "") << "nothing of a torn line can fit";
  testing::expect_golden("log/lines.txt", out_.str());
  options_.explain.colour = Colour::always;
  ASSERT_EQ(run(), 0);
  testing::expect_golden("log/colours.txt", out_.str());
}

TEST_F(Log, FindsByExpressionsOfThePolicyLanguage) {
  EXPECT_THAT(seconds_found("reply.code == 550 and recipient.domain == \"example.org\""),
              ElementsAre(1));
  EXPECT_THAT(seconds_found("recipient.domain == \"example.com\""), ElementsAre(4));
  EXPECT_THAT(seconds_found("recipient == 'BOB@example.org'"), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(seconds_found("verdict in ['pass', 'accept'] and shadow != ''"), ElementsAre(5));
  EXPECT_THAT(seconds_found("softened_by != ''"), ElementsAre(3));
  EXPECT_THAT(seconds_found("client.ip in friends and verdict != 'pass'"), ElementsAre(1, 3, 4));
  EXPECT_THAT(seconds_found("effects == 'tag known'"), ElementsAre(4));
  EXPECT_THAT(seconds_found("client.ip == '198.51.100.1'"), IsEmpty());
  EXPECT_THAT(shown(err_), HasSubstr("postern: no decision in DIR/decisions.jsonl and 1 older file "
                                     "fits\n"));
}

TEST_F(Log, FiltersMustAllHold) {
  options_.log.verdicts = {"reject", "defer"};
  EXPECT_THAT(seconds_found(""), ElementsAre(1, 3));
  options_.log.reasons = {"client-blocked", "spam"};
  EXPECT_THAT(seconds_found(""), ElementsAre(1));
  options_.log = {};
  options_.log.rules = {"forged senders", "friends"};
  EXPECT_THAT(seconds_found(""), ElementsAre(4, 5));
  options_.log = {};
  options_.explain.client = "192.0.2.0/30";
  EXPECT_THAT(seconds_found("verdict == 'defer'"), ElementsAre(3));
  options_.explain = {};
  options_.explain.since = "2026-11-21T12:00:03Z";
  options_.explain.until = "2026-11-21T12:00:05Z";
  EXPECT_THAT(seconds_found(""), ElementsAre(3, 4));
}

TEST_F(Log, ANumberMeansTheNewest) {
  options_.log.most = 2;
  EXPECT_THAT(seconds_found(""), ElementsAre(4, 5));
  EXPECT_THAT(seconds_found("verdict != 'accept'"), ElementsAre(3, 5));
  EXPECT_THAT(seconds_found("verdict == 'reject'"), ElementsAre(1));
}

TEST_F(Log, AsJsonTheLinesStandAsInTheJournal) {
  options_.format = Format::json;
  options_.log.verdicts = {"reject"};
  ASSERT_EQ(run(), 0);
  EXPECT_EQ(out_.str(), line(refused(1)));
}

TEST_F(Log, FaultsOfAnExpressionAreShownBeforeAnythingIsRead) {
  EXPECT_EQ(run(Command::log, {"reply.cod == 550 and", "known"}), 64);
  testing::expect_golden("log/wrong_expression.txt", shown(err_));
  EXPECT_THAT(out_.str(), IsEmpty());
}

TEST_F(Log, SaysWhichOptionItDoesNotUnderstand) {
  options_.log.reasons = {"client-blockt"};
  EXPECT_EQ(run(), 64);
  EXPECT_EQ(err_.str(),
            "postern: --reason client-blockt: there is no such reason; did you mean "
            "\"client-blocked\"?\n");
  options_.log.reasons = {"x"};
  EXPECT_EQ(run(), 64);
  EXPECT_THAT(err_.str(), HasSubstr("\"postern codes\" lists them"));
  options_.log = {};
  options_.explain.since = "yesterday";
  EXPECT_EQ(run(), 64);
  EXPECT_THAT(err_.str(), HasSubstr("postern: --since yesterday"));
  options_.explain = {};
  options_.explain.until = "1d";
  options_.log.follow = true;
  EXPECT_EQ(run(), 64);
  EXPECT_THAT(err_.str(), HasSubstr("--until does not go with it"));
}

TEST_F(Log, WithoutAJournalThereIsNothingToShow) {
  options_.journal = dir_ / "other.jsonl";
  EXPECT_EQ(run(), 66);
  EXPECT_THAT(shown(err_), HasSubstr("cannot open DIR/other.jsonl"));
}

class LogProgram : public testing::Program {
 protected:
  void TearDown() override {
    if (log_ > 1) {
      ::kill(log_, SIGKILL);
      ::waitpid(log_, nullptr, 0);
    }
    for (const int end : log_output_) {
      if (end >= 0) ::close(end);
    }
    testing::Program::TearDown();
  }
  void follow(std::vector<std::string> words) {
    ASSERT_EQ(::pipe2(log_output_.data(), O_CLOEXEC), 0);
    words.insert(words.begin(), "log");
    log_ = spawn(std::move(words), log_output_[1]);
    ASSERT_GT(log_, 1);
  }
  std::string followed_until(const std::string& word) {
    while (followed_.find(word) == std::string::npos) {
      pollfd wait{log_output_[0], POLLIN, 0};
      if (::poll(&wait, 1, static_cast<int>(testing::patience.count())) != 1) break;
      std::array<char, 4096> buffer{};
      const auto got = ::read(log_output_[0], buffer.data(), buffer.size());
      if (got <= 0) break;
      followed_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return followed_;
  }
  int end_of_log() {
    int status = -1;
    EXPECT_EQ(::waitpid(log_, &status, 0), log_);
    log_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  /// Refuses mail to one more recipient; its reference.
  std::string refuse(const std::string& recipient) {
    std::string request(testing::refused_request);
    const std::string key = "recipient=";
    const auto at = request.find("\n" + key) + 1;
    request.replace(at, request.find('\n', at) - at, key + recipient);
    request.replace(request.find("instance=1"), 10, "instance=" + std::to_string(++asked_));
    const auto answer = ask_policy(request);
    const auto begin = answer.find("ref ");
    EXPECT_NE(begin, std::string::npos) << answer;
    return answer.substr(begin + 4, 14);
  }

  pid_t log_ = -1;
  std::array<int, 2> log_output_{-1, -1};
  std::string followed_;
  int asked_ = 0;
};

TEST_F(LogProgram, FollowsAcrossARotationUntilItIsInterrupted) {
  serve();
  const auto first = refuse("ann@example.org");
  follow({"--follow", "recipient.domain == \"example.org\""});
  EXPECT_THAT(followed_until(first), HasSubstr(first));
  const auto second = refuse("bob@example.org");
  EXPECT_THAT(followed_until(second), HasSubstr("<nobody@example.com> to <bob@example.org>  "
                                                "client-blocked (nobody)  " +
                                                second));
  const auto other = refuse("eve@example.com");
  // As another hand rotates.
  std::filesystem::rename(dir_ / "log/decisions.jsonl", dir_ / "log/decisions.jsonl.1");
  ASSERT_EQ(run({"reopen"}).status, 0);
  const auto third = refuse("jim@example.org");
  EXPECT_THAT(followed_until(third), HasSubstr(third));
  EXPECT_THAT(followed_, Not(HasSubstr(other)));
  ASSERT_EQ(::kill(log_, SIGINT), 0);
  EXPECT_EQ(end_of_log(), 0);
  EXPECT_EQ(std::count(followed_.begin(), followed_.end(), '\n'), 3) << followed_;
}

TEST_F(LogProgram, FollowsAsJson) {
  serve();
  follow({"-f", "-n", "1", "--json"});
  const auto first = refuse("ann@example.org");
  EXPECT_THAT(followed_until(first + "\""), StartsWith("{\"v\":1,"));
  ASSERT_EQ(::kill(log_, SIGTERM), 0);
  EXPECT_EQ(end_of_log(), 0);
}

TEST_F(LogProgram, SearchesWhatTheServerWrote) {
  serve();
  const auto reference = refuse("ann@example.org");
  ASSERT_EQ(run({"stop"}).status, 0);
  const auto found = run({"log", "reference == \"" + reference + "\" and reply.code >= 500",
                          "--since", "1h", "--rule", "nobody", "--verdict", "reject"});
  EXPECT_EQ(found.status, 0);
  EXPECT_THAT(found.output, HasSubstr(reference));
  EXPECT_EQ(run({"log", "tls", "-n", "5"}).status, 65);
  EXPECT_EQ(run({"log", "--verdict", "refused"}).status, 64);
}

TEST_F(Log, AFaultInAnyRuleLedToAnotherJournal) {
  use(std::string(policy) +
      "[[rule]]\nname = \"x\"\nstage = \"rcpt\"\nwhen = 'tls'\nreject = \"rcpt-unknwon\"\n");
  options_.log.most = 1;
  EXPECT_EQ(run(), 0) << err_.str();
  EXPECT_THAT(shown(err_), HasSubstr("looking into DIR/decisions.jsonl\n"));
  EXPECT_THAT(out_.str(), HasSubstr("12:00:05Z"));
}

TEST_F(Log, AComparisonThatGoesWithoutSayingWasAnError) {
  EXPECT_THAT(seconds_found("reply.code >= 500 and reply.code < 600"), ElementsAre(1));
  EXPECT_THAT(err_.str(), HasSubstr("warning: \"reply.code\" is a number from 0 to 599"));
  EXPECT_THAT(seconds_found("reply.code < 600"), ElementsAre(1, 3));
  EXPECT_THAT(seconds_found("reply.code > 700"), IsEmpty());
}

TEST_F(Log, AnEmptyExpressionWasToldOfRules) {
  EXPECT_EQ(run(Command::log, {" "}), 64);
  EXPECT_THAT(err_.str(), HasSubstr("leave it out to be shown every decision"));
  EXPECT_THAT(err_.str(), Not(HasSubstr("rule")));
}

TEST_F(Log, ManyRecordsOfAnOddTimeHidThoseBehindThem) {
  auto odd = refused(1);
  odd.transaction.time = moment(-100'000'000);
  std::string text = line(deferred(3));
  for (int i = 0; i < 10'002; ++i) text += line(odd);
  dir_.write("decisions.jsonl", text);
  options_.explain.since = "2026-11-21T12:00:00Z";
  options_.log.most = 2;
  EXPECT_THAT(seconds_found(""), ElementsAre(2, 3));
}

TEST_F(Log, NothingSaidThatAddressesAreCut) {
  auto text = std::string(policy);
  text.replace(text.find("[table"), 0, "addresses = \"cut\"\n");
  use(text);
  auto hidden = refused(6);
  hidden.transaction.recipient = MailAddress::from_unquoted("~@example.org");
  dir_.write("decisions.jsonl", line(hidden));
  EXPECT_THAT(seconds_found("recipient == \"carl@example.org\""), IsEmpty());
  EXPECT_THAT(err_.str(), HasSubstr("of 1 decision it cannot be told, because what is asked is "
                                    "hidden there"));
  EXPECT_THAT(seconds_found("recipient.domain == \"example.org\" and verdict == \"reject\""),
              ElementsAre(1, 6));
  EXPECT_THAT(err_.str(), Not(HasSubstr("hidden")));
  options_.words.clear();
  options_.explain.recipient = "carl@example.org";
  EXPECT_EQ(run(), 65);
  EXPECT_THAT(err_.str(), HasSubstr("known by domain only\n  (--from or --to example.org)"));
  options_.explain.recipient = "example.org";
  EXPECT_EQ(run(), 0);
  EXPECT_THAT(err_.str(), Not(HasSubstr("cut")));
}

TEST_F(Log, AnEffectThatFailedLookedDone) {
  auto record = message(6);
  record.decision.effects = {{EffectKind::add_header, "friends", "X-A", "1", {}},
                             {EffectKind::add_header, "friends", "X-B", "2", {}},
                             {EffectKind::tag, "friends", "", "known", {}}};
  record.sent = SentReply{"continue", {}, "", Stage::end_of_message, {}};
  record.sent->effects = {
      {EffectState::failed, "no"}, {EffectState::earlier, ""}, {EffectState::done, ""}};
  dir_.write("decisions.jsonl", line(record));
  EXPECT_THAT(seconds_found("effects != ''"), ElementsAre(6));
  EXPECT_THAT(out_.str(), HasSubstr("+add_header X-A: 1 (NOT done)  +tag known"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("X-B")));
}

TEST_F(Log, AClientThatPostfixDidNotTellWasCalledLocal) {
  auto record = passed(6);
  record.transaction.door = Door::policy;
  dir_.write("decisions.jsonl", line(record));
  ASSERT_EQ(run(), 0);
  EXPECT_THAT(out_.str(), HasSubstr("12:00:02Z  passed             local "));
  EXPECT_THAT(out_.str(), HasSubstr("12:00:06Z  passed             -  "));
}

TEST_F(LogProgram, FollowedForEverWhenNobodyRead) {
  serve();
  const auto first = refuse("ann@example.org");
  follow({"--follow"});
  EXPECT_THAT(followed_until(first), HasSubstr(first));
  ::close(std::exchange(log_output_[0], -1));
  const auto until = std::chrono::steady_clock::now() + testing::patience;
  int status = 0;
  pid_t ended = 0;
  while (ended == 0 && std::chrono::steady_clock::now() < until) {
    ended = ::waitpid(log_, &status, WNOHANG);
    ::poll(nullptr, 0, 20);
  }
  ASSERT_EQ(ended, log_) << "it still waits";
  log_ = -1;
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace postern::cli
