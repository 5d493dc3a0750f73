#include "runtime/notify.h"

#include "support/temp_dir.h"
#include "system/unique_fd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace postern {
namespace {

using ::testing::MatchesRegex;
using testing::TempDir;

/// What a service manager receives. `name` with '@' in front is in the abstract name space.
class Listener {
 public:
  explicit Listener(const std::string& name)
      : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
  }
  /// Empty when nothing was sent; a datagram on this machine is there at once.
  std::string next() const {
    std::array<char, 512> buffer{};
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    return got <= 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(got));
  }

 private:
  UniqueFd fd_;
};

TEST(ServiceManager, GetsItsLinesInOneDatagram) {
  const TempDir dir;
  const Listener listener(dir / "notify");
  ServiceManager(dir / "notify").send("READY=1\nSTATUS=well");
  EXPECT_EQ(listener.next(), "READY=1\nSTATUS=well");
}

TEST(ServiceManager, IsFoundInTheAbstractNameSpace) {
  const auto name = "@postern-test-" + std::to_string(::getpid());
  const Listener listener(name);
  ServiceManager(name).send("READY=1");
  EXPECT_EQ(listener.next(), "READY=1");
}

TEST(ServiceManager, WaitsNeverLessThanItWasTold) {
  const TempDir dir;
  const Listener listener(dir / "notify");
  const ServiceManager manager(dir / "notify", std::chrono::seconds(60));
  manager.allow_silence(std::chrono::seconds(90));
  EXPECT_EQ(listener.next(), "WATCHDOG_USEC=90000000");
  manager.allow_silence(std::chrono::seconds(1));
  EXPECT_EQ(listener.next(), "WATCHDOG_USEC=60000000");
  ServiceManager(dir / "notify").allow_silence(std::chrono::seconds(90));
  EXPECT_EQ(listener.next(), "") << "there is no watchdog to hold back";
}

TEST(ServiceManager, LearnsTheClockReadingOfAReload) {
  const TempDir dir;
  const Listener listener(dir / "notify");
  ServiceManager(dir / "notify").reloading();
  EXPECT_THAT(listener.next(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
}

TEST(ServiceManager, NobodyThereIsNoTrouble) {
  ServiceManager().send("READY=1");
  ServiceManager("/nonexistent/notify").send("READY=1");
  ServiceManager("relative").send("READY=1");
  ServiceManager("/" + std::string(200, 'x')).send("READY=1");
}

TEST(ServiceManager, TakesItsEnvironmentAwayFromChildren) {
  ::setenv("NOTIFY_SOCKET", "/run/systemd/notify", 1);
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  const auto manager = ServiceManager::from_environment();
  EXPECT_EQ(manager.watchdog(), std::chrono::microseconds(30'000'000));
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    EXPECT_EQ(std::getenv(name), nullptr) << name;
  }
}

TEST(ServiceManager, AWatchdogMeantForAnotherProcessIsNotOurs) {
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid() + 1).c_str(), 1);
  EXPECT_EQ(ServiceManager::from_environment().watchdog(), std::nullopt);
}

}  // namespace
}  // namespace postern
