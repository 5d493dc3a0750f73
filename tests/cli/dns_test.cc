// The program with DNS: rules that rest on SPF, block lists and names, asked at the policy service;
// against NSD, and against a server that is silent or lies.
#include "support/dns_responder.h"
#include "support/nsd.h"
#include "support/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>

namespace postern {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Program;
using ::testing::StartsWith;

/// `SERVERS` stands for the resolver, `DEADLINE` and `TRY_TIME` for how long it may take.
constexpr const char* policy = R"([identity]
host = "mx1.example.org"

[listen]
policy = ["unix:/run/policy.sock"]
control = "unix:/run/control.sock"

[limits]
deadline = "DEADLINE"

[dns]
servers = ["SERVERS"]
try_time = "TRY_TIME"

[journal]
path = "/log/decisions.jsonl"

[log]
to = "stderr"

[check.bad]
kind = "dnsbl"
zone = "bad.example"
title = "the Bad List"
listed = { "127.0.0.2-3" = "spam", "127.0.0.4" = "exploited" }
lookup = "https://bad.example/q/{value}"

[check.dbl]
kind = "dnsbl"
zone = "dbl.example"
of = "sender.domain"

[check.friends]
kind = "dnswl"
zone = "friends.example"

[[rule]]
name = "friends are welcome"
stage = "rcpt"
when = 'friends == "listed"'
accept = "message"

[[rule]]
name = "forged senders"
stage = "rcpt"
when = 'spf == "fail"'
reject = "spf-fail"

[[rule]]
name = "listed clients"
stage = "rcpt"
when = 'bad in ["spam", "exploited"]'
reject = "dnsbl-listed"

[[rule]]
name = "listed domains"
stage = "rcpt"
when = 'dbl == "listed"'
reject = "dnsbl-listed"

[[rule]]
name = "senders that nobody can answer"
stage = "rcpt"
when = 'sender_domain == "null-mx"'
reject = "sender-null-mx"

[[rule]]
name = "hosts without a name"
stage = "rcpt"
when = 'iprev in ["fail", "permerror"]'
reject = "client-no-rdns"
unavailable = "defer"
)";

/// The test entries of the lists, and what the tests ask about.
const std::map<std::string, std::string>& zones() {
  static const std::string head =
      "$TTL 60\n@ SOA ns.example. hostmaster.example. 1 7200 3600 1209600 60\n@ NS ns.example.\n";
  static const std::map<std::string, std::string> all{
      {"example", "$ORIGIN example.\n" + head + R"(
ns A 127.0.0.1
good MX 10 mail.good
good TXT "v=spf1 ip4:192.0.2.1 include:_spf.good -all"
_spf.good TXT "v=spf1 exists:%{i}.allowed.example ~all"
mail.good A 192.0.2.1
strict MX 10 mail.good
strict TXT "v=spf1 mx -all exp=why.strict.example"
why.strict TXT "Only mail.good.example sends for us"
null MX 0 .
2.0.0.127.bad A 127.0.0.2
2.0.0.127.friends A 127.0.0.2
test.dbl A 127.0.0.2
9.2.0.192.bad A 127.0.0.4
9.2.0.192.bad TXT "Seen sending spam; see https://bad.example/9"
listed.dbl A 127.0.0.5
good.dbl A 127.0.0.2
8.2.0.192.friends A 127.0.0.3
host A 192.0.2.1
)"},
      {"2.0.192.in-addr.arpa",
       "$ORIGIN 2.0.192.in-addr.arpa.\n" + head + "1 PTR host.example.\n7 PTR host.example.\n"}};
  return all;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  text.replace(text.find(what), what.size(), by);
  return text;
}

std::string request(const std::string& client, const std::string& sender) {
  static int number = 0;
  return "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nclient_address=" +
         client +
         "\nclient_name=unknown\nreverse_client_name=unknown\nhelo_name=host.example\nsender=" +
         sender + "\nrecipient=bob@example.org\ninstance=1.2.3." + std::to_string(++number) +
         "\npolicy_context=recipient\n\n";
}

