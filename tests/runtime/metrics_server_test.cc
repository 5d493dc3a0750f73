#include "runtime/metrics_server.h"

#include "runtime/exposition.h"
#include "runtime/sockets.h"
#include "support/http_client.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace postern {
namespace {

using std::chrono::milliseconds;
using testing::exchange;
using ::testing::HasSubstr;
using testing::http_answer;
using testing::http_get;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using testing::TempDir;

/// For anything to happen at all; only a failing test waits so long.
constexpr milliseconds patience{20'000};

class MetricsAt : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_metrics()) GTEST_SKIP() << without_metrics;
    ListenAddress address;
    address.path = dir_ / "metrics.sock";
    listen(address);
  }
  void listen(const ListenAddress& address) {
    auto listener = open_listener(address, {0600, {}, {}}, Blocking::no);
    ASSERT_TRUE(listener) << render(listener.problems());
    listener_.emplace(std::move(*listener));
  }
  void serve(MetricsLimits limits = {}) {
    server_.emplace(
        listener_->fd(),
        [this] {
          ++asked_;
          if (broken_) throw std::runtime_error("no text");
          return text_;
        },
        limits);
  }
  const ListenAddress& at() const { return listener_->address(); }
  std::string said(std::string_view request) const { return exchange(at(), request, patience); }
  void expect_to_serve_still() {
    const auto answer = http_get(at(), "/metrics", patience);
    EXPECT_EQ(answer.status(), 200) << answer.head;
    EXPECT_EQ(answer.body, text_);
  }

  TempDir dir_;
  std::optional<ListeningSocket> listener_;
  std::string text_ = "some 1\n";
  std::atomic<unsigned> asked_{0};
  std::atomic<bool> broken_{false};
  std::optional<MetricsServer> server_;
};

TEST_F(MetricsAt, AnswersOverAUnixSocket) {
  serve();
  const auto answer = http_get(at(), "/metrics", patience);
  EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer.head, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8"));
  EXPECT_THAT(answer.head, HasSubstr("Connection: close"));
  EXPECT_EQ(answer.body, text_);
}

TEST_F(MetricsAt, AnswersOverTcp) {
  ListenAddress address;
  address.family = ListenAddress::Family::inet;
  address.host = "127.0.0.1";
  listen(address);
  serve();
  ASSERT_NE(at().port, 0);
  for (int i = 0; i < 20; ++i) expect_to_serve_still();
}

TEST_F(MetricsAt, AnswersAWholeTextThatIsLong) {
  text_ = std::string(std::size_t{3} * 1024 * 1024, 'x');
  serve();
  expect_to_serve_still();
}

TEST_F(MetricsAt, HasNothingElsewhere) {
  serve();
  for (const char* path : {"/", "/metrics/", "/metricsx", "/metric", "//metrics", "/../metrics",
                           "/status", "*", "/metrics%00", "/METRICS"}) {
    const auto answer = http_get(at(), path, patience);
    EXPECT_THAT(answer.body, Not(HasSubstr(text_))) << path;
    EXPECT_TRUE(answer.status() == 404 || answer.status() == 400) << path << ": " << answer.head;
  }
  EXPECT_EQ(http_get(at(), "/metrics?debug=1", patience).status(), 200);
  EXPECT_EQ(asked_, 1U);
}

