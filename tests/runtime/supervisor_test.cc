#include "runtime/supervisor.h"

#include "runtime/exposition.h"
#include "runtime/files.h"
#include "runtime/sockets.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <future>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace postern {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TempDir;

/// For anything to happen at all; only a failing test waits so long.
constexpr int patience_ms = 20'000;

/// kill() with 0 or a negative number reaches whole groups of processes, or all there are; a test
/// that has lost its child must fail instead.
void send_signal(pid_t process, int signal) {
  ASSERT_GT(process, 1) << "there is no process to send a signal to";
  ASSERT_EQ(::kill(process, signal), 0);
}

/// A supervisor in a process of its own, with a small worker that tells through a pipe what it
/// does. The "policy" is the text of a file: "bad..." is refused, "crash" ends the worker.
class Supervised : public ::testing::Test {
 protected:
  void SetUp() override {
    policy_ = dir_.write("policy", "one");
    ASSERT_EQ(::pipe(story_.data()), 0);
    settings_.backoff_first = milliseconds(1);
    settings_.backoff_longest = milliseconds(20);
    ListenAddress address;
    address.path = dir_ / "control";
    auto control = open_listener(address, {0600, {}, {}}, Blocking::no);
    ASSERT_TRUE(control) << render(control.problems());
    control_.emplace(std::move(*control));
  }
  void TearDown() override {
    if (parent_ > 0) {
      send_signal(parent_, SIGKILL);
      ::waitpid(parent_, nullptr, 0);
    }
    ::close(story_[0]);
    if (story_[1] >= 0) ::close(story_[1]);
  }

  void start(ServiceManager manager = {}) {
    parent_ = ::fork();
    ASSERT_GE(parent_, 0);
    if (parent_ == 0) {
      ::close(story_[0]);
      SupervisorHooks hooks;
      std::string in_force = "one";
      hooks.work = [&](WorkerChannel& channel) { return work(channel, in_force); };
      hooks.adopt = [&](const std::string& said) {
        if (said == "too much") throw std::bad_alloc();
        in_force = said;
        return SupervisorHooks::Adoption{SupervisorHooks::Adopted::yes, remark_};
      };
      ServiceCounts counts(std::chrono::system_clock::now());
      ::_exit(Supervisor(settings_, hooks, std::move(manager), control_->fd(), counts).run());
    }
    ::close(story_[1]);
    story_[1] = -1;
  }

  int work(WorkerChannel& channel, const std::string& begins_with) {
    if (fail_at_start_) return 69;
    // In this order: a test may end the worker as soon as it has heard of it, and only a worker
    // that was ready once is replaced.
    channel.send(WorkerWord::ready, begins_with);
    tell("worker " + std::to_string(::getpid()) + " " + begins_with);
    while (const auto message = channel.receive()) {
      switch (message->word) {
        case WorkerWord::reload: {
          const auto text = read_file(policy_).value();
          if (text == "crash") ::raise(SIGSEGV);
          if (text.rfind("bad", 0) == 0) {
            channel.send(WorkerWord::refused, "policy:1:1: error: " + text + "\n");
          } else {
            channel.send(WorkerWord::reloaded, text);
          }
          tell("reload " + text);
          break;
        }
        case WorkerWord::reopen:
          tell("reopen");
          channel.send(WorkerWord::reopened, journal_trouble_);
          break;
        case WorkerWord::status:
          channel.send(WorkerWord::report, "s policy " + read_file(policy_).value() + "\n");
          break;
        case WorkerWord::metrics:
          channel.send(WorkerWord::report, "metrics of the worker\n");
          break;
        case WorkerWord::ping:
          if (!doors_stand_still_) channel.send(WorkerWord::pong);
          break;
        case WorkerWord::stop:
          tell("stop");
          if (deaf_to_stop_) ::pause();
          return 0;
        default:
          break;
      }
    }
    return 75;
  }

  void tell(const std::string& line) const {
    const auto text = line + "\n";
    if (::write(story_[1], text.data(), text.size()) < 0) ::_exit(99);
  }

