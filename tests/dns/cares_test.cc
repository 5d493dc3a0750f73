// The resolver with its real transport, against servers on loopback that are right or wrong.
#include "dns/caching_resolver.h"
#include "dns/cares_transport.h"
#include "dns/worlds.h"
#include "runtime/clock.h"
#include "support/dns_responder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace postern {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::asking;
using test::deaf_address;
using test::dns_world;
using test::DnsResponder;
using Conduct = DnsConduct::Kind;
using Kind = DnsAnswer::Kind;

ScriptedServer behaving(Conduct kind, DnsWorld world = {}, milliseconds delay = milliseconds(0)) {
  ScriptedServer server(std::move(world));
  server.behave(".", {kind, delay});
  return server;
}
DnsWorld example() {
  return dns_world({{"example.com A", {"192.0.2.1"}}, {"alias.example CNAME", {"example.com"}}});
}

/// Short times, so that silence is short too; what they measure is never looked at.
DnsSettings quick() {
  DnsSettings settings;
  settings.try_time = milliseconds(300);
  settings.tries = 2;
  return settings;
}

struct House {
  explicit House(std::vector<DnsServer> servers, DnsSettings settings = quick())
      : transport(std::move(servers), clock), resolver(transport, clock, settings) {}

  DnsReply ask(std::string_view text, milliseconds deadline = seconds(60)) {
    std::promise<DnsReply> reply;
    resolver.ask(asking(text), clock.steady() + deadline,
                 [&](DnsReply r) { reply.set_value(std::move(r)); });
    return reply.get_future().get();
  }
  DnsTrouble trouble(std::string_view text) {
    const auto reply = ask(text);
    EXPECT_EQ(reply.answer->kind, Kind::unavailable);
    return reply.answer->trouble;
  }

  SystemClock clock;
  CaresTransport transport;
  CachingResolver resolver;
};

