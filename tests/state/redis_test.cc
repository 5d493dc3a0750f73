// What is Redis's own: connections, passwords, TLS, servers that go and come back.
#include "state/redis_connection.h"
#include "state/redis_script.h"
#include "state/stores.h"
#include "support/certificate.h"
#include "support/ledger_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace postern {
namespace {

using test::ask;
using test::RedisServer;
using ::testing::HasSubstr;

constexpr LedgerTime day = 86'400'000;

Operation add(const std::string& key) { return Operation::tally(key, 1, 100 * day, 1); }

/// What another program says to the server.
RedisValue tell(const RedisServer& server, const std::vector<std::string>& words) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  RedisSettings plain;
  std::string why;
  const auto connection = RedisConnection::open({server.socket(), 0}, plain, until, why);
  if (!connection) throw std::runtime_error(why);
  auto value = connection->call(words, until, why);
  if (!value) throw std::runtime_error(why);
  return *value;
}

/// Until it fits, or the machine's patience is over.
template <typename Condition>
bool becomes(const Condition& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    ::poll(nullptr, 0, 10);
  }
  return false;
}

class Redis : public ::testing::Test {
 protected:
  void SetUp() override {
    if (test::redis_program().empty()) {
      GTEST_SKIP() << "redis-server is not here; scripts/setup.sh fetches it";
    }
  }
  std::unique_ptr<RedisStore> open(const RedisSettings& settings) {
    return std::make_unique<RedisStore>(settings, clock_, words_.hear());
  }
  bool works(StateStore& store) {
    return becomes([&] { return ask(store, Request{{add("probe")}}).fault == StoreFault::none; });
  }

  test::FakeClock clock_;
  test::Words words_;
};

TEST_F(Redis, OneRequestIsOneRoundTripWhateverItCounts) {
  const RedisServer server;
  const auto store = open(test::redis_settings(server));
  ask(*store, add("k"));
  tell(server, {"CONFIG", "RESETSTAT"});
  Request request;
  for (int i = 0; i < 20; ++i) request.operations.push_back(add("k" + std::to_string(i)));
  for (int i = 0; i < 10; ++i) ask(*store, request);
  const auto stats = tell(server, {"INFO", "commandstats"}).text;
  EXPECT_THAT(stats, HasSubstr("cmdstat_evalsha:calls=10,"));
}

TEST_F(Redis, APasswordIsGivenAndAWrongOneIsTold) {
  const RedisServer server({"--requirepass", "secret"});
  auto settings = test::redis_settings(server);
  settings.password = "secret";
  EXPECT_EQ(ask(*open(settings), add("k")).used, 1);
  settings.password = "guessed";
  const auto store = open(settings);
  const auto reply = ask(*store, Request{{add("k")}});
  EXPECT_EQ(reply.fault, StoreFault::down);
  EXPECT_THAT(reply.why, HasSubstr("WRONGPASS"));
  EXPECT_THAT(store->status().trouble, HasSubstr("WRONGPASS"));
  settings.password.clear();
  EXPECT_THAT(ask(*open(settings), Request{{add("k")}}).why, HasSubstr("NOAUTH"));
}

TEST_F(Redis, AUserOfItsOwnNeedsOnlyWhatWeUse) {
  const RedisServer server;
  tell(server, {"ACL", "SETUSER", "postern", "on", ">pass word", "~{postern:1}*", "+evalsha",
                "+eval", "+script|load", "+get", "+mget", "+set", "+del", "+scan", "+time"});
  auto settings = test::redis_settings(server);
  settings.user = "postern";
  settings.password = "pass word";
  const auto store = open(settings);
  EXPECT_EQ(ask(*store, add("k")).used, 1);
  EXPECT_EQ(test::list_all(*store).size(), 1U);
  EXPECT_EQ(test::set(*store, "k", std::nullopt), StoreFault::none);
  EXPECT_EQ(test::find(*store, "k"), std::nullopt);
}

