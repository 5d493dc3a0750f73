// The resolver against NSD on loopback: what another implementation sends, not what ours does.
#include "dns/caching_resolver.h"
#include "dns/cares_transport.h"
#include "dns/worlds.h"
#include "runtime/clock.h"
#include "support/nsd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <memory>

namespace postern {
namespace {

using std::chrono::seconds;
using test::asking;
using Kind = DnsAnswer::Kind;
using List = std::vector<std::string>;

constexpr std::string_view zone_file = R"($ORIGIN example.
$TTL 120
@        SOA ns.example. hostmaster.example. 1 7200 3600 1209600 7
@        NS  ns.example.
ns       A   127.0.0.1
@        A   192.0.2.1
@        A   192.0.2.2
@        AAAA 2001:db8::1
@        MX  10 Mail.Example.
@        MX  20 mail.elsewhere.
@        TXT "v=spf1 " "-all"
mail     300 A 192.0.2.3
alias    CNAME alias2
alias2   CNAME mail
away     CNAME www.elsewhere.
nowhere  CNAME none.example.
null     MX  0 .
*.wild   A   127.0.0.2
odd\032name\.x PTR Host\032A.example.
)";

class RealServer : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto path = test::nsd_program();
    if (path.empty()) return;
    std::string zone(zone_file);
    for (int i = 0; i < 100; ++i) {
      zone += "big TXT \"" + std::string(100, 'b') + std::to_string(i) + "\"\n";
    }
    nsd_ = std::make_unique<test::Nsd>(path, std::map<std::string, std::string>{{"example", zone}});
  }
  static void TearDownTestSuite() { nsd_.reset(); }
  void SetUp() override {
    if (!nsd_) GTEST_SKIP() << "nsd is not here; scripts/setup.sh fetches it";
    ASSERT_TRUE(nsd_->runs());
    transport_ = std::make_unique<CaresTransport>(std::vector{nsd_->address()}, clock_);
    resolver_ = std::make_unique<CachingResolver>(*transport_, clock_);
  }

  DnsAnswer ask(const DnsQuestion& question) {
    std::promise<DnsReply> reply;
    resolver_->ask(question, clock_.steady() + seconds(60),
                   [&](DnsReply r) { reply.set_value(std::move(r)); });
    return *reply.get_future().get().answer;
  }
  DnsAnswer ask(std::string_view text) { return ask(asking(text)); }
  List sorted(std::string_view text) {
    auto records = ask(text).records;
    std::sort(records.begin(), records.end());
    return records;
  }

  static std::unique_ptr<test::Nsd> nsd_;
  SystemClock clock_;
  std::unique_ptr<CaresTransport> transport_;
  std::unique_ptr<CachingResolver> resolver_;
};
std::unique_ptr<test::Nsd> RealServer::nsd_;

TEST_F(RealServer, GivesRecordsOfEveryType) {
  EXPECT_EQ(sorted("example A"), (List{"192.0.2.1", "192.0.2.2"}));
  EXPECT_EQ(sorted("example AAAA"), List{"2001:db8::1"});
  EXPECT_EQ(sorted("example MX"), (List{"10 mail.example", "20 mail.elsewhere"}));
  EXPECT_EQ(sorted("example TXT"), List{"v=spf1 -all"});
  EXPECT_EQ(sorted("example NS"), List{"ns.example"});
  EXPECT_EQ(sorted("example SOA"), List{"ns.example hostmaster.example 1 7200 3600 1209600 7"});
  EXPECT_EQ(sorted("null.example MX"), List{"0 ."});
  EXPECT_EQ(sorted("2.0.0.127.wild.example A"), List{"127.0.0.2"});
  EXPECT_EQ(ask("mail.example A").ttl, seconds(300));
}

TEST_F(RealServer, TellsNoNameFromNoRecordsAndForHowLong) {
  const auto no_name = ask("none.example A");
  EXPECT_EQ(no_name.kind, Kind::no_name);
  EXPECT_EQ(no_name.ttl, seconds(7));
  const auto no_data = ask("mail.example MX");
  EXPECT_EQ(no_data.kind, Kind::no_data);
  EXPECT_EQ(no_data.ttl, seconds(7));
}

TEST_F(RealServer, FollowsAliases) {
  const auto answer = ask("alias.example A");
  EXPECT_EQ(answer.records, List{"192.0.2.3"});
  EXPECT_EQ(answer.canonical, "mail.example");
  EXPECT_EQ(answer.ttl, seconds(120));
  EXPECT_EQ(ask("nowhere.example A").kind, Kind::no_name);
}

TEST_F(RealServer, WhatItDoesNotServeIsRefusedAndNotNothing) {
  EXPECT_EQ(ask("elsewhere.test A").trouble, DnsTrouble::refused);
  // The alias leads to a name that this server knows nothing of.
  const auto away = ask("away.example A");
  EXPECT_EQ(away.kind, Kind::unavailable);
  EXPECT_EQ(away.trouble, DnsTrouble::refused);
}

TEST_F(RealServer, SendsLongAnswersOverTcp) {
  EXPECT_EQ(ask("big.example TXT").records.size(), 100U);
}

TEST_F(RealServer, OddOctetsInNamesComeThroughBothWays) {
  EXPECT_EQ(ask({"odd\\032name\\.x.example", DnsType::ptr}).records, List{"host\\032a.example"});
}

}  // namespace
}  // namespace postern