  /// The next line of the story; "" when nothing comes.
  std::string next_line() {
    while (true) {
      const auto end = read_.find('\n');
      if (end != std::string::npos) {
        auto line = read_.substr(0, end);
        read_.erase(0, end + 1);
        return line;
      }
      pollfd wait{story_[0], POLLIN, 0};
      if (::poll(&wait, 1, patience_ms) != 1) return {};
      std::array<char, 4096> buffer{};
      const ssize_t got = ::read(story_[0], buffer.data(), buffer.size());
      if (got <= 0) return {};
      read_.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  /// The pid of the worker that starts next.
  pid_t next_worker() {
    const auto line = next_line();
    EXPECT_THAT(line, StartsWith("worker "));
    return line.rfind("worker ", 0) == 0 ? std::atoi(line.c_str() + 7) : -1;
  }
  Result<ControlAnswer> ask(ControlCommand command) const {
    return ask_control(control_->address(), command, milliseconds(patience_ms));
  }
  int exit_status() {
    int status = -1;
    EXPECT_EQ(::waitpid(parent_, &status, 0), parent_);
    parent_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string status_value(const std::string& name) const {
    const auto answer = ask(ControlCommand::status);
    if (!answer) return render(answer.problems());
    const auto status = StatusText::decode(answer->text);
    for (const auto& item : status.items()) {
      if (item.name == name) return item.value;
    }
    return "no " + name;
  }

  TempDir dir_;
  std::string policy_;
  SupervisorSettings settings_;
  std::string remark_;
  std::string journal_trouble_;
  bool fail_at_start_ = false;
  bool deaf_to_stop_ = false;
  bool doors_stand_still_ = false;
  std::optional<ListeningSocket> control_;
  std::array<int, 2> story_{-1, -1};
  std::string read_;
  pid_t parent_ = -1;
};

TEST_F(Supervised, ReloadsOnHangUpAndOnUserSignal) {
  start();
  next_worker();
  dir_.write("policy", "two");
  send_signal(parent_, SIGHUP);
  EXPECT_EQ(next_line(), "reload two");
  dir_.write("policy", "three");
  send_signal(parent_, SIGUSR1);
  EXPECT_EQ(next_line(), "reload three");
}

TEST_F(Supervised, StopsOnTermAndOnInterrupt) {
  for (const int signal : {SIGTERM, SIGINT}) {
    start();
    next_worker();
    send_signal(parent_, signal);
    EXPECT_EQ(next_line(), "stop");
    EXPECT_EQ(exit_status(), 0);
    ::close(story_[0]);
    ASSERT_EQ(::pipe(story_.data()), 0);
  }
}

TEST_F(Supervised, TheLastOfManySignalsAlwaysLeadsToAReload) {
  start();
  const auto worker = next_worker();
  std::array<pid_t, 4> senders{};
  for (auto& sender : senders) {
    sender = ::fork();
    ASSERT_GE(sender, 0);
    if (sender == 0) {
      for (int i = 0; i < 1000; ++i) {
        send_signal(parent_, i % 2 == 0 ? SIGHUP : SIGUSR1);
        send_signal(worker, SIGHUP);
      }
      ::_exit(0);
    }
  }
  for (const auto sender : senders) ::waitpid(sender, nullptr, 0);
  // In one step: a reload of an earlier signal may read at this moment.
  ASSERT_EQ(std::rename(dir_.write("policy.new", "last").c_str(), (dir_ / "policy").c_str()), 0);
  send_signal(parent_, SIGHUP);
  std::string line;
  do {
    line = next_line();
  } while (line == "reload one");
  EXPECT_EQ(line, "reload last");
  EXPECT_EQ(status_value("worker.pid"), std::to_string(worker)) << "the worker has lived on";
  EXPECT_EQ(status_value("worker.restarts"), "0");
}

TEST_F(Supervised, TheWorkerIsDeafToEverySignalOfTheParent) {
  start();
  const auto worker = next_worker();
  for (const int signal : {SIGHUP, SIGUSR1, SIGTERM, SIGINT}) send_signal(worker, signal);
  EXPECT_EQ(status_value("worker.pid"), std::to_string(worker));
}

TEST_F(Supervised, ACrashedWorkerIsReplacedAndHasTheLastGoodPolicy) {
  start();
  const auto first = next_worker();
  dir_.write("policy", "two");
  ASSERT_TRUE(ask(ControlCommand::reload));
  EXPECT_EQ(next_line(), "reload two");
  dir_.write("policy", "bad three");
  ASSERT_TRUE(ask(ControlCommand::reload));
  EXPECT_EQ(next_line(), "reload bad three");
  send_signal(first, SIGKILL);
  const auto line = next_line();
  EXPECT_THAT(line, StartsWith("worker "));
  EXPECT_THAT(line, HasSubstr(" two"));
  EXPECT_EQ(status_value("worker.restarts"), "1");
  // The worker's counters began with it, not with the server.
  EXPECT_LE(std::stoi(status_value("worker.uptime_seconds")),
            std::stoi(status_value("uptime_seconds")));
}

TEST_F(Supervised, AWorkerThatCrashesOverAndOverIsReplacedOverAndOver) {
  start();
  for (int i = 0; i < 6; ++i) send_signal(next_worker(), SIGKILL);
  const auto last = next_worker();
  EXPECT_EQ(status_value("worker.pid"), std::to_string(last));
}

TEST_F(Supervised, ARefusedReloadIsToldToWhoeverAskedForIt) {
  start();
  next_worker();
  dir_.write("policy", "bad");
  const auto answer = ask(ControlCommand::reload);
  ASSERT_TRUE(answer) << render(answer.problems());
  EXPECT_EQ(answer->exit_code, 78);
  EXPECT_EQ(answer->text, "policy:1:1: error: bad\n");
  EXPECT_EQ(status_value("last_reload"), "refused");
  dir_.write("policy", "good");
  EXPECT_EQ(ask(ControlCommand::reload)->exit_code, 0);
  EXPECT_EQ(status_value("last_reload"), "ok");
}

TEST_F(Supervised, WhatAReloadDidNotChangeIsToldToWhoeverAskedForIt) {
  remark_ = "in force only after a restart: listen.milter\n";
  start();
  next_worker();
  dir_.write("policy", "two");
  const auto answer = ask(ControlCommand::reload);
  ASSERT_TRUE(answer) << render(answer.problems());
  EXPECT_EQ(answer->exit_code, 0);
  EXPECT_EQ(answer->text, "reloaded: two\nin force only after a restart: listen.milter\n");
}

TEST_F(Supervised, APolicyThatTheParentCannotHoldDoesNotEndTheService) {
  start();
  const auto first = next_worker();
  dir_.write("policy", "too much");
  const auto answer = ask(ControlCommand::reload);
  ASSERT_TRUE(answer) << render(answer.problems());
  EXPECT_EQ(answer->exit_code, 0);
  EXPECT_THAT(answer->text, HasSubstr("a worker that replaces this one begins with the old"));
  EXPECT_EQ(next_line(), "reload too much");
  send_signal(first, SIGKILL);
  EXPECT_THAT(next_line(), HasSubstr(" one"));
}

TEST_F(Supervised, OpensTheJournalAnewWithoutReadingThePolicy) {
  start();
  next_worker();
  dir_.write("policy", "half an ed");
  const auto answer = ask(ControlCommand::reopen);
  ASSERT_TRUE(answer) << render(answer.problems());
  EXPECT_EQ(answer->exit_code, 0);
  EXPECT_EQ(answer->text, "the journal is opened anew\n");
  EXPECT_EQ(next_line(), "reopen");
  EXPECT_EQ(status_value("last_reload"), "none yet");
}

TEST_F(Supervised, SaysWhyTheJournalCannotBeOpenedAnew) {
  journal_trouble_ = "cannot open it: Permission denied";
  start();
  next_worker();
  const auto answer = ask(ControlCommand::reopen);
  ASSERT_TRUE(answer) << render(answer.problems());
  EXPECT_EQ(answer->exit_code, 73);
  EXPECT_EQ(answer->text, "journal: cannot open it: Permission denied\n");
}

TEST_F(Supervised, AWorkerThatHangsDoesNotKeepTheParentFromTellingWhatItKnows) {
  settings_.report_limit = milliseconds(20);
  start();
  const auto worker = next_worker();
  EXPECT_EQ(status_value("worker.state"), "running");
  send_signal(worker, SIGSTOP);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status_value("worker.state"), "silent");
  EXPECT_EQ(status_value("worker.pid"), std::to_string(worker));
  send_signal(worker, SIGCONT);
  // The report it owed is nobody's answer; whoever asks later gets one of his own.
  const auto end = std::chrono::steady_clock::now() + milliseconds(patience_ms);
  while (status_value("worker.state") != "running" && std::chrono::steady_clock::now() < end) {
  }
  EXPECT_EQ(status_value("policy"), "one");
}

TEST_F(Supervised, HandsOnTheMetricsOfItsWorkerAndTellsItsOwnWithoutIt) {
  if (!has_metrics()) GTEST_SKIP() << without_metrics;
  settings_.report_limit = milliseconds(20);
  start();
  const auto worker = next_worker();
  EXPECT_EQ(status_value("worker.state"), "running");
  auto answer = ask(ControlCommand::metrics);
  ASSERT_TRUE(answer) << render(answer.problems());
  EXPECT_EQ(answer->exit_code, 0);
  EXPECT_EQ(answer->text, "metrics of the worker\n");
  send_signal(worker, SIGSTOP);
  answer = ask(ControlCommand::metrics);
  ASSERT_TRUE(answer) << render(answer.problems());
  EXPECT_EQ(answer->exit_code, 0);
  EXPECT_THAT(answer->text, HasSubstr("postern_worker_up 0\n"));
  EXPECT_THAT(answer->text, HasSubstr("postern_worker_restarts_total 0\n"));
  send_signal(worker, SIGCONT);
  // The text that the worker owed is nobody's status.
  const auto end = std::chrono::steady_clock::now() + milliseconds(patience_ms);
  while (status_value("worker.state") != "running" && std::chrono::steady_clock::now() < end) {
  }
  EXPECT_EQ(status_value("policy"), "one");
}

TEST_F(Supervised, AReloadThatEndsTheWorkerIsReportedAndNotRepeated) {
  start();
  next_worker();
  dir_.write("policy", "crash");
  const auto answer = ask(ControlCommand::reload);
  ASSERT_TRUE(answer) << render(answer.problems());
  EXPECT_EQ(answer->exit_code, 75);
  next_worker();
  EXPECT_EQ(status_value("worker.restarts"), "1");
  EXPECT_EQ(status_value("last_reload"), "failed");
}

TEST_F(Supervised, StopsOnCommandAndAnswersWhenAllIsOver) {
  start();
  next_worker();
  const auto answer = ask(ControlCommand::stop);
  ASSERT_TRUE(answer) << render(answer.problems());
  EXPECT_EQ(answer->exit_code, 0);
  EXPECT_EQ(exit_status(), 0);
}

TEST_F(Supervised, AWorkerThatDoesNotStopIsKilled) {
  settings_.stop_limit = milliseconds(50);
  deaf_to_stop_ = true;
  start();
  next_worker();
  send_signal(parent_, SIGTERM);
  EXPECT_EQ(exit_status(), 0);
}

TEST_F(Supervised, AFirstStartThatFailsIsNotTriedAgain) {
  fail_at_start_ = true;
  start();
  EXPECT_EQ(exit_status(), 69);
}

TEST_F(Supervised, AWorkerWithoutAParentEnds) {
  start();
  const auto worker = next_worker();
  send_signal(parent_, SIGKILL);
  exit_status();
  // The worker held the last writing end of the pipe.
  EXPECT_EQ(next_line(), "") << "worker " << worker << " still lives";
}

TEST_F(Supervised, AWorkerThatGivesNoSignOfLifeIsReplaced) {
  settings_.silence_limit = milliseconds(200);
  settings_.ping_every = milliseconds(20);
  start();
  const auto first = next_worker();
  send_signal(first, SIGSTOP);
  EXPECT_NE(next_worker(), first);
}

TEST_F(Supervised, AWorkerWhoseDoorsStandStillIsReplacedThoughItReportsItsStatus) {
  settings_.silence_limit = milliseconds(200);
  settings_.ping_every = milliseconds(20);
  doors_stand_still_ = true;
  start();
  const auto first = std::to_string(next_worker());
  // Asked all the time, as by a monitor, it answers; that kept it alive once.
  const auto end = std::chrono::steady_clock::now() + milliseconds(patience_ms);
  while (status_value("worker.pid") == first && std::chrono::steady_clock::now() < end) {
  }
  EXPECT_NE(status_value("worker.pid"), first);
}

/// With a service manager that hears what it is told.
class Managed : public Supervised {
 protected:
  void SetUp() override {
    Supervised::SetUp();
    sockaddr_storage storage{};
    storage.ss_family = AF_UNIX;
    const auto path = dir_ / "notify";
    std::copy(path.begin(), path.end(), reinterpret_cast<char*>(&storage) + sizeof(sa_family_t));
    ASSERT_EQ(::bind(heard_.get(), reinterpret_cast<const sockaddr*>(&storage),
                     static_cast<socklen_t>(sizeof(sa_family_t) + path.size() + 1)),
              0);
    manager_ = ServiceManager(path, std::chrono::milliseconds(60));
  }

  /// What it is told next; signs of life are only counted.
  std::string next() {
    while (true) {
      pollfd wait{heard_.get(), POLLIN, 0};
      if (::poll(&wait, 1, patience_ms) != 1) return "silence";
      std::array<char, 512> buffer{};
      const ssize_t got = ::recv(heard_.get(), buffer.data(), buffer.size(), 0);
      const std::string text(buffer.data(), static_cast<std::size_t>(got));
      if (text != "WATCHDOG=1") return text;
      ++alive_;
    }
  }

  const UniqueFd heard_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ServiceManager manager_;
  int alive_ = 0;  ///< WATCHDOG=1 heard
};

TEST_F(Managed, HearsOfEveryStep) {
  const std::string during_reload = "WATCHDOG_USEC=240000000";
  start(manager_);
  EXPECT_EQ(next(), "READY=1\nSTATUS=one");
  next_worker();
  dir_.write("policy", "two");
  send_signal(parent_, SIGHUP);
  EXPECT_THAT(next(), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_EQ(next(), during_reload);
  EXPECT_EQ(next(), "WATCHDOG_USEC=60000");
  EXPECT_EQ(next(), "READY=1\nSTATUS=two");
  dir_.write("policy", "bad");
  send_signal(parent_, SIGHUP);
  EXPECT_THAT(next(), StartsWith("RELOADING=1"));
  EXPECT_EQ(next(), during_reload);
  EXPECT_EQ(next(), "WATCHDOG_USEC=60000");
  EXPECT_EQ(next(), "READY=1\nSTATUS=two; the last reload was refused");
  // Only the worker's own sign of life makes the watchdog's.
  while (alive_ == 0) {
    pollfd wait{heard_.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&wait, 1, patience_ms), 1);
    std::array<char, 512> buffer{};
    const ssize_t got = ::recv(heard_.get(), buffer.data(), buffer.size(), 0);
    if (std::string(buffer.data(), static_cast<std::size_t>(got)) == "WATCHDOG=1") ++alive_;
  }
  send_signal(parent_, SIGTERM);
  EXPECT_EQ(next(), "STOPPING=1\nSTATUS=stopping");
  EXPECT_EQ(exit_status(), 0);
}

TEST_F(Managed, WaitsLongerForAReloadThatTakesLongerThanItsWatchdog) {
  settings_.silence_limit = milliseconds(5'000);
  start(manager_);
  next_worker();
  EXPECT_EQ(next(), "READY=1\nSTATUS=one");
  dir_.write("policy", "crash");
  send_signal(parent_, SIGHUP);
  EXPECT_THAT(next(), StartsWith("RELOADING=1"));
  EXPECT_EQ(next(), "WATCHDOG_USEC=10000000") << "what the worker and the parent may take, no more";
  EXPECT_EQ(next(), "WATCHDOG_USEC=60000") << "also when the reload fails";
}

}  // namespace
}  // namespace postern