TEST_F(Redis, TlsIsSpokenWithTheServerThatIsMeantAndNoOther) {
  const testing::TempDir folder;
  for (const auto* name : {"ours", "other"}) {
    test::write_certificate(folder / std::string(name) + ".key",
                            folder / std::string(name) + ".pem");
  }
  const RedisServer server({"--tls-cert-file", folder / "ours.pem", "--tls-key-file",
                            folder / "ours.key", "--tls-auth-clients", "no"},
                           RedisServer::Listens::on_tls_port);
  ASSERT_TRUE(server.runs());
  auto settings = test::redis_settings(server);
  settings.tls.emplace();
  settings.tls->ca_file = folder / "ours.pem";
  {
    const auto store = open(settings);
    EXPECT_EQ(ask(*store, add("k")).used, 1);
    // More than one record of TLS holds, in both directions.
    for (int i = 0; i < 500; ++i) ask(*store, add(std::string(400, 'k') + std::to_string(i)));
    EXPECT_EQ(test::list(*store, {"", "", 10'000}).entries.size(), 501U);
  }
  settings.tls->server_name = "redis.example.org";
  EXPECT_THAT(ask(*open(settings), Request{{add("k")}}).why, HasSubstr("certificate"));
  settings.tls->server_name.clear();
  settings.tls->ca_file = folder / "other.pem";
  EXPECT_THAT(ask(*open(settings), Request{{add("k")}}).why, HasSubstr("certificate"));
  settings.tls->ca_file = folder / "nothing.pem";
  EXPECT_THAT(ask(*open(settings), Request{{add("k")}}).why, HasSubstr("nothing.pem"));
  settings.tls.reset();
  EXPECT_EQ(ask(*open(settings), Request{{add("k")}}).fault, StoreFault::down)
      << "a server that wants TLS gets nothing in clear";
}

TEST_F(Redis, AServerThatIsKilledIsDownAtOnceAndComesBack) {
  RedisServer server({"--appendonly", "yes", "--appendfsync", "always"});
  const auto store = open(test::redis_settings(server));
  for (int i = 0; i < 100; ++i) ask(*store, add("k"));
  server.kill();
  ASSERT_TRUE(becomes([&] { return !store->status().trouble.empty(); }));
  EXPECT_EQ(ask(*store, Request{{add("k")}}).fault, StoreFault::down);
  ASSERT_TRUE(server.start());
  ASSERT_TRUE(works(*store));
  EXPECT_EQ(ask(*store, add("k")).used, 101);
  EXPECT_EQ(store->status().trouble, "");
  ASSERT_EQ(words_.all().size(), 2U) << "told when it went and when it was back";
  EXPECT_THAT(words_.all()[0], HasSubstr("cannot be reached"));
}

TEST_F(Redis, AKillUnderLoadAnswersEverybodyAndCountsNobodyTwice) {
  RedisServer server({"--appendonly", "yes", "--appendfsync", "always"});
  const auto store = open(test::redis_settings(server));
  ask(*store, add("k"));
  std::atomic<int> counted{1};
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (unsigned thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      for (unsigned i = 0; i < 400; ++i) {
        auto one = add("k");
        one.id = 1 + thread * 1000 + i;
        // Asked again until it is answered, as another attempt of a mail server is.
        while (ask(*store, Request{{one}}).fault != StoreFault::none) {
          ++failed;
          ::poll(nullptr, 0, 1);
        }
        ++counted;
      }
    });
  }
  for (int kills = 0; kills < 3; ++kills) {
    const auto before = counted.load();
    becomes([&] { return counted > before + 50 || counted == 1201; });
    server.kill();
    server.start();
  }
  for (auto& each : threads) each.join();
  EXPECT_EQ(counted, 1201);
  // Each counts once, as long as the entry remembers who it was: 256 transactions.
  EXPECT_EQ(ask(*store, Operation::tally("k", 0, day, 1)).used, 1201);
}

TEST_F(Redis, AServerThatHangsIsSlowAndIsFoundAgain) {
  const RedisServer server;
  auto settings = test::redis_settings(server);
  const auto patient = open(settings);
  settings.timeout = std::chrono::milliseconds(50);
  settings.connect_timeout = std::chrono::milliseconds(300);
  const auto store = open(settings);
  ASSERT_TRUE(works(*store));
  server.signal(SIGSTOP);
  EXPECT_EQ(ask(*store, Request{{add("k")}}).fault, StoreFault::slow);
  server.signal(SIGCONT);
  EXPECT_TRUE(works(*store));
}

TEST_F(Redis, ScriptsThatTheServerHasLostAreBroughtBack) {
  const RedisServer server;
  const auto store = open(test::redis_settings(server));
  ask(*store, add("k"));
  tell(server, {"SCRIPT", "FLUSH"});
  EXPECT_EQ(ask(*store, add("k")).used, 2);
  EXPECT_EQ(ask(*store, add("k")).used, 3);
}

TEST_F(Redis, AServerWithoutMemoryIsTroubleUntilItHasSome) {
  const RedisServer server;
  const auto store = open(test::redis_settings(server));
  ask(*store, add("k"));
  tell(server, {"CONFIG", "SET", "maxmemory", "1"});
  const auto reply = ask(*store, Request{{add("k")}});
  EXPECT_EQ(reply.fault, StoreFault::down);
  EXPECT_THAT(reply.why, HasSubstr("OOM"));
  EXPECT_THAT(store->status().trouble, HasSubstr("OOM"));
  ask(*store, Request{{add("k")}});
  tell(server, {"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_EQ(ask(*store, add("k")).used, 2);
  EXPECT_EQ(store->status().trouble, "");
  EXPECT_EQ(words_.all().size(), 2U);
}

TEST_F(Redis, WhatIsNoEntryIsNothingAndIsCounted) {
  const RedisServer server;
  const auto store = open(test::redis_settings(server));
  tell(server, {"SET", "{postern:1}k", "1 5 12"});
  tell(server, {"RPUSH", "{postern:1}l", "x"});
  tell(server, {"SET", "{postern:1}m", "nonsense"});
  EXPECT_EQ(ask(*store, add("k")).used, 1);
  EXPECT_EQ(ask(*store, add("l")).used, 1);
  EXPECT_EQ(test::find(*store, "m"), std::nullopt);
  EXPECT_EQ(store->status().damaged, 3U);
  EXPECT_EQ(ask(*store, add("l")).used, 2);
}

TEST_F(Redis, AReplicaIsNotWrittenTo) {
  const RedisServer master({}, RedisServer::Listens::on_port);
  const RedisServer replica({"--replicaof", "127.0.0.1 " + std::to_string(master.port())});
  ASSERT_TRUE(replica.runs());
  EXPECT_THAT(ask(*open(test::redis_settings(replica)), Request{{add("k")}}).why,
              HasSubstr("it is a replica"));
}

TEST_F(Redis, TwoProgramsShareOneLimitExactly) {
  const RedisServer server;
  auto settings = test::redis_settings(server);
  settings.time = RedisSettings::Time::of_server;
  const auto limit = *window_limit(500, day);
  std::atomic<int> fitted{0};
  std::vector<std::thread> programs;
  for (unsigned program = 0; program < 2; ++program) {
    programs.emplace_back([&, program] {
      // Each believes in a time of its own; that of the server counts.
      test::FakeClock clock(
          std::chrono::system_clock::time_point(std::chrono::hours(program * 9000)));
      RedisStore store(settings, clock, nullptr);
      std::atomic<int> open_requests{0};
      for (std::uint64_t i = 0; i < 400; ++i) {
        ++open_requests;
        store.perform(Request{{Operation::count("all", limit, 1, 1 + program * 1000 + i)}},
                      StateStore::Deadline::max(), [&](const StoreReply& reply) {
                        if (reply.fault == StoreFault::none &&
                            reply.results.at(0).outcome == OperationOutcome::fits) {
                          ++fitted;
                        }
                        --open_requests;
                        open_requests.notify_all();
                      });
      }
      for (int n = open_requests; n > 0; n = open_requests) open_requests.wait(n);
    });
  }
  for (auto& each : programs) each.join();
  EXPECT_EQ(fitted, 500);
}

TEST_F(Redis, AServerThatSpeaksNonsenseIsDown) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&at), sizeof(at)), 0);
  ASSERT_EQ(::listen(listener.get(), 5), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
  std::atomic<bool> stop{false};
  std::thread server([&] {
    while (!stop) {
      pollfd polled{listener.get(), POLLIN, 0};
      if (::poll(&polled, 1, 20) <= 0) continue;
      const UniqueFd fd(::accept(listener.get(), nullptr, nullptr));
      const std::string_view nonsense = "HTTP/1.1 400 Bad Request\r\n\r\n";
      static_cast<void>(!::write(fd.get(), nonsense.data(), nonsense.size()));
    }
  });
  RedisSettings settings;
  settings.endpoints = {{"127.0.0.1", ntohs(at.sin_port)}};
  settings.connect_timeout = std::chrono::seconds(20);
  {
    const auto store = open(settings);
    EXPECT_EQ(ask(*store, Request{{add("k")}}).fault, StoreFault::down);
  }
  stop = true;
  server.join();
}

