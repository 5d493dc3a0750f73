// The program itself, from the outside: started, asked, reloaded, crashed and stopped.
#include "support/program.h"

#include "runtime/control.h"
#include "runtime/doctor.h"
#include "runtime/files.h"
#include "runtime/privileges.h"
#include "runtime/sockets.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace postern {
namespace {

using std::chrono::milliseconds;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::patience;
using testing::policy_text;
using testing::Program;
using testing::refused_request;
using testing::TempDir;

TEST_F(Program, PrintsTheLinesToPasteAndAnswersThroughBothSockets) {
  serve();
  EXPECT_THAT(said_, HasSubstr("smtpd_milters = unix:" + (dir_ / "run/milter.sock")));
  EXPECT_THAT(said_, HasSubstr("INPUT_MAIL_FILTER(`postern', `S=local:"));
  if (running_as_root()) {
    EXPECT_THAT(said_, HasSubstr("    user=nobody argv="));
  }
  EXPECT_EQ(ask_policy("request=smtpd_access_policy\nprotocol_state=VRFY\n\n"), "action=DUNNO\n\n");
  EXPECT_THAT(ask_policy(refused_request), HasSubstr("action=5"));
}

TEST_F(Program, PrintsTheLinesToPasteOnceAlthoughItsLogGoesToTheSamePlace) {
  serve();
  const auto first = said_.find("smtpd_milters = ");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(said_.find("smtpd_milters = ", first + 1), std::string::npos) << said_;
}

TEST_F(Program, ASocketTakesTheGroupOfAFolderThatGivesIt) {
  if (!running_as_root()) GTEST_SKIP() << "only root can give a folder to a group of others";
  constexpr gid_t group = 4321;
  ASSERT_EQ(::chown((dir_ / "run").c_str(), 0, group), 0);
  ASSERT_EQ(::chmod((dir_ / "run").c_str(), 02755), 0);
  serve();
  struct stat status {};
  ASSERT_EQ(::stat((dir_ / "run/policy.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_gid, group);
  EXPECT_EQ(status.st_uid, find_identity("nobody", "")->user);
  ASSERT_EQ(::stat((dir_ / "run/control.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(Program, StartedAsRootItGivesItsSocketsToAGroupThatItsUserIsNotIn) {
  if (!running_as_root()) GTEST_SKIP() << "only root can";
  auto policy = std::string(policy_text);
  policy.insert(policy.find("[journal]"), "group = \"4321\"\n\n");
  dir_.write("etc/postern/postern.toml", policy);
  serve();
  struct stat status {};
  ASSERT_EQ(::stat((dir_ / "run/milter.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_gid, 4321U);
}

TEST_F(Program, AReloadNamesTheKeysThatNeedARestart) {
  serve();
  auto policy = std::string(policy_text);
  policy.replace(policy.find("decisions"), 9, "elsewhere");
  policy.insert(policy.find("[journal]"), "mode = \"0666\"\n\n");
  dir_.write("etc/postern/postern.toml", policy);
  const auto reloaded = run({"reload"});
  EXPECT_EQ(reloaded.status, 0);
  EXPECT_THAT(
      reloaded.output,
      HasSubstr("\nchanged, but in force only after a restart: listen.mode, journal.path\n"));
}

TEST_F(Program, AReloadTellsTheWarningsOfThePolicy) {
  serve();
  auto policy = std::string(policy_text);
  policy.replace(policy.find("mx1.example.org"), 15, "mx1");
  dir_.write("etc/postern/postern.toml", policy);
  const auto reloaded = run({"reload"});
  EXPECT_EQ(reloaded.status, 0);
  EXPECT_THAT(reloaded.output, HasSubstr("postern.toml:2:8: warning: \"mx1\" has no domain"));
  EXPECT_THAT(output_until("has no domain"),
              HasSubstr("]: warning: /etc/postern/postern.toml:2:8: \"mx1\" has no domain"));
}

TEST_F(Program, ReopensTheJournalWhileThePolicyIsBeingEdited) {
  serve();
  EXPECT_THAT(ask_policy(refused_request), HasSubstr("action=5"));
  ASSERT_EQ(run({"reopen"}).status, 0);
  const auto digest = status_value("policy.digest");
  ASSERT_EQ(
      ::rename((dir_ / "log/decisions.jsonl").c_str(), (dir_ / "log/decisions.jsonl.1").c_str()),
      0);
  dir_.write("etc/postern/postern.toml", std::string(policy_text) + "\n# half of an edit\n");
  const auto reopened = run({"reopen"});
  EXPECT_EQ(reopened.status, 0) << reopened.output;
  EXPECT_TRUE(exists("log/decisions.jsonl"));
  EXPECT_EQ(status_value("policy.digest"), digest);
  EXPECT_EQ(status_value("last_reload"), "none yet");
}

TEST_F(Program, AnOldRecordIsExplainedWithTheRulesOfItsDay) {
  serve();
  std::string passing = refused_request;
  const std::string nobody = "sender=nobody@example.com";
  passing.replace(passing.find(nobody), nobody.size(), "sender=anna@example.com");
  // As Postfix makes them; "1.2.3.0" would be taken for a client's address.
  const std::string instance = "instance=1.2.3.0";
  passing.replace(passing.find(instance), instance.size(), "instance=1a2b.65f0c3d4.12.0");
  EXPECT_THAT(ask_policy(passing), HasSubstr("action=DUNNO"));
  const std::string policy = policy_text;
  dir_.write("etc/postern/postern.toml", policy.substr(0, policy.find("[[rule]]")));
  ASSERT_EQ(run({"reload"}).status, 0);
  const auto explained = run({"explain", "--admin", "1a2b.65f0c3d4.12.0"});
  EXPECT_EQ(explained.status, 0);
  EXPECT_THAT(explained.output, HasSubstr("1. \"nobody\", /etc/postern/postern.toml"));
  EXPECT_THAT(explained.output, Not(HasSubstr("not at hand")));
  EXPECT_TRUE(exists("log/decisions.jsonl.policies"));
}

TEST_F(Program, AJournalThatWasRotatedIsLetGoAlsoByAReloadThatIsRefused) {
  serve();
  EXPECT_THAT(ask_policy(refused_request), HasSubstr("action=5"));
  // The journal's thread opens the file in its own time; a reload waits for it.
  ASSERT_EQ(run({"reload"}).status, 0);
  ASSERT_EQ(
      ::rename((dir_ / "log/decisions.jsonl").c_str(), (dir_ / "log/decisions.jsonl.1").c_str()),
      0);
  dir_.write("etc/postern/postern.toml", "broken = ");
  EXPECT_EQ(run({"reload", "--control", "unix:" + (dir_ / "run/control.sock")}).status, 78);
  EXPECT_TRUE(exists("log/decisions.jsonl"));
}

TEST_F(Program, TellsTheStoryOfARefusalByItsReference) {
  serve();
  const auto answer = ask_policy(refused_request);
  const auto at = answer.find("ref ");
  ASSERT_NE(at, std::string::npos) << answer;
  EXPECT_EQ(run({"stop"}).status, 0);
  const auto told = run({"explain", answer.substr(at, 18)});
  EXPECT_EQ(told.status, 0) << told.output;
  EXPECT_THAT(told.output, HasSubstr("nobody"));
  // As it stands in the reply, and the reply itself, pasted from a bounce.
  const auto pasted = answer.substr(7, answer.find('\n') - 7);
  for (const auto& words : {"(" + answer.substr(at, 18) + ")", pasted}) {
    EXPECT_EQ(run({"explain", words}).output, told.output) << words;
  }
  ASSERT_EQ(
      ::rename((dir_ / "log/decisions.jsonl").c_str(), (dir_ / "log/decisions.jsonl.1").c_str()),
      0);
  EXPECT_EQ(run({"explain", pasted}).output, told.output);
}

TEST_F(Program, AStoryCouldNotBeToldWhileThePolicyWasBeingEdited) {
  serve();
  const auto answer = ask_policy(refused_request);
  const auto at = answer.find("ref ");
  ASSERT_NE(at, std::string::npos) << answer;
  EXPECT_EQ(run({"stop"}).status, 0);
  dir_.write("etc/postern/postern.toml", "broken = ");
  const auto told =
      run({"explain", "--journal", dir_ / "log/decisions.jsonl", answer.substr(at, 18)});
  EXPECT_EQ(told.status, 0) << told.output;
  EXPECT_THAT(told.output, HasSubstr("the policy has problems, \"postern check\" lists them"));
  EXPECT_THAT(told.output, HasSubstr("The rule \"nobody\""));
}

TEST_F(Program, KeepsItsControlSocketToItself) {
  serve();
  struct stat status {};
  ASSERT_EQ(::stat((dir_ / "run/control.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  ASSERT_EQ(::stat((dir_ / "run/policy.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0660U);
}

TEST_F(Program, RefusesABadPolicyAtAReloadAndKeepsTheOldOne) {
  serve();
  const auto digest = status_value("policy.digest");
  dir_.write("etc/postern/postern.toml", std::string(policy_text) + "\n[[rule]]\nrejct = 1\n");
  const auto refused = run({"reload", "--control", "unix:" + (dir_ / "run/control.sock")});
  EXPECT_EQ(refused.status, 78);
  EXPECT_THAT(refused.output, HasSubstr("rejct"));
  EXPECT_EQ(status_value("policy.digest"), digest);
  EXPECT_EQ(status_value("last_reload"), "refused");
  dir_.write("etc/postern/postern.toml", std::string(policy_text) + "\n# changed\n");
  EXPECT_EQ(run({"reload"}).status, 0);
  EXPECT_NE(status_value("policy.digest"), digest);
}

TEST_F(Program, ACrashOfTheWorkerRefusesNobody) {
  serve();
  const auto worker = std::stoi(status_value("worker.pid"));
  ASSERT_GT(worker, 1);
  ASSERT_EQ(::kill(worker, SIGKILL), 0);
  EXPECT_EQ(ask_policy("request=smtpd_access_policy\nprotocol_state=VRFY\n\n"), "action=DUNNO\n\n");
  EXPECT_NE(status_value("worker.pid"), std::to_string(worker));
}

TEST_F(Program, TakesNoPolicyConnectionThatTheMilterNeedsADescriptorFor) {
  // With 1,011 policy connections and a limit of 1024 the milter once answered nobody any more.
  descriptors_ = rlimit{200, 200};
  serve();
  EXPECT_THAT(output_until("(limits.policy_connections)"),
              HasSubstr("leaves the policy service 68 connections instead of 2000"));
  ListenAddress policy;
  policy.path = dir_ / "run/policy.sock";
  std::vector<UniqueFd> held;
  for (int i = 0; i < 200; ++i) {
    auto connected = connect_to(policy, patience);
    ASSERT_TRUE(connected) << render(connected.problems());
    held.push_back(std::move(*connected));
  }
  // The last one is closed at once, when all before it have been looked at.
  char octet = 0;
  EXPECT_EQ(::recv(held.back().get(), &octet, 1, 0), 0);
  EXPECT_EQ(status_value("policy_service.open"), "68");
  ListenAddress milter;
  milter.path = dir_ / "run/milter.sock";
  const auto answers = probe_milter(milter, patience);
  EXPECT_EQ(answers.state, Finding::State::well) << answers.what;
  EXPECT_EQ(status_value("policy_service.most_open"), "68");
  EXPECT_EQ(status_value("descriptors.limit"), "200");
  EXPECT_THAT(status_value("descriptors.warning"), HasSubstr("raise it to 6160"));
}

TEST_F(Program, RaisesItsLimitOfDescriptorsAtTheStart) {
  descriptors_ = rlimit{200, 5000};
  serve();
  EXPECT_EQ(status_value("descriptors.limit"), "5000");
  std::ifstream limits("/proc/" + status_value("worker.pid") + "/limits");
  const std::string text{std::istreambuf_iterator<char>(limits), {}};
  EXPECT_THAT(text, ContainsRegex("Max open files +5000 +5000 "));
}

TEST_F(Program, RemovesItsSocketsAtTheStop) {
  for (const bool by_signal : {true, false}) {
    serve();
    ASSERT_TRUE(exists("run/policy.sock"));
    if (by_signal) {
      ASSERT_EQ(::kill(server_, SIGTERM), 0);
    } else {
      EXPECT_EQ(run({"stop"}).status, 0);
    }
    EXPECT_EQ(end_of_server(), 0);
    for (const char* name : {"run/milter.sock", "run/policy.sock", "run/control.sock"}) {
      EXPECT_FALSE(exists(name)) << name;
    }
    ::close(output_[0]);
    said_.clear();
    ASSERT_EQ(::pipe2(output_.data(), O_CLOEXEC), 0);
  }
}

TEST_F(Program, ASecondServerLeavesTheFirstAlone) {
  serve();
  std::vector<std::string> words{"serve"};
  if (running_as_root()) words.insert(words.end(), {"--user", "nobody"});
  const auto second = run(words);
  EXPECT_EQ(second.status, 69);
  EXPECT_THAT(second.output, HasSubstr("a running server answers"));
  EXPECT_EQ(status_value("worker.state"), "running");
}

TEST_F(Program, DoesNotRunAsRoot) {
  if (!running_as_root()) GTEST_SKIP() << "only root can try";
  const auto refused = run({"serve"});
  EXPECT_EQ(refused.status, 77);
  EXPECT_THAT(refused.output, HasSubstr("does not run as root"));
  EXPECT_FALSE(exists("run/policy.sock"));
}

/// "Uid:" and the like of a process: real, effective, saved and file system's, or all groups.
std::string ids_of(const std::string& process, const std::string& which) {
  std::ifstream status("/proc/" + process + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(which + ":", 0) != 0) continue;
    for (char& c : line) {
      if (c == '\t') c = ' ';
    }
    return line + " ";
  }
  return {};
}

TEST_F(Program, NeitherParentNorWorkerKeepsRootInAnyId) {
  if (!running_as_root()) GTEST_SKIP() << "only root can start so";
  serve();
  const auto nobody = find_identity("nobody", "");
  ASSERT_TRUE(nobody);
  for (const auto& process : {std::to_string(server_), status_value("worker.pid")}) {
    for (const char* which : {"Uid", "Gid"}) {
      const auto id = std::to_string(*which == 'U' ? nobody->user : nobody->group) + " ";
      EXPECT_EQ(ids_of(process, which), std::string(which) + ": " + id + id + id + id) << process;
    }
    EXPECT_THAT(ids_of(process, "Groups"), Not(HasSubstr(" 0 "))) << process;
  }
  // A reload, a crash and the stop work without.
  dir_.write("etc/postern/postern.toml", std::string(policy_text) + "\n# changed\n");
  EXPECT_EQ(run({"reload"}).status, 0);
  const auto digest = status_value("policy.digest");
  ASSERT_EQ(::kill(std::stoi(status_value("worker.pid")), SIGKILL), 0);
  EXPECT_THAT(ask_policy(refused_request), HasSubstr("action=5"));
  EXPECT_EQ(status_value_of_worker("policy.digest"), digest);
  EXPECT_EQ(run({"stop"}).status, 0);
  EXPECT_EQ(end_of_server(), 0);
  EXPECT_FALSE(exists("run/policy.sock"));
}

TEST_F(Program, SaysThatASocketWillStayInAFolderOfRootsAndReplacesItNextTime) {
  if (!running_as_root()) GTEST_SKIP() << "only root can open it there";
  ASSERT_EQ(::chown((dir_ / "run").c_str(), 0, 0), 0);
  serve();
  EXPECT_THAT(said_, HasSubstr("run/policy.sock will stay behind at the stop"));
  EXPECT_EQ(run({"stop"}).status, 0);
  EXPECT_EQ(end_of_server(), 0);
  EXPECT_TRUE(exists("run/policy.sock"));
  ::close(output_[0]);
  said_.clear();
  ASSERT_EQ(::pipe2(output_.data(), O_CLOEXEC), 0);
  serve();
  EXPECT_THAT(ask_policy(refused_request), HasSubstr("action=5"));
}

TEST_F(Program, RefusesABadPolicyBeforeItOpensAnything) {
  dir_.write("etc/postern/postern.toml", "broken = ");
  EXPECT_EQ(run({"serve"}).status, 78);
  EXPECT_FALSE(exists("run/policy.sock"));
}

TEST_F(Program, RefusesAPolicyThatNobodyCanReach) {
  dir_.write("etc/postern/postern.toml",
             "[identity]\nhost = \"mx1.example.org\"\n[listen]\ncontrol = \"unix:/run/c.sock\"\n");
  const auto finished = run({"serve"});
  EXPECT_EQ(finished.status, 78);
  EXPECT_THAT(finished.output, HasSubstr("postern.toml: error: nothing to serve: "));
}

TEST_F(Program, ShowsLettersBeyondAsciiWhereTheLocaleHasThem) {
  dir_.write("etc/postern/postern.toml", "h\xC3\xB6st = 1\n");
  ::setenv("LC_ALL", "de_DE.UTF-8", 1);
  EXPECT_THAT(run({"check"}).output, HasSubstr("    1 | h\xC3\xB6st = 1\n"));
  ::setenv("LC_ALL", "C", 1);
  EXPECT_THAT(run({"check"}).output, HasSubstr("    1 | h\\xc3\\xb6st = 1\n"));
  ::unsetenv("LC_ALL");
}

TEST_F(Program, DoesNotStartWithAPolicyThatAReloadCouldNotRead) {
  if (!running_as_root()) GTEST_SKIP() << "only root can read what the user cannot";
  ASSERT_EQ(::chmod(config_.c_str(), 0600), 0);
  const auto refused = run({"serve", "--user", "nobody"});
  EXPECT_EQ(refused.status, 77);
  EXPECT_THAT(refused.output, HasSubstr("user nobody cannot read the policy"));
  EXPECT_FALSE(exists("run/policy.sock"));
}

TEST_F(Program, RelaysForSpawn) {
  serve();
  std::array<int, 2> in{};
  ASSERT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
  const std::string request = "request=smtpd_access_policy\nprotocol_state=VRFY\n\n";
  ASSERT_EQ(::write(in[1], request.data(), request.size()), static_cast<ssize_t>(request.size()));
  const int old_input = ::dup(STDIN_FILENO);
  ::dup2(in[0], STDIN_FILENO);
  ::close(in[1]);
  const auto relayed = run({"spawn"});
  ::dup2(old_input, STDIN_FILENO);
  ::close(old_input);
  ::close(in[0]);
  EXPECT_EQ(relayed.status, 0);
  EXPECT_EQ(relayed.output, "action=DUNNO\n\n");
}

TEST_F(Program, SpawnSaysNothingToPostfixWithoutAServer) {
  // Standard error is Postfix's as well: not a word may go there.
  const auto relayed = run({"spawn"});
  EXPECT_EQ(relayed.status, 75);
  EXPECT_EQ(relayed.output, "");
  EXPECT_EQ(run({"spawn", "--to", "nonsense"}).output, "");
}

TEST_F(Program, SpawnSaysOnATerminalWhyThereIsNoAnswer) {
  const UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(master);
  ASSERT_EQ(::grantpt(master.get()), 0);
  ASSERT_EQ(::unlockpt(master.get()), 0);
  const UniqueFd terminal(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(terminal);
  const pid_t child = spawn({"spawn"}, terminal.get());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 75);
  std::array<char, 1024> said{};
  const ssize_t got = ::read(master.get(), said.data(), said.size());
  ASSERT_GT(got, 0);
  EXPECT_THAT(
      std::string(said.data(), static_cast<std::size_t>(got)),
      HasSubstr("no answer for Postfix, cannot connect to unix:" + (dir_ / "run/policy.sock")));
}

}  // namespace
}  // namespace postern
