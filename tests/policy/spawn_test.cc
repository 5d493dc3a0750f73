#include "policy/spawn.h"

#include "policy/server.h"
#include "support/temp_dir.h"
#include "tests/policy/door_fixture.h"

#include <gmock/gmock.h>

#include <array>
#include <fcntl.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace postern::policy_door::test {
namespace {

using postern::testing::TempDir;
using ::testing::StartsWith;

class SpawnTest : public DoorTest {
 protected:
  SpawnTest() {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      throw std::runtime_error("socketpair");
    }
    address.path = folder / "policy.sock";
  }
  ~SpawnTest() override {
    for (const int end : ends) {
      if (end >= 0) ::close(end);
    }
  }
  /// Postfix's end of the pair is ends[0], the relay's standard input and output ends[1].
  void send(std::string_view octets) const {
    ASSERT_EQ(::send(ends[0], octets.data(), octets.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(octets.size()));
  }
  std::string answer() const {
    std::string text;
    std::array<char, 1024> octets{};
    while (text.find("\n\n") == std::string::npos) {
      const auto count = ::recv(ends[0], octets.data(), octets.size(), 0);
      if (count <= 0) break;
      text.append(octets.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

  TempDir folder;
  ListenAddress address;
  std::array<int, 2> ends{-1, -1};
};

TEST_F(SpawnTest, RelaysBothWaysUntilTheClientEnds) {
  PolicyServer server({listen_at(address.path)}, services());
  server.start();
  int status = -1;
  std::thread relay([&] { status = relay_spawn(ends[1], ends[1], address); });
  send(policy_request("RCPT", {{"recipient", "policy-reject@test.example"}}));
  EXPECT_THAT(answer(), StartsWith("action=550 5.7.1 "));
  send(policy_request("RCPT"));
  EXPECT_EQ(answer(), "action=DUNNO\n\n");
  ::shutdown(ends[0], SHUT_WR);
  relay.join();
  EXPECT_EQ(status, 0);
}

TEST_F(SpawnTest, RelaysOverTcp) {
  const auto listener = listen_on_loopback();
  PolicyServer server({listener.descriptor}, services());
  server.start();
  address.family = ListenAddress::Family::inet;
  address.host = "127.0.0.1";
  address.port = listener.port;
  int status = -1;
  std::thread relay([&] { status = relay_spawn(ends[1], ends[1], address); });
  send(policy_request("RCPT"));
  ::shutdown(ends[0], SHUT_WR);
  EXPECT_EQ(answer(), "action=DUNNO\n\n");
  relay.join();
  EXPECT_EQ(status, 0);
}

TEST_F(SpawnTest, EndsUnansweredWhenTheServerCannotDecide) {
  PolicyServer server({listen_at(address.path)}, services());
  server.start();
  int status = -1;
  std::thread relay([&] { status = relay_spawn(ends[1], ends[1], address); });
  send(policy_request("RCPT", {{"recipient", "fail@test.example"}}));
  relay.join();
  EXPECT_EQ(status, 0);
  ::close(ends[1]);
  ends[1] = -1;
  EXPECT_EQ(answer(), "");
}

TEST_F(SpawnTest, WithoutAServerItEndsAtOnceWithTryLater) {
  EXPECT_EQ(relay_spawn(ends[1], ends[1], address), 75);
  address.path = std::string(200, 'x');
  EXPECT_EQ(relay_spawn(ends[1], ends[1], address), 75);
  address.family = ListenAddress::Family::inet;
  address.host = "no such host";
  EXPECT_EQ(relay_spawn(ends[1], ends[1], address), 75);
}

TEST_F(SpawnTest, LeavesTheFlagsOfItsDescriptorsAsTheyWere) {
  PolicyServer server({listen_at(address.path)}, services());
  server.start();
  const int before = ::fcntl(ends[1], F_GETFL);
  ::shutdown(ends[0], SHUT_WR);
  EXPECT_EQ(relay_spawn(ends[1], ends[1], address), 0);
  EXPECT_EQ(::fcntl(ends[1], F_GETFL), before);
}

}  // namespace
}  // namespace postern::policy_door::test