TEST_F(Redis, SentinelsNameTheMasterAndTheNextOne) {
  RedisServer first({}, RedisServer::Listens::on_port);
  RedisServer second({"--replicaof", "127.0.0.1 " + std::to_string(first.port())},
                     RedisServer::Listens::on_port);
  const testing::TempDir folder;
  const auto file = folder.write("sentinel.conf",
                                 "sentinel monitor ours 127.0.0.1 " + std::to_string(first.port()) +
                                     " 1\nsentinel down-after-milliseconds ours 500\n"
                                     "sentinel failover-timeout ours 3000\n");
  const RedisServer sentinel({file, "--sentinel"}, RedisServer::Listens::on_port);
  ASSERT_TRUE(first.runs() && second.runs() && sentinel.runs());
  auto settings = test::redis_settings(sentinel);
  settings.master_name = "ours";
  // One that is not there comes first.
  settings.endpoints.insert(settings.endpoints.begin(), RedisEndpoint{"127.0.0.1", 1});
  const auto store = open(settings);
  ASSERT_TRUE(works(*store));
  // The sentinel learns of the replica from its master, and looks every ten seconds.
  ASSERT_TRUE(becomes([&] {
    const auto replicas = tell(sentinel, {"SENTINEL", "replicas", "ours"});
    return !replicas.list.empty();
  }));
  ASSERT_TRUE(becomes([&] {
    return tell(second, {"INFO", "replication"}).text.find("master_link_status:up") !=
           std::string::npos;
  }));
  first.kill();
  ASSERT_TRUE(becomes([&] { return ask(*store, Request{{add("k")}}).fault == StoreFault::none; }))
      << store->status().trouble;
  EXPECT_EQ(test::find(*store, "k").has_value(), true);
  EXPECT_EQ(tell(second, {"EXISTS", "{postern:1}k"}).number, 1);
  settings.master_name = "theirs";
  EXPECT_EQ(ask(*open(settings), Request{{add("k")}}).fault, StoreFault::down);
}

