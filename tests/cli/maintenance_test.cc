// Maintenance from the outside: a server that is running, one that crashes, one that starts.
#include "support/program.h"

#include <chrono>
#include <csignal>
#include <thread>

namespace postern {
namespace {

using ::testing::HasSubstr;
using testing::Program;
using ::testing::StartsWith;

/// A message of its own, so that no earlier answer is repeated.
std::string request(const std::string& instance) {
  return "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
         "client_address=192.0.2.7\nclient_name=mail.example.net\nhelo_name=mail.example.net\n"
         "sender=alice@example.net\nrecipient=bob@example.org\ninstance=" +
         instance + "\n\n";
}

TEST_F(Program, PutsMailOffDuringAMaintenanceAndTakesItAfterwards) {
  serve();
  EXPECT_EQ(ask_policy(request("a1")), "action=DUNNO\n\n");
  const auto on = run({"maintenance", "on", "--until", "2h", "--reason-text", "New disks."});
  EXPECT_EQ(on.status, 0) << on.output;
  EXPECT_THAT(on.output, HasSubstr("The running server has it in force.\n"));
  const auto answer = ask_policy(request("a2"));
  EXPECT_THAT(answer, StartsWith("action=421 4.3.2 "));
  EXPECT_THAT(answer, HasSubstr("The mail service is under maintenance until about "));
  EXPECT_THAT(answer, HasSubstr(" New disks."));
  EXPECT_THAT(status_value("maintenance"), StartsWith("until 20"));
  const auto at = answer.find("ref ");
  ASSERT_NE(at, std::string::npos) << answer;
  const auto off = run({"maintenance", "off"});
  EXPECT_EQ(off.status, 0) << off.output;
  EXPECT_THAT(off.output, HasSubstr("The running server takes mail again.\n"));
  EXPECT_EQ(ask_policy(request("a3")), "action=DUNNO\n\n");
  EXPECT_EQ(status_value("maintenance"), "off");
  EXPECT_EQ(run({"stop"}).status, 0);
  const auto told = run({"explain", answer.substr(at, 18)});
  EXPECT_EQ(told.status, 0) << told.output;
  EXPECT_THAT(told.output, HasSubstr("\"maintenance\""));
}

TEST_F(Program, IsInMaintenanceFromTheStartAndAfterACrashAndAReload) {
  const auto on = run({"maintenance", "on", "--until", "2h", "--code", "451"});
  EXPECT_EQ(on.status, 0) << on.output;
  EXPECT_THAT(on.output, HasSubstr("No server answers; it holds for the next one that starts.\n"));
  serve();
  EXPECT_THAT(ask_policy(request("b1")), StartsWith("action=451 4.3.2 "));
  dir_.write("etc/postern/postern.toml", std::string(testing::policy_text) + "\n# changed\n");
  EXPECT_EQ(run({"reload"}).status, 0);
  EXPECT_THAT(ask_policy(request("b2")), StartsWith("action=451 4.3.2 "));
  const auto worker = std::stoi(status_value("worker.pid"));
  ASSERT_GT(worker, 1);
  ASSERT_EQ(::kill(worker, SIGKILL), 0);
  EXPECT_THAT(ask_policy(request("b3")), StartsWith("action=451 4.3.2 "));
}

TEST_F(Program, SaidOffWhileThePolicyWasBrokenAndTheServerPutMailOff) {
  serve();
  EXPECT_EQ(run({"maintenance", "on", "--until", "2h"}).status, 0);
  dir_.write("etc/postern/postern.toml", std::string(testing::policy_text) + "\n[[rule]]\nx = 1\n");
  EXPECT_THAT(run({"maintenance", "status"}).output, HasSubstr("421 4.3.2"));
  EXPECT_THAT(run({"status"}).output, HasSubstr("maintenance"));
  const auto off = run({"maintenance", "off"});
  EXPECT_EQ(off.status, 0) << off.output;
  EXPECT_THAT(off.output, HasSubstr("The running server takes mail again.\n"));
  EXPECT_EQ(ask_policy(request("d1")), "action=DUNNO\n\n");
}

TEST_F(Program, EndsItsMaintenanceByItself) {
  serve();
  const auto on = run({"maintenance", "on", "--until", "6s"});
  EXPECT_EQ(on.status, 0);
  EXPECT_THAT(on.output, HasSubstr("has it in force"));
  const auto until = std::chrono::steady_clock::now() + testing::patience;
  while (status_value("maintenance") != "off" && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_EQ(status_value("maintenance"), "off");
  EXPECT_EQ(ask_policy(request("c1")), "action=DUNNO\n\n");
  EXPECT_EQ(run({"maintenance", "status"}).output, "off\n");
}

}  // namespace
}  // namespace postern