class DnsProgram : public Program {
 protected:
  static std::string policy_for(const DnsServer& server, const std::string& deadline,
                                const std::string& try_time) {
    return replaced(replaced(replaced(policy, "SERVERS", server.text()), "DEADLINE", deadline),
                    "TRY_TIME", try_time);
  }
  /// Times that a busy machine keeps as well.
  static std::string patient_policy(const DnsServer& server) {
    return policy_for(server, "25s", "10s");
  }
  void serve_with(const std::string& text) {
    config_ = dir_.write("etc/postern/postern.toml", text);
    serve();
  }
  std::string explained(const std::string& answer) const {
    const auto at = answer.find("ref ");
    if (at == std::string::npos) return "no reference in " + answer;
    // The record is written by a thread for which no answer waits.
    const auto until = std::chrono::steady_clock::now() + testing::patience;
    std::string story;
    do {
      story = run({"explain", "--admin", answer.substr(at + 4, 14)}).output;
    } while (story.find("nothing in ") != std::string::npos &&
             std::chrono::steady_clock::now() < until);
    return story;
  }
};

class RealDns : public DnsProgram {
 protected:
  static void SetUpTestSuite() {
    const auto path = test::nsd_program();
    if (!path.empty()) nsd_ = std::make_unique<test::Nsd>(path, zones());
  }
  static void TearDownTestSuite() { nsd_.reset(); }
  void SetUp() override {
    if (!nsd_) GTEST_SKIP() << "nsd is not here; scripts/setup.sh fetches it";
    ASSERT_TRUE(nsd_->runs());
    Program::SetUp();
  }
  static std::unique_ptr<test::Nsd> nsd_;
};
std::unique_ptr<test::Nsd> RealDns::nsd_;

TEST_F(RealDns, LetsInWhomEveryListAndRecordLetsIn) {
  serve_with(patient_policy(nsd_->address()));
  EXPECT_EQ(ask_policy(request("192.0.2.1", "a@strict.example")), "action=DUNNO\n\n");
}

// The policy service has one line, where the words of others have no place; the milter has them.
TEST_F(RealDns, AnSpfFailIsRefusedAndExplainedAsATree) {
  serve_with(patient_policy(nsd_->address()));
  const auto answer = ask_policy(request("198.51.100.1", "a@strict.example"));
  EXPECT_THAT(answer,
              StartsWith("action=550 5.7.23 SPF check failed because strict.example does not let "
                         "[198.51.100.1] send."));
  const auto story = explained(answer);
  EXPECT_THAT(story, HasSubstr("SPF of the sender, step by step"));
  EXPECT_THAT(story, HasSubstr("\n  strict.example: fail\n    mx: no match\n    -all: match\n"));
  EXPECT_THAT(story, HasSubstr("1 of 10 terms that ask DNS"));
  EXPECT_THAT(story, HasSubstr("strict.example TXT: v=spf1 mx -all exp=why.strict.example"));
  EXPECT_THAT(story, Not(HasSubstr("why.strict.example TXT")))
      << "nobody waits for what is not said";
}

TEST_F(RealDns, AListedClientLearnsWhichListItIsAndWhereToLook) {
  serve_with(patient_policy(nsd_->address()));
  const auto answer = ask_policy(request("192.0.2.9", "a@nobody.good.example"));
  EXPECT_THAT(answer, AllOf(StartsWith("action=550 5.7.1 Client host [192.0.2.9] is blocked using "
                                       "the Bad List. It lists 192.0.2.9."),
                            HasSubstr("See https://bad.example/q/192.0.2.9")));
  EXPECT_THAT(explained(answer),
              AllOf(HasSubstr("bad = exploited, from network, note \"192.0.2.9 in bad.example"),
                    Not(HasSubstr("9.2.0.192.bad.example TXT"))));
}