TEST_F(Redis, InAClusterTheNodeOfOurSlotIsFound) {
  const RedisServer one({"--cluster-enabled", "yes"}, RedisServer::Listens::on_port);
  const RedisServer two({"--cluster-enabled", "yes"}, RedisServer::Listens::on_port);
  ASSERT_TRUE(one.runs() && two.runs());
  const auto slot = tell(one, {"CLUSTER", "KEYSLOT", "{postern:1}"}).number;
  // The other one has our slot, and the one all others.
  if (slot > 0) tell(one, {"CLUSTER", "ADDSLOTSRANGE", "0", std::to_string(slot - 1)});
  tell(one, {"CLUSTER", "ADDSLOTSRANGE", std::to_string(slot + 1), "16383"});
  tell(two, {"CLUSTER", "ADDSLOTS", std::to_string(slot)});
  tell(one, {"CLUSTER", "SET-CONFIG-EPOCH", "1"});
  tell(two, {"CLUSTER", "SET-CONFIG-EPOCH", "2"});
  tell(one, {"CLUSTER", "MEET", "127.0.0.1", std::to_string(two.port())});
  for (const auto* each : {&one, &two}) {
    ASSERT_TRUE(becomes([&] {
      return tell(*each, {"CLUSTER", "INFO"}).text.find("cluster_state:ok") != std::string::npos;
    }));
  }
  auto settings = test::redis_settings(one);
  const auto store = open(settings);
  ASSERT_TRUE(works(*store));
  const auto limit = *window_limit(3, day);
  const auto reply = ask(*store, Request{{Operation::count("a", limit, 1, 1),
                                          Operation::count("b", limit, 1, 1), add("c")}});
  EXPECT_EQ(reply.fault, StoreFault::none) << reply.why;
  EXPECT_EQ(tell(two, {"DBSIZE"}).number, 4);
  EXPECT_EQ(tell(one, {"DBSIZE"}).number, 0);
}

