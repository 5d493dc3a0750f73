// The program itself, as tests start, ask and end it: a server in a folder of its own.
#pragma once

#include "runtime/control.h"
#include "runtime/privileges.h"
#include "runtime/sockets.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace postern::testing {

inline constexpr std::chrono::milliseconds patience{30'000};

inline constexpr const char* policy_text = R"([identity]
host = "mx1.example.org"

[listen]
milter = "unix:/run/milter.sock"
policy = ["unix:/run/policy.sock", "inet:127.0.0.1:0"]
control = "unix:/run/control.sock"

[journal]
path = "/log/decisions.jsonl"

[log]
to = "stderr"

[[rule]]
name = "nobody"
stage = "rcpt"
when = 'sender == "nobody@example.com"'
reject = "client-blocked"
)";

/// Serves `policy_text` unless the test has written another policy. Ends the server it started.
class Program : public ::testing::Test {
 protected:
  void SetUp() override {
    ::umask(0022);  // the server's user reads what the test writes
    config_ = dir_.write("etc/postern/postern.toml", policy_text);
    for (const char* name : {"run", "log"}) ::mkdir((dir_ / name).c_str(), 0755);
    ::chmod(dir_.path().c_str(), 0755);
    ASSERT_EQ(::pipe2(output_.data(), O_CLOEXEC), 0);
    if (running_as_root()) {
      // As in an installation.
      const auto nobody = find_identity("nobody", "");
      ASSERT_TRUE(nobody);
      for (const char* name : {"run", "log"}) {
        ASSERT_EQ(::chown((dir_ / name).c_str(), nobody->user, nobody->group), 0);
      }
    }
  }
  void TearDown() override {
    if (server_ > 1) {
      ::kill(server_, SIGKILL);
      ::waitpid(server_, nullptr, 0);
    }
    for (const int end : output_) {
      if (end >= 0) ::close(end);
    }
  }

  pid_t spawn(std::vector<std::string> words, int out) const {
    words.insert(words.begin(), POSTERN_PROGRAM);
    words.insert(words.end(), {"--root", dir_.path()});
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      if (descriptors_ && ::setrlimit(RLIMIT_NOFILE, &*descriptors_) != 0) ::_exit(126);
      ::dup2(out, STDOUT_FILENO);
      ::dup2(out, STDERR_FILENO);
      // The leak checker traces its own process, which one that has changed its user may not.
      ::setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    return child;
  }
  void serve() {
    std::vector<std::string> words{"serve"};
    if (running_as_root()) words.insert(words.end(), {"--user", "nobody"});
    server_ = spawn(std::move(words), output_[1]);
    ASSERT_GT(server_, 1);
    ::close(output_[1]);
    output_[1] = -1;
    ASSERT_THAT(output_until("ready: "), ::testing::HasSubstr("ready: "));
  }
  /// What the server has said, up to and including `word`; all of it when it never says so.
  std::string output_until(const std::string& word) {
    while (said_.find(word) == std::string::npos) {
      pollfd wait{output_[0], POLLIN, 0};
      if (::poll(&wait, 1, static_cast<int>(patience.count())) != 1) break;
      std::array<char, 4096> buffer{};
      const ssize_t got = ::read(output_[0], buffer.data(), buffer.size());
      if (got <= 0) break;
      said_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return said_;
  }
  struct Finished {
    int status = -1;
    std::string output;
  };
  Finished run(std::vector<std::string> words) const {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return {};
    const auto child = spawn(std::move(words), pipe[1]);
    ::close(pipe[1]);
    Finished finished;
    std::array<char, 4096> buffer{};
    for (ssize_t got = 1; got > 0;) {
      got = ::read(pipe[0], buffer.data(), buffer.size());
      if (got > 0) finished.output.append(buffer.data(), static_cast<std::size_t>(got));
    }
    ::close(pipe[0]);
    int status = -1;
    ::waitpid(child, &status, 0);
    finished.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return finished;
  }
  int end_of_server() {
    int status = -1;
    EXPECT_EQ(::waitpid(server_, &status, 0), server_);
    server_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string status_value(const std::string& name) const {
    ListenAddress control;
    control.path = dir_ / "run/control.sock";
    const auto answer = ask_control(control, ControlCommand::status, patience);
    if (!answer) return render(answer.problems());
    const auto status = StatusText::decode(answer->text);
    for (const auto& item : status.items()) {
      if (item.name == name) return item.value;
    }
    return "no " + name;
  }
  /// The same once the worker reports: a new one answers mail servers a moment before the parent
  /// knows that it is ready.
  std::string status_value_of_worker(const std::string& name) const {
    const auto until = std::chrono::steady_clock::now() + patience;
    auto value = status_value(name);
    while (value == "no " + name && std::chrono::steady_clock::now() < until) {
      value = status_value(name);
    }
    return value;
  }
  /// One request at the policy service, through the socket file.
  std::string ask_policy(const std::string& request) const {
    ListenAddress policy;
    policy.path = dir_ / "run/policy.sock";
    const auto fd = connect_to(policy, patience);
    if (!fd) return render(fd.problems());
    if (::send(fd->get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return "not sent";
    std::string text;
    std::array<char, 4096> buffer{};
    while (text.find("\n\n") == std::string::npos) {
      const ssize_t got = ::recv(fd->get(), buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text;
  }
  bool exists(const std::string& name) const { return ::access((dir_ / name).c_str(), F_OK) == 0; }

  TempDir dir_;
  std::string config_;
  std::array<int, 2> output_{-1, -1};
  std::string said_;
  pid_t server_ = -1;
  std::optional<rlimit> descriptors_;  ///< of processes started from now on
};

/// A request that `policy_text` refuses.
inline constexpr const char* refused_request =
    "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
    "client_address=192.0.2.1\nclient_name=unknown\nreverse_client_name=unknown\n"
    "helo_name=x.example\nsender=nobody@example.com\nrecipient=bob@example.org\n"
    "instance=1.2.3.0\npolicy_context=recipient\n\n";

}  // namespace postern::testing