TEST_F(RealDns, AListedDomainIsNamedWithItsList) {
  serve_with(patient_policy(nsd_->address()));
  EXPECT_THAT(ask_policy(request("192.0.2.1", "a@listed")),
              HasSubstr("is blocked using dbl.example. It lists listed."));
}

TEST_F(RealDns, AHostWithoutANameThatLeadsBackIsRefused) {
  serve_with(patient_policy(nsd_->address()));
  // .7 has a name that leads elsewhere, .6 has none.
  for (const auto* client : {"192.0.2.7", "192.0.2.6"}) {
    EXPECT_THAT(ask_policy(request(client, "a@mail.good.example")),
                StartsWith("action=550 5.7.25 "))
        << client;
  }
  EXPECT_EQ(ask_policy(request("192.0.2.8", "a@strict.example")), "action=DUNNO\n\n")
      << "a friend by its list, whatever else";
}

TEST_F(RealDns, ASenderWithANullMxIsRefused) {
  serve_with(patient_policy(nsd_->address()));
  EXPECT_THAT(ask_policy(request("192.0.2.1", "a@null.example")), StartsWith("action=550 5.7.27 "));
}

TEST_F(RealDns, StatusTellsOfServersCacheAndLists) {
  serve_with(patient_policy(nsd_->address()));
  EXPECT_EQ(ask_policy(request("192.0.2.1", "a@strict.example")), "action=DUNNO\n\n");
  EXPECT_THAT(status_value("dns.server." + nsd_->address().text()),
              ContainsRegex("^in service, asked [1-9][0-9]*, answered [1-9][0-9]*, unanswered 0$"));
  EXPECT_THAT(status_value("list.bad"), StartsWith("good, since "));
  EXPECT_THAT(status_value("list.dbl"), StartsWith("good, since "));
  EXPECT_NE(status_value("dns.cache_entries"), "0");
}

TEST_F(RealDns, AReloadTakesAnotherListWithoutLosingWhatIsAsked) {
  serve_with(patient_policy(nsd_->address()));
  EXPECT_THAT(ask_policy(request("192.0.2.9", "a@mail.good.example")),
              StartsWith("action=550 5.7.1 "));
  auto other = patient_policy(nsd_->address());
  other = replaced(other, "zone = \"bad.example\"", "zone = \"friends.example\"");
  dir_.write("etc/postern/postern.toml",
             replaced(other, "title = \"the Bad List\"", "title = \"another list\""));
  ASSERT_EQ(run({"reload"}).status, 0);
  EXPECT_THAT(ask_policy(request("192.0.2.9", "a@mail.good.example")),
              StartsWith("action=550 5.7.25 "))
      << "the other list does not know it";
}

class LyingDns : public DnsProgram, public ::testing::WithParamInterface<DnsConduct> {};

TEST_P(LyingDns, NeverBringsAPermanentRefusalAndNeverOutlastsTheDeadline) {
  ScriptedServer server;
  server.behave(".", GetParam());
  const test::DnsResponder responder(std::move(server));
  serve_with(policy_for(responder.address(), "1s", "300ms"));
  const auto began = std::chrono::steady_clock::now();
  // The null sender, so that a domain that is said not to exist is none of its own.
  for (const auto* sender : {"a@strict.example", ""}) {
    const auto answer = ask_policy(request("192.0.2.9", sender));
    EXPECT_THAT(answer, AnyOf(StartsWith("action=DUNNO"), StartsWith("action=4"),
                              StartsWith("action=DEFER_IF_PERMIT 4")))
        << sender;
  }
  // Far above the deadline, for a machine that is busy, and far below what DNS would take.
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(15));
}

DnsConduct conduct(DnsConduct::Kind kind, const std::string& record = "127.0.0.2",
                   std::chrono::milliseconds delay = {}) {
  DnsConduct result;
  result.kind = kind;
  result.record = record;
  result.delay = delay;
  return result;
}

