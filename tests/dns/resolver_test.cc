#include "dns/caching_resolver.h"
#include "dns/scripted_transport.h"
#include "dns/worlds.h"
#include "support/fake_clock.h"

#include <gtest/gtest.h>

#include <optional>

namespace postern {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::asking;
using test::dns_world;
using Conduct = DnsConduct::Kind;
using Kind = DnsAnswer::Kind;
using Source = DnsReply::Source;

ScriptedServer behaving(Conduct kind, milliseconds delay = milliseconds(0), DnsWorld world = {}) {
  ScriptedServer server(std::move(world));
  server.behave(".", {kind, delay});
  return server;
}

DnsWorld example() {
  return dns_world({{"example.com A", {"192.0.2.1"}}, {"dead.example A", {"SERVFAIL"}}});
}

/// A resolver, its servers and its time.
struct House {
  explicit House(std::vector<ScriptedServer> servers, DnsSettings settings = {},
                 std::vector<std::string> zones = {})
      : transport(std::move(servers), clock), resolver(transport, clock, settings, zones) {}

  void pass(milliseconds time, milliseconds step = milliseconds(100)) {
    for (auto left = time; left > left.zero(); left -= step) {
      clock.advance(std::min(left, step));
      transport.turn();
    }
  }
  /// What comes within `time`; nothing if none does.
  std::optional<DnsReply> ask(std::string_view text, milliseconds deadline = seconds(8),
                              milliseconds time = milliseconds(0)) {
    // It may be answered after we have gone.
    const auto reply = std::make_shared<std::optional<DnsReply>>();
    resolver.ask(asking(text), clock.steady() + deadline,
                 [reply](DnsReply given) { *reply = std::move(given); });
    if (!*reply) pass(time);
    return *reply;
  }
  DnsTrouble trouble(std::string_view text) {
    const auto reply = ask(text, seconds(8), seconds(8));
    EXPECT_TRUE(reply) << text;
    if (!reply) return DnsTrouble::failed;
    EXPECT_EQ(reply->answer->kind, Kind::unavailable) << text;
    return reply->answer->trouble;
  }
  std::size_t sent() const { return transport.sent().size(); }

  test::FakeClock clock;
  ScriptedTransport transport;
  CachingResolver resolver;
};

TEST(Resolver, AnswersFromTheNetworkAndThenFromTheCache) {
  House house({ScriptedServer(example())});
  const auto first = house.ask("example.com A");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->answer->records, std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(first->answer->server, "server 1");
  EXPECT_EQ(first->source, Source::network);
  house.pass(seconds(10));
  const auto second = house.ask("example.com A");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->source, Source::cache);
  EXPECT_EQ(second->age, seconds(10));
  EXPECT_EQ(house.sent(), 1U);
  house.pass(seconds(51));
  EXPECT_EQ(house.ask("example.com A")->source, Source::network);
}

TEST(Resolver, WhatIsAskedAfreshLeavesForTheServers) {
  House house({ScriptedServer(example())});
  ASSERT_EQ(house.ask("example.com A")->source, Source::network);
  std::optional<DnsReply> reply;
  const auto take = [&](DnsReply given) { reply = std::move(given); };
  house.resolver.ask(asking("example.com A"), house.clock.steady() + seconds(8), take,
                     Freshness::afresh);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->source, Source::network);
  house.transport.replace(0, behaving(Conduct::no_name));
  house.resolver.ask(asking("example.com A"), house.clock.steady() + seconds(8), take,
                     Freshness::afresh);
  EXPECT_EQ(reply->answer->kind, Kind::no_name);
  EXPECT_EQ(house.ask("example.com A")->answer->kind, Kind::no_name) << "the newest is kept";
}

TEST(Resolver, ForgetsAZoneAndAllBelowIt) {
  House house({ScriptedServer(example())});
  house.ask("example.com A");
  house.ask("a.example.com A");
  house.ask("example.org A");
  house.resolver.forget("example.com");
  EXPECT_EQ(house.ask("example.com A")->source, Source::network);
  EXPECT_EQ(house.ask("a.example.com A")->source, Source::network);
  EXPECT_EQ(house.ask("example.org A")->source, Source::cache);
  house.resolver.forget(".");
  EXPECT_EQ(house.ask("example.org A")->source, Source::network);
}

TEST(Resolver, AServerThatOnlyRefersToOthersIsFollowedByTheNext) {
  House house({behaving(Conduct::referral), ScriptedServer(example())});
  EXPECT_EQ(house.ask("example.com A")->answer->server, "server 2");
  House alone({behaving(Conduct::referral)});
  EXPECT_EQ(alone.trouble("example.com A"), DnsTrouble::failed);
}

