#include "runtime/descriptors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace postern {
namespace {

using ::testing::HasSubstr;

Settings both_doors() {
  Settings settings;
  settings.listen.milter = ListenAddress::parse("unix:/run/postern/milter.sock").value();
  settings.listen.policy = {ListenAddress::parse("inet:127.0.0.1:10044").value()};
  settings.limits.policy_connections = 2000;
  return settings;
}

TEST(Descriptors, AreEnoughForWhatIsConfigured) {
  const auto settings = both_doors();
  const auto share = share_descriptors(settings, wanted_descriptors(settings));
  EXPECT_EQ(share.policy_connections, 2000U);
  EXPECT_EQ(share.milter_sessions, milter_descriptors);
  EXPECT_EQ(share.warning, "");
}

TEST(Descriptors, TheUsualLimitOf1024WasShortOfTheConfiguredConnections) {
  const auto share = share_descriptors(both_doors(), 1024);
  EXPECT_EQ(share.policy_connections, 480U);
  EXPECT_EQ(share.milter_sessions, 480U);
  EXPECT_THAT(share.warning, HasSubstr("480 connections instead of 2000"));
  EXPECT_THAT(share.warning, HasSubstr("raise it to 6160"));
}

TEST(Descriptors, ASmallPolicyDoorLeavesTheRestToTheMilter) {
  auto settings = both_doors();
  settings.limits.policy_connections = 10;
  const auto share = share_descriptors(settings, 1024);
  EXPECT_EQ(share.policy_connections, 10U);
  EXPECT_EQ(share.milter_sessions, 950U);
  EXPECT_THAT(share.warning, HasSubstr("leaves the milter 950 sessions"));
}

TEST(Descriptors, AreNotKeptForADoorThatIsNotServed) {
  auto settings = both_doors();
  settings.listen.milter.reset();
  EXPECT_EQ(wanted_descriptors(settings), 2064U);
  EXPECT_EQ(share_descriptors(settings, 1024).policy_connections, 960U);
  settings = both_doors();
  settings.listen.policy.clear();
  EXPECT_EQ(share_descriptors(settings, 1024).milter_sessions, 960U);
}

TEST(Descriptors, NeverLeaveADoorNothingAtAll) {
  for (const std::uint64_t limit : {0U, 1U, 64U, 65U}) {
    EXPECT_EQ(share_descriptors(both_doors(), limit).policy_connections, 1U) << limit;
  }
}

TEST(Descriptors, TheSoftLimitIsRaisedAsFarAsTheHardOneAllowsAndNeverLowered) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limits{200, 300};
    if (::setrlimit(RLIMIT_NOFILE, &limits) != 0) ::_exit(1);
    if (raise_descriptor_limit(250) != 250) ::_exit(2);
    if (raise_descriptor_limit(100) != 250) ::_exit(3);
    if (raise_descriptor_limit(6160) != 300) ::_exit(4);
    rlimit now{};
    ::getrlimit(RLIMIT_NOFILE, &now);
    ::_exit(now.rlim_cur == 300 ? 0 : 5);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace postern