INSTANTIATE_TEST_SUITE_P(
    Conducts, LyingDns,
    ::testing::Values(conduct(DnsConduct::Kind::silent), conduct(DnsConduct::Kind::servfail),
                      conduct(DnsConduct::Kind::refused), conduct(DnsConduct::Kind::bogus),
                      conduct(DnsConduct::Kind::garbage), conduct(DnsConduct::Kind::no_name),
                      conduct(DnsConduct::Kind::no_data), conduct(DnsConduct::Kind::referral),
                      conduct(DnsConduct::Kind::yes),
                      conduct(DnsConduct::Kind::yes, "127.255.255.254"),
                      conduct(DnsConduct::Kind::huge), conduct(DnsConduct::Kind::wrong_question),
                      conduct(DnsConduct::Kind::truncated_only),
                      conduct(DnsConduct::Kind::alias_loop),
                      conduct(DnsConduct::Kind::honest, "", std::chrono::seconds(20))));

// Whoever answers yes to everything, or nothing to everything, says what a list may say; only its
// test entries give it away.
class LyingList : public DnsProgram, public ::testing::WithParamInterface<DnsConduct> {};

TEST_P(LyingList, IsSuspendedAndLetsMailPass) {
  // DNS itself is in order, so that nothing but the lists could refuse.
  DnsWorld world;
  const auto add = [&](const std::string& question, const std::string& record) {
    const auto read = dns_question(question);
    DnsResult result;
    result.kind = DnsResult::Kind::records;
    result.records = {record};
    EXPECT_FALSE(world.add(std::get<DnsQuestion>(read), std::move(result))) << question;
  };
  add(". NS", "ns.example");
  add("9.2.0.192.in-addr.arpa PTR", "host.example");
  add("host.example A", "192.0.2.9");
  add("strict.example MX", "10 host.example");
  add("strict.example TXT", "v=spf1 mx -all");
  ScriptedServer server(world);
  for (const auto* zone : {"bad.example", "dbl.example", "friends.example"}) {
    server.behave(zone, GetParam());
  }
  const test::DnsResponder responder(std::move(server));
  serve_with(patient_policy(responder.address()));
  EXPECT_EQ(ask_policy(request("192.0.2.9", "a@strict.example")), "action=DUNNO\n\n");
  EXPECT_THAT(status_value("list.bad"), StartsWith("suspended, "));
  EXPECT_THAT(output_until("list \"bad\""), HasSubstr("list \"bad\" (bad.example) is suspended"));
}

INSTANTIATE_TEST_SUITE_P(Conducts, LyingList,
                         ::testing::Values(conduct(DnsConduct::Kind::yes),
                                           conduct(DnsConduct::Kind::no_name),
                                           conduct(DnsConduct::Kind::yes, "127.255.255.254"),
                                           conduct(DnsConduct::Kind::yes, "203.0.113.7"),
                                           conduct(DnsConduct::Kind::servfail)));

TEST_F(DnsProgram, CheckWarnsOfTheSystemsResolversOnOtherHosts) {
  dir_.write("etc/resolv.conf", "nameserver 127.0.0.1\nnameserver 192.0.2.53\n");
  auto text = std::string(policy);
  const auto dns = text.find("[dns]");
  const auto without = text.substr(0, dns) + text.substr(text.find("[journal]"));
  dir_.write("etc/postern/postern.toml", replaced(without, "DEADLINE", "8s"));
  EXPECT_THAT(run({"check"}).output,
              HasSubstr("of the resolvers of /etc/resolv.conf 192.0.2.53:53 is on another host"));
  dir_.write("etc/postern/postern.toml",
             replaced(without, "DEADLINE", "8s") + "[dns]\ntrusted = [\"192.0.2.0/24\"]\n");
  EXPECT_THAT(run({"check"}).output, Not(HasSubstr("on another host")));
}

TEST_F(DnsProgram, WithoutChecksThatNeedItDnsIsNotAsked) {
  serve();
  EXPECT_EQ(status_value("dns"), "not asked");
}

}  // namespace
}  // namespace postern