TEST(Resolver, NothingIsKeptAsLongAsItsZoneSays) {
  House house({ScriptedServer(example())});
  EXPECT_EQ(house.ask("example.com MX")->answer->kind, Kind::no_data);
  EXPECT_EQ(house.ask("none.example A")->answer->kind, Kind::no_name);
  house.pass(seconds(59));
  EXPECT_EQ(house.ask("example.com MX")->source, Source::cache);
  EXPECT_EQ(house.ask("none.example A")->source, Source::cache);
  house.pass(seconds(2));
  EXPECT_EQ(house.ask("none.example A")->source, Source::network);
}

TEST(Resolver, TtlsAreKeptWithinTheirBounds) {
  DnsSettings settings;
  settings.ttl_most = seconds(10);
  settings.negative_ttl_most = seconds(3);
  settings.ttl_least = seconds(1);
  House house({ScriptedServer(example())}, settings);
  EXPECT_EQ(house.ask("example.com A")->answer->ttl, seconds(10));
  EXPECT_EQ(house.ask("none.example A")->answer->ttl, seconds(3));
}

TEST(Resolver, AnyNumberMayWaitForOneQuestion) {
  House house({behaving(Conduct::honest, milliseconds(500), example())});
  int replies = 0;
  for (int i = 0; i < 1000; ++i) {
    house.resolver.ask(asking("example.com A"), house.clock.steady() + seconds(8),
                       [&](const DnsReply& reply) {
                         EXPECT_EQ(reply.answer->kind, Kind::records);
                         ++replies;
                       });
  }
  EXPECT_EQ(house.resolver.status().waiting, 1000U);
  EXPECT_EQ(house.resolver.status().flights, 1U);
  house.pass(milliseconds(500));
  EXPECT_EQ(replies, 1000);
  EXPECT_EQ(house.sent(), 1U);
  EXPECT_EQ(house.resolver.status().waiting, 0U);
  EXPECT_EQ(house.resolver.status().joined, 999U);
}

TEST(Resolver, SilenceIsATimeoutAfterItsTriesAndKeptForAShortTime) {
  House house({behaving(Conduct::silent)});
  const auto reply = house.ask("example.com A", seconds(8), milliseconds(4500));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->answer->trouble, DnsTrouble::timeout);
  EXPECT_EQ(reply->source, Source::network);
  EXPECT_EQ(house.sent(), 3U);
  EXPECT_EQ(house.ask("example.com A")->source, Source::cache);
  EXPECT_EQ(house.sent(), 3U);
}

TEST(Resolver, ADeadlineEndsTheWaitingAndTheLateAnswerFillsTheCache) {
  House house({behaving(Conduct::honest, milliseconds(1200), example())});
  const auto reply = house.ask("example.com A", milliseconds(500), milliseconds(500));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->source, Source::deadline);
  EXPECT_EQ(reply->answer->trouble, DnsTrouble::timeout);
  EXPECT_EQ(house.resolver.status().deadlines, 1U);
  house.pass(milliseconds(700));
  const auto later = house.ask("example.com A");
  ASSERT_TRUE(later);
  EXPECT_EQ(later->source, Source::cache);
  EXPECT_EQ(later->answer->kind, Kind::records);
  EXPECT_EQ(house.sent(), 1U);
}

TEST(Resolver, AnAnswerAfterAllTriesStillTakesThePlaceOfTheTimeout) {
  House house({behaving(Conduct::honest, seconds(9), example())});
  EXPECT_EQ(house.ask("example.com A", seconds(8), milliseconds(4500))->answer->trouble,
            DnsTrouble::timeout);
  house.pass(milliseconds(4600));
  EXPECT_EQ(house.ask("example.com A")->answer->kind, Kind::records);
  EXPECT_EQ(house.resolver.status().late, 1U);
}

TEST(Resolver, ASlowFirstServerMayStillWinAgainstASilentSecond) {
  House house(
      {behaving(Conduct::honest, milliseconds(1800), example()), behaving(Conduct::silent)});
  const auto reply = house.ask("example.com A", seconds(8), milliseconds(1800));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->answer->server, "server 1");
  EXPECT_EQ(house.sent(), 2U);
}

