#include "runtime/control.h"

#include "runtime/sockets.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <sys/socket.h>

namespace postern {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds patience{10'000};

class Control : public ::testing::Test {
 protected:
  Control() {
    address_.path = dir_ / "control";
    auto opened = open_listener(address_, {0600, {}, {}}, Blocking::no);
    if (!opened) throw std::runtime_error(render(opened.problems()));
    socket_.emplace(std::move(*opened));
    server_.emplace(socket_->fd());
  }

  /// Turns the server's loop until a command is there or nothing has happened for a long time.
  std::vector<ControlServer::Request> next() {
    while (true) {
      std::vector<pollfd> fds;
      server_->watch(fds);
      if (::poll(fds.data(), fds.size(), static_cast<int>(patience.count())) <= 0) return {};
      auto requests = server_->handle(fds, now_);
      if (!requests.empty()) return requests;
    }
  }
  /// One turn without waiting.
  std::vector<ControlServer::Request> turn() {
    std::vector<pollfd> fds;
    server_->watch(fds);
    ::poll(fds.data(), fds.size(), 0);
    return server_->handle(fds, now_);
  }
  std::future<Result<ControlAnswer>> ask(ControlCommand command) {
    return std::async(std::launch::async,
                      [this, command] { return ask_control(address_, command, patience); });
  }
  UniqueFd raw(const std::string& text) {
    auto fd = connect_to(address_, patience);
    if (!fd) throw std::runtime_error(render(fd.problems()));
    EXPECT_EQ(::send(fd->get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return std::move(*fd);
  }
  static bool closed(const UniqueFd& fd) {
    char octet = 0;
    // A server that has not read everything leaves by a reset.
    const ssize_t got = ::recv(fd.get(), &octet, 1, MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

  TempDir dir_;
  ListenAddress address_;
  std::optional<ListeningSocket> socket_;
  std::optional<ControlServer> server_;
  Clock::time_point now_ = Clock::now();
};

TEST_F(Control, CarriesACommandAndItsAnswer) {
  auto asked = ask(ControlCommand::reload);
  const auto requests = next();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].command, ControlCommand::reload);
  server_->answer(requests[0].client, {78, "postern.toml:1:1: error: bad\n"});
  const auto answer = asked.get();
  ASSERT_TRUE(answer) << render(answer.problems());
  EXPECT_EQ(answer->exit_code, 78);
  EXPECT_EQ(answer->text, "postern.toml:1:1: error: bad\n");
}

TEST_F(Control, CarriesAnswersLargerThanASocketsBuffer) {
  auto asked = ask(ControlCommand::status);
  const auto requests = next();
  ASSERT_EQ(requests.size(), 1U);
  const std::string text(std::size_t{2} * 1024 * 1024, 'x');
  server_->answer(requests[0].client, {0, text});
  server_->flush(patience);
  const auto answer = asked.get();
  ASSERT_TRUE(answer) << render(answer.problems());
  EXPECT_EQ(answer->text.size(), text.size());
}

TEST_F(Control, ClosesOnAWordThatIsNoCommand) {
  const auto fd = raw("shutdown\n");
  EXPECT_TRUE(turn().empty());
  EXPECT_TRUE(turn().empty());
  EXPECT_TRUE(closed(fd));
}

TEST_F(Control, ClosesOnALineThatDoesNotEnd) {
  const auto fd = raw(std::string(200, 'x'));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(turn().empty());
  EXPECT_TRUE(closed(fd));
}

TEST_F(Control, ForgetsAClientThatNeverAsks) {
  const auto fd = raw("sta");
  turn();
  turn();
  EXPECT_FALSE(closed(fd));
  now_ += std::chrono::seconds(6);
  turn();
  EXPECT_TRUE(closed(fd));
}

TEST_F(Control, KeepsAClientThatWaitsForALongReload) {
  const auto fd = raw("reload\n");
  const auto requests = next();
  ASSERT_EQ(requests.size(), 1U);
  now_ += std::chrono::minutes(5);
  turn();
  EXPECT_FALSE(closed(fd));
}

TEST_F(Control, TurnsAwayMoreClientsThanItServes) {
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(raw(""));
  turn();
  std::size_t kept = 0;
  for (const auto& client : clients) kept += closed(client) ? 0 : 1;
  EXPECT_EQ(kept, 16U);
}

TEST_F(Control, AnsweringAClientThatHasGoneIsNoTrouble) {
  {
    const auto fd = raw("status\n");
    ASSERT_EQ(next().size(), 1U);
  }
  turn();
  server_->answer(1, {0, "too late"});
}

TEST_F(Control, SaysSoWhenNobodyListens) {
  address_.path = dir_ / "nobody";
  const auto answer = ask_control(address_, ControlCommand::status, patience);
  ASSERT_FALSE(answer);
  EXPECT_THAT(render(answer.problems()), HasSubstr("No such file or directory"));
}

TEST(StatusText, ComesBackAsItWasWritten) {
  StatusText status;
  status.add("policy.digest", std::string("0123"));
  status.add("milter.sessions", std::uint64_t{12});
  status.add("journal.last_error", std::string("no space\nleft on  device"));
  status.add("empty", std::string());
  const auto back = StatusText::decode(status.encode());
  ASSERT_EQ(back.items().size(), 4U);
  EXPECT_EQ(back.items()[0].value, "0123");
  EXPECT_EQ(back.items()[0].kind, StatusText::Item::Kind::text);
  EXPECT_EQ(back.items()[1].kind, StatusText::Item::Kind::number);
  EXPECT_EQ(back.items()[2].value, "no space left on  device");
  EXPECT_EQ(back.items()[3].value, "");
}

TEST(StatusText, PassesOverLinesThatAreNoItems) {
  EXPECT_EQ(StatusText::decode("garbage\n\nn\nn x\nn a 1\n").items().size(), 1U);
}

}  // namespace
}  // namespace postern