TEST(CaresTransport, AsksARealServerAndFollowsItsAliases) {
  const DnsResponder server{ScriptedServer(example())};
  House house({server.address()});
  const auto reply = house.ask("alias.example A");
  EXPECT_EQ(reply.answer->records, std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(reply.answer->canonical, "example.com");
  EXPECT_EQ(reply.answer->server, server.address().text());
  EXPECT_EQ(house.ask("example.com MX").answer->kind, Kind::no_data);
  EXPECT_EQ(house.ask("none.example A").answer->kind, Kind::no_name);
  EXPECT_EQ(house.ask("none.example A").source, DnsReply::Source::cache);
  EXPECT_EQ(server.counts().udp, 3U);
}

TEST(CaresTransport, SpeaksIpv6) {
  std::unique_ptr<DnsResponder> server;
  try {
    server = std::make_unique<DnsResponder>(ScriptedServer(example()), DnsResponder::Ids::right,
                                            DnsResponder::Family::v6);
  } catch (const std::system_error& error) {
    GTEST_SKIP() << "no IPv6 here: " << error.what();
  }
  House house({server->address()});
  EXPECT_EQ(house.ask("example.com A").answer->kind, Kind::records);
}

TEST(CaresTransport, TakesTcpForWhatIsTooLong) {
  std::vector<std::string> many;
  for (int i = 0; i < 200; ++i) many.push_back(std::string(200, 'a') + std::to_string(i));
  const DnsResponder server{ScriptedServer(dns_world({{"big.example TXT", many}}))};
  House house({server.address()});
  EXPECT_EQ(house.ask("big.example TXT").answer->records, many);
  EXPECT_EQ(server.counts().tcp, 1U);
}

TEST(CaresTransport, TroubleIsToldApart) {
  const auto trouble = [](Conduct conduct) {
    const DnsResponder server{behaving(conduct)};
    return House({server.address()}).trouble("example.com A");
  };
  EXPECT_EQ(trouble(Conduct::servfail), DnsTrouble::servfail);
  EXPECT_EQ(trouble(Conduct::refused), DnsTrouble::refused);
  EXPECT_EQ(trouble(Conduct::bogus), DnsTrouble::bogus);
  EXPECT_EQ(trouble(Conduct::silent), DnsTrouble::timeout);
  EXPECT_EQ(trouble(Conduct::garbage), DnsTrouble::malformed);
  EXPECT_EQ(trouble(Conduct::huge), DnsTrouble::malformed);
  EXPECT_EQ(trouble(Conduct::alias_loop), DnsTrouble::malformed);
  EXPECT_EQ(trouble(Conduct::truncated_only), DnsTrouble::truncated);
}

TEST(CaresTransport, AnAnswerToAnotherQuestionOrWithAnotherIdIsNoAnswer) {
  const DnsResponder other{behaving(Conduct::wrong_question)};
  EXPECT_EQ(House({other.address()}).trouble("example.com A"), DnsTrouble::timeout);
  const DnsResponder guessing{ScriptedServer(example()), DnsResponder::Ids::wrong};
  EXPECT_EQ(House({guessing.address()}).trouble("example.com A"), DnsTrouble::timeout);
}

TEST(CaresTransport, WhereNobodyListensTheNextServerIsAskedAtOnce) {
  EXPECT_EQ(House({deaf_address()}).trouble("example.com A"), DnsTrouble::unreachable);
  const DnsResponder server{ScriptedServer(example())};
  House house({deaf_address(), server.address()});
  EXPECT_EQ(house.ask("example.com A").answer->server, server.address().text());
}

TEST(CaresTransport, AServerThatDoesNotKnowEdnsIsStillUnderstood) {
  std::vector<std::string> some;
  for (int i = 0; i < 8; ++i) some.push_back(std::string(100, 'a') + std::to_string(i));
  const DnsResponder server{behaving(
      Conduct::no_edns, dns_world({{"example.com A", {"192.0.2.1"}}, {"some.example TXT", some}}))};
  House house({server.address()});
  EXPECT_EQ(house.ask("example.com A").answer->kind, Kind::records);
  EXPECT_EQ(house.ask("some.example TXT").answer->records, some);
  EXPECT_FALSE(house.resolver.status().servers.front().edns);
}

TEST(CaresTransport, ALateAnswerStillFillsTheCache) {
  const DnsResponder server{behaving(Conduct::honest, example(), milliseconds(500))};
  House house({server.address()});
  const auto first = house.ask("example.com A", milliseconds(1));
  EXPECT_EQ(first.source, DnsReply::Source::deadline);
  // The same question joins what is under way, or finds it in the cache.
  const auto second = house.ask("example.com A");
  EXPECT_EQ(second.answer->kind, Kind::records);
}

TEST(CaresTransport, ManyQuestionsAtOnceAreAllAnswered) {
  const DnsResponder server{behaving(Conduct::no_name)};
  DnsSettings settings;
  settings.try_time = seconds(20);
  House house({server.address()}, settings);
  constexpr int questions = 3000;
  std::atomic<int> answered{0};
  std::promise<void> all;
  for (int i = 0; i < questions; ++i) {
    house.resolver.ask(asking("n" + std::to_string(i) + ".example A"),
                       house.clock.steady() + seconds(60), [&](const DnsReply& reply) {
                         EXPECT_EQ(reply.answer->kind, Kind::no_name);
                         if (++answered == questions) all.set_value();
                       });
  }
  all.get_future().wait();
  EXPECT_GT(server.counts().ports, 1U);
  EXPECT_EQ(house.resolver.status().flights, 0U);
}

TEST(CaresTransport, ThreadsAskAtTheSameTime) {
  const DnsResponder server{behaving(Conduct::no_name)};
  DnsSettings settings;
  settings.try_time = seconds(20);
  House house({server.address()}, settings);
  constexpr int threads = 4;
  constexpr int each = 300;
  std::atomic<int> answered{0};
  std::vector<std::thread> asking_threads;
  for (int i = 0; i < threads; ++i) {
    asking_threads.emplace_back([&house, &answered] {
      for (int n = 0; n < each; ++n) {
        const auto reply = house.ask("n" + std::to_string(n) + ".example A");
        if (reply.answer->kind == Kind::no_name) ++answered;
        static_cast<void>(house.resolver.status());
      }
    });
  }
  for (auto& thread : asking_threads) thread.join();
  EXPECT_EQ(answered, threads * each);
  // One flight a question, however many ask.
  EXPECT_EQ(server.counts().udp, static_cast<std::size_t>(each));
}

TEST(CaresTransport, EndsWithQuestionsUnderWay) {
  const DnsResponder server{behaving(Conduct::silent)};
  std::atomic<int> replies{0};
  {
    House house({server.address()});
    for (int i = 0; i < 50; ++i) {
      house.resolver.ask(asking("n" + std::to_string(i) + ".example A"),
                         house.clock.steady() + seconds(60), [&](const DnsReply&) { ++replies; });
    }
  }
  EXPECT_EQ(replies, 50);
}

}  // namespace
}  // namespace postern