TEST(Resolver, AServerThatSaysNoIsFollowedByTheNextAtOnce) {
  for (const auto conduct : {Conduct::servfail, Conduct::refused, Conduct::garbage,
                             Conduct::wrong_question, Conduct::alias_loop}) {
    House house({behaving(conduct), ScriptedServer(example())});
    const auto reply = house.ask("example.com A");
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->answer->server, "server 2");
    EXPECT_EQ(house.sent(), 2U);
  }
}

TEST(Resolver, OneThatSaysNoIsNotAskedAgainForTheSame) {
  House house({behaving(Conduct::servfail)});
  EXPECT_EQ(house.trouble("example.com A"), DnsTrouble::servfail);
  EXPECT_EQ(house.sent(), 1U);
}

TEST(Resolver, TroubleIsToldApartAndNeverLooksLikeNothing) {
  EXPECT_EQ(House({behaving(Conduct::servfail)}).trouble("example.com A"), DnsTrouble::servfail);
  EXPECT_EQ(House({behaving(Conduct::refused)}).trouble("example.com A"), DnsTrouble::refused);
  EXPECT_EQ(House({behaving(Conduct::bogus)}).trouble("example.com A"), DnsTrouble::bogus);
  EXPECT_EQ(House({behaving(Conduct::garbage)}).trouble("example.com A"), DnsTrouble::malformed);
  EXPECT_EQ(House({behaving(Conduct::alias_loop)}).trouble("example.com A"), DnsTrouble::malformed);
  EXPECT_EQ(House({behaving(Conduct::huge)}).trouble("example.com A"), DnsTrouble::malformed);
  EXPECT_EQ(House({behaving(Conduct::silent)}).trouble("example.com A"), DnsTrouble::timeout);
  EXPECT_EQ(House({behaving(Conduct::truncated_only)}).trouble("example.com A"),
            DnsTrouble::truncated);
}

TEST(Resolver, WhatDoesNotValidateIsNotAskedOfAServerThatMayNotLook) {
  House house({behaving(Conduct::bogus), ScriptedServer(example())});
  EXPECT_EQ(house.trouble("example.com A"), DnsTrouble::bogus);
  EXPECT_EQ(house.sent(), 1U);
}

TEST(Resolver, WhatIsTruncatedIsAskedOverTcp) {
  House house({behaving(Conduct::truncated, milliseconds(0), example())});
  EXPECT_EQ(house.ask("example.com A")->answer->kind, Kind::records);
  ASSERT_EQ(house.sent(), 2U);
  EXPECT_EQ(house.transport.sent()[1].carrier, DnsSend::Carrier::tcp);
}

TEST(Resolver, AServerWithoutEdnsIsAskedWithoutItFromThenOn) {
  House house({behaving(Conduct::no_edns, milliseconds(0), example())});
  EXPECT_EQ(house.ask("example.com A")->answer->kind, Kind::records);
  EXPECT_EQ(house.ask("none.example A")->answer->kind, Kind::no_name);
  const auto sent = house.transport.sent();
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[0].carrier, DnsSend::Carrier::udp);
  EXPECT_EQ(sent[1].carrier, DnsSend::Carrier::plain_udp);
  EXPECT_EQ(sent[2].carrier, DnsSend::Carrier::plain_udp);
  EXPECT_FALSE(house.resolver.status().servers.front().edns);
  house.pass(std::chrono::minutes(16), std::chrono::minutes(1));
  house.ask("other.example A");
  EXPECT_EQ(house.transport.sent()[3].carrier, DnsSend::Carrier::udp);
}

TEST(Resolver, WithoutEdnsTcpStillWorksAndNothingGoesToAndFro) {
  std::vector<std::string> some;
  for (int i = 0; i < 8; ++i) some.push_back(std::string(100, 'a') + std::to_string(i));
  House house(
      {behaving(Conduct::no_edns, milliseconds(0), dns_world({{"some.example TXT", some}}))});
  EXPECT_EQ(house.ask("some.example TXT")->answer->records, some);
  EXPECT_EQ(house.sent(), 3U);
}

TEST(Resolver, AnAliasThatTheServerDoesNotFollowIsFollowed) {
  House house({behaving(Conduct::bare_alias, milliseconds(0),
                        dns_world({{"a.example CNAME", {"b.example"}},
                                   {"b.example CNAME", {"c.example"}},
                                   {"c.example A", {"192.0.2.1"}},
                                   {"x.example CNAME", {"y.example"}},
                                   {"y.example CNAME", {"x.example"}}}))});
  const auto reply = house.ask("a.example A");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->answer->records, std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(reply->answer->canonical, "c.example");
  EXPECT_EQ(house.ask("a.example A")->source, Source::cache);
  EXPECT_EQ(house.ask("a.example MX")->answer->kind, Kind::no_data);
  EXPECT_EQ(house.trouble("x.example A"), DnsTrouble::malformed);
}