TEST_F(MetricsAt, TakesNoMethodThatChangesAnything) {
  serve();
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"}) {
    const auto answer =
        http_answer(said(method + " /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"));
    EXPECT_EQ(answer.status(), 405) << method << ": " << answer.head;
    EXPECT_THAT(answer.head, HasSubstr("Allow: GET, HEAD")) << method;
  }
  EXPECT_EQ(asked_, 0U);
  const auto head = http_answer(said("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_EQ(head.status(), 200);
  EXPECT_THAT(head.body, IsEmpty());
}

TEST_F(MetricsAt, SaysSoWhenTheTextCannotBeMade) {
  serve();
  broken_ = true;
  EXPECT_EQ(http_get(at(), "/metrics", patience).status(), 503);
  broken_ = false;
  expect_to_serve_still();
}

TEST_F(MetricsAt, LivesThroughGarbage) {
  serve();
  std::string octets;
  for (unsigned i = 0; i < 4096; ++i) octets += static_cast<char>((i * 2654435761U) >> 13U);
  for (const std::string& request : std::vector<std::string>{
           "\r\n\r\n", "GET\r\n\r\n", "GET /metrics\r\n\r\n", "GET /metrics HTTP/9.9\r\n\r\n",
           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS\r\n\r\n",
           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
           "GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: -1\r\n\r\n",
           "GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n",
           "GET /metrics HTTP/1.1\r\n: x\r\n x\r\n\r\n", octets + "\r\n\r\n"}) {
    const auto fd = connect_to(at(), patience);
    ASSERT_TRUE(fd);
    ::send(fd->get(), request.data(), request.size(), MSG_NOSIGNAL);
    ::shutdown(fd->get(), SHUT_WR);
    std::array<char, 4096> buffer{};
    while (::recv(fd->get(), buffer.data(), buffer.size(), 0) > 0) {
    }
  }
  expect_to_serve_still();
}

TEST_F(MetricsAt, TakesNoRequestThatIsTooLarge) {
  serve();
  const std::string large(100'000, 'a');
  for (const auto& request : {"GET /" + large + " HTTP/1.1\r\nHost: x\r\n\r\n",
                              "GET /metrics HTTP/1.1\r\nHost: x\r\nCookie: " + large + "\r\n\r\n",
                              large + " /metrics HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    const auto answer = http_answer(said(request));
    EXPECT_NE(answer.status(), 200);
    EXPECT_THAT(answer.body, Not(HasSubstr(text_)));
  }
  std::string many = "GET /metrics HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 5'000; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_NE(http_answer(said(many + "\r\n")).status(), 200);
  EXPECT_EQ(asked_, 0U);
  expect_to_serve_still();
}

TEST_F(MetricsAt, ReadsNoBody) {
  serve();
  const auto answer = http_answer(
      said("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nabc"));
  EXPECT_EQ(answer.status(), 405) << answer.head;
  expect_to_serve_still();
}

TEST_F(MetricsAt, CutsOffWhoTakesTooLongHoweverBusy) {
  MetricsLimits limits;
  limits.time = milliseconds(100);
  serve(limits);
  const auto fd = connect_to(at(), patience);
  ASSERT_TRUE(fd);
  const std::string begin = "GET /metrics HTTP/1.1\r\nX-Slow: ";
  ASSERT_GT(::send(fd->get(), begin.data(), begin.size(), MSG_NOSIGNAL), 0);
  // An octet at a time, each well before any pause is too long, until it hangs up.
  bool open = true;
  for (int i = 0; i < 10'000 && open; ++i) {
    pollfd wait{fd->get(), POLLIN, 0};
    open = ::poll(&wait, 1, 5) == 0 && ::send(fd->get(), "x", 1, MSG_NOSIGNAL) == 1;
  }
  EXPECT_FALSE(open);
  expect_to_serve_still();
}

TEST_F(MetricsAt, LetsOthersInWhenSlowOnesHaveTakenEveryPlace) {
  MetricsLimits limits;
  limits.time = milliseconds(100);
  limits.connections = 2;
  serve(limits);
  std::vector<UniqueFd> slow;
  for (int i = 0; i < 6; ++i) {
    auto fd = connect_to(at(), patience);
    ASSERT_TRUE(fd);
    ASSERT_EQ(::send(fd->get(), "G", 1, MSG_NOSIGNAL), 1);
    slow.push_back(std::move(*fd));
  }
  expect_to_serve_still();
}

TEST_F(MetricsAt, KeepsNoPlaceForThoseWhoHaveHungUp) {
  MetricsLimits limits;
  limits.time = std::chrono::hours(1);
  limits.connections = 2;
  serve(limits);
  std::vector<UniqueFd> gone;
  for (const std::string_view begin : {"", "G", "GET /metrics HTTP/1.1\r\nX: y", "", "G", "G"}) {
    auto fd = connect_to(at(), patience);
    ASSERT_TRUE(fd);
    ::send(fd->get(), begin.data(), begin.size(), MSG_NOSIGNAL);
    gone.push_back(std::move(*fd));
  }
  gone.clear();
  expect_to_serve_still();
}

TEST_F(MetricsAt, AnswersWhoSaysAtOnceThatItWillSendNoMore) {
  text_ = std::string(std::size_t{3} * 1024 * 1024, 'x');
  serve();
  for (int i = 0; i < 20; ++i) {
    const auto fd = connect_to(at(), patience);
    ASSERT_TRUE(fd);
    const std::string request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    ASSERT_GT(::send(fd->get(), request.data(), request.size(), MSG_NOSIGNAL), 0);
    ::shutdown(fd->get(), SHUT_WR);
    std::string said;
    std::array<char, 65'536> buffer{};
    for (ssize_t got = 1; got > 0;) {
      got = ::recv(fd->get(), buffer.data(), buffer.size(), 0);
      if (got > 0) said.append(buffer.data(), static_cast<std::size_t>(got));
    }
    ASSERT_EQ(http_answer(said).body.size(), text_.size());
  }
}

TEST_F(MetricsAt, CutsOffWhoDoesNotReadItsAnswer) {
  text_ = std::string(std::size_t{8} * 1024 * 1024, 'x');
  MetricsLimits limits;
  limits.time = milliseconds(200);
  limits.connections = 1;
  serve(limits);
  const auto fd = connect_to(at(), patience);
  ASSERT_TRUE(fd);
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  ASSERT_GT(::send(fd->get(), request.data(), request.size(), MSG_NOSIGNAL), 0);
  // There is one place, which the next can only have when this one has lost it.
  const auto next = http_get(at(), "/nothing", patience);
  EXPECT_EQ(next.status(), 404) << next.head;
}

TEST_F(MetricsAt, EndsAtOnceWithRequestsUnderWay) {
  serve();
  const auto fd = connect_to(at(), patience);
  ASSERT_TRUE(fd);
  ASSERT_EQ(::send(fd->get(), "G", 1, MSG_NOSIGNAL), 1);
  expect_to_serve_still();  // the first one has been taken before
  server_.reset();
  std::array<char, 16> buffer{};
  EXPECT_LE(::recv(fd->get(), buffer.data(), buffer.size(), 0), 0);
}

TEST_F(MetricsAt, LeavesTheSocketToTheNext) {
  serve();
  expect_to_serve_still();
  server_.reset();
  // Whoever asks meanwhile waits in the backlog, and is answered by the next.
  auto waiting =
      std::async(std::launch::async, [&] { return http_get(at(), "/metrics", patience).status(); });
  serve();
  EXPECT_EQ(waiting.get(), 200);
}

}  // namespace
}  // namespace postern
