#include "policy/server.h"

#include "support/temp_dir.h"
#include "tests/policy/door_fixture.h"

#include <gmock/gmock.h>

#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <future>
#include <set>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace postern::policy_door::test {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using postern::testing::TempDir;
using ::testing::StartsWith;

/// Those of this process.
std::set<int> epoll_descriptors() {
  std::set<int> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    if (std::filesystem::read_symlink(entry.path(), error) == "anon_inode:[eventpoll]") {
      found.insert(std::stoi(entry.path().filename().string()));
    }
  }
  return found;
}

class ServerTest : public DoorTest {
 protected:
  explicit ServerTest(const std::string& lines = "") : DoorTest(lines) {}

  PolicyServer& serve(unsigned loops = 1) {
    const auto tcp = listen_on_loopback();
    port = tcp.port;
    server.emplace(std::vector<int>{tcp.descriptor, listen_at(path())}, services(), loops);
    server->start();
    return *server;
  }
  std::string path() const { return folder / "policy.sock"; }
  PolicyClient tcp_client() const { return PolicyClient::to_port(port); }
  PolicyClient unix_client() const { return PolicyClient::to_path(path()); }
  static std::string about(const std::string& local, Attributes changes = {}) {
    changes.emplace_back("recipient", local + "@test.example");
    return policy_request("RCPT", changes);
  }
  static Attributes in_message(int number) { return {{"instance", std::to_string(number)}}; }

  TempDir folder;
  unsigned short port = 0;
  std::optional<PolicyServer> server;
};

TEST_F(ServerTest, AnswersOverTcpAndUnixSockets) {
  serve();
  EXPECT_THAT(tcp_client().ask(about("policy-reject")), StartsWith("action=550 5.7.1 "));
  EXPECT_THAT(unix_client().ask(about("bob")), "action=DUNNO\n\n");
}

TEST_F(ServerTest, AConnectionServesRequestAfterRequest) {
  serve();
  auto client = unix_client();
  for (int i = 0; i < 200; ++i) {
    const auto answer = client.ask(about(i % 2 == 0 ? "bob" : "policy-reject", in_message(i)));
    ASSERT_THAT(answer, StartsWith(i % 2 == 0 ? "action=DUNNO\n\n" : "action=550 5.7.1 "));
  }
  EXPECT_EQ(policy_counters.sessions, 1U);
  EXPECT_EQ(policy_counters.requests, 200U);
}

TEST_F(ServerTest, TakesARequestOctetByOctet) {
  serve();
  auto client = tcp_client();
  for (const char octet : about("policy-reject")) client.send(std::string_view(&octet, 1));
  EXPECT_THAT(client.answer(), StartsWith("action=550 5.7.1 "));
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  serve();
  auto client = unix_client();
  std::string requests;
  for (int i = 0; i < 300; ++i) {
    requests += about(i % 3 == 0 ? "policy-reject" : "bob", in_message(i));
  }
  std::thread sending([&] { client.send(requests); });
  for (int i = 0; i < 300; ++i) {
    EXPECT_THAT(client.answer(), StartsWith(i % 3 == 0 ? "action=550" : "action=DUNNO")) << i;
  }
  sending.join();
}