TEST(Resolver, NamesThatCannotBeAskedForAreSaidToBe) {
  House house({ScriptedServer(example())});
  std::optional<DnsReply> reply;
  house.resolver.ask({"a..b", DnsType::a}, house.clock.steady() + seconds(8),
                     [&](DnsReply r) { reply = std::move(r); });
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->answer->trouble, DnsTrouble::bad_name);
  EXPECT_EQ(reply->source, Source::nobody);
  EXPECT_EQ(house.sent(), 0U);
}

TEST(Resolver, TooMuchAtOnceIsRefusedAtOnce) {
  DnsSettings settings;
  settings.most_flights = 2;
  settings.most_waiting = 3;
  House house({behaving(Conduct::silent)}, settings);
  EXPECT_FALSE(house.ask("a.example A"));
  EXPECT_FALSE(house.ask("b.example A"));
  EXPECT_EQ(house.ask("c.example A")->answer->trouble, DnsTrouble::overload);
  EXPECT_FALSE(house.ask("a.example A"));
  EXPECT_EQ(house.ask("a.example A")->answer->trouble, DnsTrouble::overload);
  EXPECT_EQ(house.resolver.status().overloads, 2U);
}

TEST(Resolver, AServerThatIsGoneIsLeftAloneAndComesBackByItself) {
  House house({behaving(Conduct::silent)});
  // Two questions of three tries each, one after another.
  house.ask("a.example A", seconds(8), seconds(5));
  house.ask("b.example A", seconds(8), seconds(5));
  ASSERT_FALSE(house.resolver.status().servers.front().in_service);
  EXPECT_EQ(house.resolver.status().servers.front().went_out, 1U);
  const auto reply = house.ask("c.example A");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->answer->trouble, DnsTrouble::suspended);
  EXPECT_EQ(reply->source, Source::nobody);
  house.transport.replace(0, ScriptedServer(example()));
  house.pass(seconds(2));
  EXPECT_TRUE(house.resolver.status().servers.front().in_service);
  EXPECT_EQ(house.ask("example.com A")->answer->kind, Kind::records);
}

TEST(Resolver, WhileOneServerIsGoneTheOtherIsAskedFirst) {
  House house({behaving(Conduct::silent), ScriptedServer(example())});
  for (int i = 0; i < 6; ++i) {
    house.ask("n" + std::to_string(i) + ".example A", seconds(8), seconds(2));
  }
  house.pass(seconds(2));
  ASSERT_FALSE(house.resolver.status().servers.front().in_service);
  EXPECT_EQ(house.ask("example.com A")->answer->server, "server 2");
}

TEST(Resolver, AServerWithoutAnybodyAtItsAddressIsFollowedByTheNextAtOnce) {
  House house({ScriptedServer(example()), ScriptedServer(example())});
  house.transport.set_reach(0, ScriptedTransport::Reach::unreachable);
  EXPECT_EQ(house.ask("example.com A")->answer->server, "server 2");
  house.transport.set_reach(1, ScriptedTransport::Reach::unreachable);
  EXPECT_EQ(house.trouble("other.example A"), DnsTrouble::unreachable);
}

TEST(Resolver, AServerThatIsRestartedIsWaitedFor) {
  House house({ScriptedServer(example())});
  house.transport.set_reach(0, ScriptedTransport::Reach::unreachable);
  EXPECT_FALSE(house.ask("example.com A"));
  house.transport.set_reach(0, ScriptedTransport::Reach::reachable);
  house.pass(milliseconds(200));
  EXPECT_EQ(house.ask("example.com A")->answer->kind, Kind::records);
  EXPECT_EQ(house.sent(), 2U);
}

TEST(Resolver, ADeadZoneIsLeftAloneAndDoesNotTakeItsServerAlong) {
  ScriptedServer server(example());
  server.behave("list.example.net", {Conduct::silent});
  House house({server}, {}, {"list.example.net"});
  for (int i = 0; i < 8; ++i) {
    house.ask("n" + std::to_string(i) + ".list.example.net A", seconds(8), seconds(5));
  }
  const auto status = house.resolver.status();
  EXPECT_TRUE(status.servers.front().in_service);
  ASSERT_EQ(status.suspended_zones.size(), 1U);
  EXPECT_EQ(status.suspended_zones.front().zone, "list.example.net");
  EXPECT_EQ(house.ask("next.list.example.net A")->answer->trouble, DnsTrouble::suspended);
  EXPECT_EQ(house.ask("example.com A")->answer->kind, Kind::records);
  EXPECT_EQ(house.ask("other.example.net A")->answer->kind, Kind::no_name);

  house.transport.replace(0, ScriptedServer(example()));
  house.pass(seconds(31));
  EXPECT_EQ(house.ask("back.list.example.net A")->answer->kind, Kind::no_name);
  EXPECT_TRUE(house.resolver.status().suspended_zones.empty());
}