TEST(RedisUrls, SayWhereTheServerIs) {
  const auto read = [](std::string_view url) {
    std::string why;
    auto settings = redis_settings_from_url(url, why);
    EXPECT_EQ(settings.has_value(), why.empty()) << url;
    return settings;
  };
  const auto plain = read("redis://redis.example.org");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->endpoints, (std::vector<RedisEndpoint>{{"redis.example.org", 6379}}));
  EXPECT_FALSE(plain->tls);
  const auto full = read("rediss://mail:p%40ss:@[2001:db8::1]:7000/3");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->user, "mail");
  EXPECT_EQ(full->password, "p@ss:");
  EXPECT_EQ(full->database, 3U);
  EXPECT_TRUE(full->tls);
  EXPECT_EQ(to_text(full->endpoints.at(0)), "[2001:db8::1]:7000");
  const auto sentinels = read("redis://:pw@a,b:27000/1?master=mail");
  ASSERT_TRUE(sentinels);
  EXPECT_EQ(sentinels->master_name, "mail");
  EXPECT_EQ(sentinels->user, "");
  EXPECT_EQ(sentinels->endpoints, (std::vector<RedisEndpoint>{{"a", 26379}, {"b", 27000}}));
  EXPECT_EQ(read("unix:/run/redis.sock")->endpoints.at(0), (RedisEndpoint{"/run/redis.sock", 0}));
  for (const auto* wrong :
       {"", "redis:", "http://a", "redis://", "redis://a:0", "redis://a:99999", "redis://a:b",
        "redis://a/x", "redis://a,", "redis://,a", "redis://u:%4@a", "redis://a?x=1", "unix:run",
        "redis://[::1", "redis://[::1]x", "redis://a?master="}) {
    EXPECT_FALSE(read(wrong)) << wrong;
  }
}

TEST(RedisResults, ThatMakeNoSenseAreRefused) {
  using Numbers = std::vector<std::int64_t>;
  EXPECT_TRUE(redis_result({5, 0, 1, 2, 3, 4}));
  EXPECT_EQ(redis_result({7, 1, 0, 0, -1, 0, 12, 0})->values, (Numbers{12, 0}));
  EXPECT_FALSE(redis_result({}));
  EXPECT_FALSE(redis_result({5, 0, 1, 2, 3}));
  EXPECT_FALSE(redis_result({10, 0, 0, 0, 0, 0}));
  EXPECT_FALSE(redis_result({-1, 0, 0, 0, 0, 0}));
  EXPECT_FALSE(redis_result(Numbers(100, 0)));
}

}  // namespace
}  // namespace postern