TEST_F(ServerTest, AnswersAClientThatHasEndedSending) {
  serve();
  auto client = tcp_client();
  client.send(about("bob") + about("policy-reject"));
  client.end_sending();
  EXPECT_EQ(client.answer(), "action=DUNNO\n\n");
  EXPECT_THAT(client.answer(), StartsWith("action=550"));
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(ServerTest, ClosesWithoutAnAnswerWhenItCannotDecide) {
  serve();
  auto client = unix_client();
  client.send(about("fail"));
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_EQ(policy_counters.failures, 1U);
}

TEST_F(ServerTest, ClosesWithoutAnAnswerWhenARequestIsTooLong) {
  serve();
  auto client = unix_client();
  client.send("sender=" + std::string(Decoder::longest_request, 'x') + "\n\n");
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_EQ(policy_counters.failures, 1U);
}

TEST_F(ServerTest, ADisconnectInMidRequestHarmsNobody) {
  serve();
  auto other = unix_client();
  const auto request = about("bob");
  for (std::size_t i = 0; i < 50; ++i) {
    auto client = i % 2 == 0 ? unix_client() : tcp_client();
    client.send(std::string_view(request).substr(0, i * 10 % request.size()));
    client.close();
  }
  EXPECT_EQ(other.ask(request), "action=DUNNO\n\n");
}

TEST_F(ServerTest, AnAnswerFromAnotherThreadReachesItsConnection) {
  serve();
  auto waiting = unix_client();
  waiting.send(about("ask"));
  source.wait_until_asked(1);
  EXPECT_EQ(unix_client().ask(about("bob", in_message(1))), "action=DUNNO\n\n");
  source.answer(ObedientRules::question(), Answer::found({"yes"}));
  EXPECT_THAT(waiting.answer(), StartsWith("action=550 5.7.1 "));
}

TEST_F(ServerTest, RequestsBehindOneThatWaitsKeepTheirOrder) {
  serve();
  auto client = tcp_client();
  client.send(about("ask") + about("bob"));
  source.wait_until_asked(1);
  source.answer(ObedientRules::question(), Answer::found({"yes"}));
  EXPECT_THAT(client.answer(), StartsWith("action=550 5.7.1 "));
  EXPECT_EQ(client.answer(), "action=DUNNO\n\n");
}

TEST_F(ServerTest, AnAnswerForAConnectionThatIsGoneFindsNobody) {
  serve();
  auto client = unix_client();
  client.send(about("ask"));
  source.wait_until_asked(1);
  client.close();
  // Another connection takes the descriptor and must not get the answer.
  auto next = unix_client();
  EXPECT_EQ(next.ask(about("bob", in_message(1))), "action=DUNNO\n\n");
  source.answer(ObedientRules::question(), Answer::found({"yes"}));
  EXPECT_EQ(next.ask(about("bob", in_message(2))), "action=DUNNO\n\n");
}

TEST_F(ServerTest, ServesManyConnectionsWithSeveralLoops) {
  serve(3);
  constexpr int threads_wanted = 6;
  constexpr int clients_each = 10;
  constexpr int rounds = 20;
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < threads_wanted; ++t) {
    threads.emplace_back([&, t] {
      std::vector<PolicyClient> mine;
      for (int i = 0; i < clients_each; ++i) {
        mine.push_back(i % 2 == 0 ? tcp_client() : unix_client());
      }
      int number = t * 1'000'000;
      for (int round = 0; round < rounds; ++round) {
        for (auto& client : mine) {
          const bool refused = ++number % 3 == 0;
          const auto answer =
              client.ask(about(refused ? "policy-reject" : "bob", in_message(number)));
          if (answer.rfind(refused ? "action=550" : "action=DUNNO", 0) == 0) ++right;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, threads_wanted * clients_each * rounds);
  EXPECT_EQ(policy_counters.sessions, static_cast<unsigned>(threads_wanted * clients_each));
}

TEST_F(ServerTest, ClosesAnIdleConnectionByTheClock) {
  serve();
  auto client = unix_client();
  EXPECT_EQ(client.ask(about("bob")), "action=DUNNO\n\n");
  clock.advance(600s);
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(ServerTest, AnOldPolicyUsedToStayUntilTheNextRequest) {
  auto& serving = serve();
  const std::weak_ptr<const Policy> old = holder.get();
  EXPECT_EQ(unix_client().ask(about("bob")), "action=DUNNO\n\n");
  holder.set(policy_of(""));
  EXPECT_FALSE(old.expired());
  clock.advance(300s);
  // No request and no connection: the loop looks by itself.
  while (!old.expired()) {
    serving.goes_round();
    std::this_thread::yield();
  }
}

TEST_F(ServerTest, ClosesAConnectionThatIsSlowWithItsRequest) {
  serve();
  auto slow = unix_client();
  EXPECT_EQ(slow.ask(about("bob")), "action=DUNNO\n\n");
  slow.send("request=smtpd");
  auto other = unix_client();
  // Being answered here shows that the loop has seen what `slow` sent before.
  EXPECT_EQ(other.ask(about("bob")), "action=DUNNO\n\n");
  clock.advance(100s);
  EXPECT_TRUE(slow.closed_by_server());
  EXPECT_EQ(other.ask(about("bob")), "action=DUNNO\n\n");
}

TEST_F(ServerTest, StopAnswersWhatHasBeenAskedAndClosesTheIdle) {
  auto& running = serve();
  auto idle = unix_client();
  EXPECT_EQ(idle.ask(about("bob")), "action=DUNNO\n\n");
  auto waiting = unix_client();
  waiting.send(about("ask"));
  source.wait_until_asked(1);
  std::thread stopping([&] { running.stop(10s); });
  EXPECT_TRUE(idle.closed_by_server());
  source.answer(ObedientRules::question(), Answer::found({"yes"}));
  EXPECT_THAT(waiting.answer(), StartsWith("action=550 5.7.1 "));
  EXPECT_TRUE(waiting.closed_by_server());
  stopping.join();
  EXPECT_EQ(policy_counters.open, 0U);
}

class DelayingServerTest : public ServerTest {
 protected:
  DelayingServerTest() : ServerTest("[limits]\ndelayed_answers = 1\n") {
    rules.effects = {{EffectKind::delay, "slow", "", "", std::chrono::milliseconds(200)}};
  }
  /// Has been asked, and its answer waits: the one loop answers somebody else meanwhile, who asks
  /// what was asked before, which is not delayed again.
  PolicyClient waiting_client() {
    auto client = unix_client();
    client.send(about("bob"));
    journal.wait_for(1);
    EXPECT_EQ(unix_client().ask(about("bob")), "action=DUNNO\n\n");
    char octet = 0;
    EXPECT_LT(::recv(client.descriptor(), &octet, 1, MSG_DONTWAIT | MSG_PEEK), 0);
    return client;
  }
};

TEST_F(DelayingServerTest, ADelayedAnswerGoesOutWhenItsTimeHasCome) {
  serve();
  auto client = waiting_client();
  clock.advance(200ms);
  EXPECT_EQ(client.answer(), "action=DUNNO\n\n");
  EXPECT_EQ(client.ask(about("bob")), "action=DUNNO\n\n");
}

TEST_F(DelayingServerTest, AStopWaitsForNoDelay) {
  auto& running = serve();
  auto client = waiting_client();
  running.stop(10s);
  EXPECT_EQ(client.answer(), "action=DUNNO\n\n");
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(DelayingServerTest, WhoGoesAwayLeavesNothingBehind) {
  serve();
  waiting_client().close();
  // Answers from here on show that the loop has gone round since.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(unix_client().ask(about("bob")), "action=DUNNO\n\n");
  // The one answer that may wait is this one's now.
  auto next = unix_client();
  next.send(about("carol", in_message(2)));
  journal.wait_for(2);
  EXPECT_EQ(policy_counters.undelayed, 0U);
}

TEST_F(ServerTest, StopAtItsLimitClosesWhatStillWaits) {
  auto& running = serve();
  auto waiting = unix_client();
  waiting.send(about("ask"));
  source.wait_until_asked(1);
  running.stop(0ms);
  EXPECT_TRUE(waiting.closed_by_server());
  source.answer(ObedientRules::question(), Answer::found({"yes"}));
}

TEST_F(ServerTest, StopUnderLoadLeavesNoHalfAnswer) {
  auto& running = serve(2);
  std::vector<std::thread> threads;
  std::atomic<int> torn{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      auto client = t % 2 == 0 ? unix_client() : tcp_client();
      for (int i = t * 1'000'000;; ++i) {
        const auto answer = client.ask(about("policy-reject", in_message(i)));
        if (answer.empty()) return;
        if (answer.size() < 2 || answer.substr(answer.size() - 2) != "\n\n") ++torn;
      }
    });
  }
  journal.wait_for(200);
  running.stop(10s);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(policy_counters.open, 0U);
}

TEST_F(ServerTest, MayBeStoppedTwiceOrNeverStarted) {
  serve().stop(1s);
  server->stop(1s);
  const auto listener = listen_on_loopback();
  { PolicyServer unstarted({listener.descriptor}, services(), 2); }
  EXPECT_THROW(PolicyClient::to_port(listener.port), std::runtime_error);
}

TEST_F(ServerTest, AClientWhoDoesNotReadDoesNotHoldUpOthers) {
  serve();
  auto deaf = unix_client();
  std::string requests;
  for (int i = 0; i < 5000; ++i) requests += about("policy-reject", in_message(i));
  std::thread sending([&] { deaf.send(requests); });
  auto other = unix_client();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(other.ask(about("bob", in_message(10'000 + i))), "action=DUNNO\n\n");
  }
  ::shutdown(deaf.descriptor(), SHUT_RDWR);
  sending.join();
}

TEST_F(ServerTest, SurvivesWantOfDescriptors) {
  serve();
  auto open = unix_client();
  EXPECT_EQ(open.ask(about("bob")), "action=DUNNO\n\n");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // The client's own socket takes the last descriptor; the server has none for its end.
  const int next = ::dup(0);
  ASSERT_GE(next, 0);
  ::close(next);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next) + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  bool closed = false;
  {
    auto refused = unix_client();
    closed = refused.closed_by_server();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(closed);
  EXPECT_EQ(open.ask(about("bob", in_message(1))), "action=DUNNO\n\n");
  EXPECT_EQ(unix_client().ask(about("bob", in_message(2))), "action=DUNNO\n\n");
  EXPECT_EQ(policy_counters.failures, 1U);
}

TEST_F(ServerTest, AListenerThatFailsNeitherEndsTheLoopNorDeafensTheOthers) {
  // Once a loop whose epoll refused a listener ended, and its thread with it.
  const int broken = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const auto listener = listen_on_loopback();
  server.emplace(std::vector<int>{broken, listener.descriptor}, services(), 1);
  server->start();
  EXPECT_EQ(PolicyClient::to_port(listener.port).ask(about("bob")), "action=DUNNO\n\n");
  // Well again, it is accepted from at one of the next sweeps.
  const int well = listen_at(path());
  ASSERT_EQ(::dup3(well, broken, O_CLOEXEC), broken);
  ::close(well);
  EXPECT_EQ(unix_client().ask(about("bob", in_message(1))), "action=DUNNO\n\n");
}

TEST_F(ServerTest, ALoopThatCannotGoOnSaysSo) {
  std::promise<void> failed;
  const auto listener = listen_on_loopback();
  server.emplace(std::vector<int>{listener.descriptor}, services(), 1,
                 ServerCare{7, [&] { failed.set_value(); }});
  const auto before = epoll_descriptors();
  server->start();
  auto client = PolicyClient::to_port(listener.port);
  EXPECT_EQ(client.ask(about("bob")), "action=DUNNO\n\n");
  // What epoll_wait is given is no epoll any more.
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  for (const int descriptor : epoll_descriptors()) {
    if (before.count(descriptor) != 0) continue;
    ASSERT_EQ(::dup3(null, descriptor, O_CLOEXEC), descriptor);
  }
  ::close(null);
  client.send(about("bob", in_message(1)));
  failed.get_future().wait();
}

/// Keeps the thread that brings it a record until it is let go.
class HoldingJournal final : public RecordSink {
 public:
  void submit(Record) noexcept override {
    held.set_value();
    go.get_future().wait();
  }
  std::promise<void> held;
  std::promise<void> go;
};

TEST_F(ServerTest, ALoopThatStandsStillIsNoticedAndAnIdleOneIsNot) {
  HoldingJournal holding;
  server.emplace(std::vector<int>{listen_at(path())},
                 Services{holder, references, driver, ahead, holding, clock, milter_counters,
                          policy_counters});
  server->start();
  EXPECT_TRUE(server->goes_round());
  while (!server->goes_round()) std::this_thread::yield();
  auto client = unix_client();
  client.send(about("policy-reject"));
  holding.held.get_future().wait();
  server->goes_round();
  EXPECT_FALSE(server->goes_round());
  holding.go.set_value();
  while (!server->goes_round()) std::this_thread::yield();
}

class LimitedServerTest : public ServerTest {
 protected:
  LimitedServerTest() : ServerTest("[limits]\npolicy_connections = 2\n") {}
};

TEST_F(ServerTest, OpensNoMoreConnectionsThanTheProcessCanSpare) {
  const auto listener = listen_on_loopback();
  server.emplace(std::vector<int>{listener.descriptor}, services(), 1, ServerCare{1, {}});
  server->start();
  auto first = PolicyClient::to_port(listener.port);
  EXPECT_EQ(first.ask(about("bob")), "action=DUNNO\n\n");
  EXPECT_TRUE(PolicyClient::to_port(listener.port).closed_by_server());
  EXPECT_EQ(first.ask(about("bob", in_message(1))), "action=DUNNO\n\n");
}

TEST_F(LimitedServerTest, ClosesConnectionsOverTheLimitAndServesTheOthers) {
  serve();
  auto first = unix_client();
  auto second = tcp_client();
  EXPECT_EQ(first.ask(about("bob")), "action=DUNNO\n\n");
  EXPECT_EQ(second.ask(about("bob")), "action=DUNNO\n\n");
  EXPECT_TRUE(unix_client().closed_by_server());
  EXPECT_EQ(policy_counters.failures, 1U);
  EXPECT_EQ(first.ask(about("bob")), "action=DUNNO\n\n");
}

}  // namespace
}  // namespace postern::policy_door::test