TEST(Resolver, ALargeNumberOfClientsStaysUnderTheCapOfTheCache) {
  DnsSettings settings;
  settings.cache_octets = 256 * 1024;
  House house({behaving(Conduct::no_name)}, settings);
  for (int i = 0; i < 10'000; ++i) {
    const auto name = std::to_string(i % 256) + '.' + std::to_string(i / 256) + ".0.10.zen.example";
    house.ask(name + " A");
  }
  const auto status = house.resolver.status();
  EXPECT_LE(status.cache.octets, settings.cache_octets);
  EXPECT_EQ(status.flights, 0U);
  EXPECT_EQ(status.asked, 10'000U);
}

TEST(Resolver, WhoeverStillWaitsAtTheEndIsTold) {
  std::optional<DnsReply> reply;
  {
    House house({behaving(Conduct::silent)});
    house.resolver.ask(asking("example.com A"), house.clock.steady() + seconds(8),
                       [&](DnsReply r) { reply = std::move(r); });
  }
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->answer->trouble, DnsTrouble::suspended);
}

TEST(Resolver, AskersMayAskAgainFromTheirCallback) {
  House house({ScriptedServer(example())});
  int replies = 0;
  house.resolver.ask(
      asking("example.com MX"), house.clock.steady() + seconds(1), [&](const DnsReply&) {
        ++replies;
        house.resolver.ask(asking("example.com A"), house.clock.steady() + seconds(1),
                           [&](const DnsReply&) { ++replies; });
      });
  EXPECT_EQ(replies, 2);
}

TEST(Resolver, ADeadPartOfADomainDoesNotTakeTheRestAlong) {
  ScriptedServer server(dns_world({{"good.uni.example A", {"192.0.2.1"}}}));
  server.behave("dead.uni.example", {Conduct::silent});
  House house({server});
  for (int i = 0; i < 8; ++i) {
    house.ask("m" + std::to_string(i) + ".dead.uni.example A", seconds(8), seconds(5));
  }
  ASSERT_EQ(house.resolver.status().suspended_zones.size(), 1U);
  EXPECT_EQ(house.resolver.status().suspended_zones.front().zone, "dead.uni.example");
  EXPECT_EQ(house.ask("next.dead.uni.example A")->answer->trouble, DnsTrouble::suspended);
  EXPECT_EQ(house.ask("good.uni.example A")->answer->kind, Kind::records);
}

TEST(Resolver, ADomainWithManyDeadPartsIsLeftAloneAsAWhole) {
  House house({behaving(Conduct::servfail)});
  for (int i = 0; i < 8; ++i) house.ask("n" + std::to_string(i) + ".evil.example A");
  ASSERT_EQ(house.resolver.status().suspended_zones.size(), 1U);
  EXPECT_EQ(house.resolver.status().suspended_zones.front().zone, "evil.example");
  EXPECT_EQ(house.ask("next.evil.example A")->answer->trouble, DnsTrouble::suspended);
}

TEST(ZoneBook, KnowsWhatStandsOrFallsTogether) {
  const ZoneBook book({"zen.spamhaus.org", "dbl.spamhaus.org"}, {});
  EXPECT_EQ(book.zone_of("2.0.0.127.zen.spamhaus.org"), "zen.spamhaus.org");
  EXPECT_EQ(book.zone_of("www.spamhaus.org"), "spamhaus.org");
  EXPECT_EQ(book.zone_of("a.b.example.co.uk"), "example.co.uk");
  EXPECT_EQ(book.zone_of("4.3.2.1.in-addr.arpa"), "3.2.1.in-addr.arpa");
  EXPECT_EQ(book.zone_of("1.in-addr.arpa"), "1.in-addr.arpa");
  EXPECT_EQ(book.zone_of("in-addr.arpa"), "in-addr.arpa");
  EXPECT_EQ(
      book.zone_of("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
      "0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

}  // namespace
}  // namespace postern
