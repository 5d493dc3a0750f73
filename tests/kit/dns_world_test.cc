#include "kit/dns_world.h"

#include "kit/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using Kind = DnsResult::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

DnsQuestion question(std::string_view text) {
  auto read = dns_question(text);
  if (const auto* fault = std::get_if<KitFault>(&read)) {
    ADD_FAILURE() << text << ": " << fault->message;
    return {};
  }
  return std::get<DnsQuestion>(read);
}

std::string fault_of(std::string_view text) {
  const auto read = dns_question(text);
  const auto* fault = std::get_if<KitFault>(&read);
  return fault == nullptr ? "" : fault->message + " | " + fault->hint;
}

/// The record as it is kept, or "!" and what is wrong with it.
std::string record(DnsType type, std::string_view text) {
  const auto read = dns_record(type, text);
  if (const auto* fault = std::get_if<KitFault>(&read)) return '!' + fault->message;
  return std::get<std::string>(read);
}

void add(DnsWorld& world, std::string_view name_and_type, DnsResult result) {
  const auto fault = world.add(question(name_and_type), std::move(result));
  EXPECT_FALSE(fault) << name_and_type << ": " << fault->message;
}

TEST(DnsQuestion, IsANameAndATypeWithoutRegardToCaseAndAFinalDot) {
  EXPECT_EQ(question("Example.COM. MX"), (DnsQuestion{"example.com", DnsType::mx}));
  EXPECT_EQ(question("_dmarc.example.com TXT"), (DnsQuestion{"_dmarc.example.com", DnsType::txt}));
  EXPECT_EQ(question("0/25.2.0.192.in-addr.arpa PTR").name, "0/25.2.0.192.in-addr.arpa");
  EXPECT_EQ(question("m\xC3\xBCnchen.example A").name, "xn--mnchen-3ya.example");
  EXPECT_EQ(question(". NS").name, ".");
}

TEST(DnsQuestion, EveryTypeThatChecksAskForIsKnown) {
  for (const auto& type : dns_type_names()) {
    EXPECT_EQ(to_text(question("example.com " + type).type), type);
  }
  EXPECT_THAT(dns_type_names(), ElementsAre("A", "AAAA", "MX", "TXT", "PTR", "CNAME", "NS", "SOA"));
}

TEST(DnsQuestion, SaysWhatIsWrongWithIt) {
  EXPECT_THAT(fault_of("example.com"), HasSubstr("is not a name and a type"));
  EXPECT_THAT(fault_of("example.com  A B"), HasSubstr("is not a name and a type"));
  EXPECT_THAT(fault_of("example.com TXXT"), HasSubstr("did you mean \"TXT\"?"));
  EXPECT_THAT(fault_of("example.com mx"), HasSubstr("there is no type \"mx\""));
  EXPECT_THAT(fault_of("a..b A"), HasSubstr("is not a domain name"));
  EXPECT_THAT(fault_of(std::string(64, 'a') + ".example A"), HasSubstr("is not a domain name"));
}

TEST(DnsRecord, HasThePresentationFormOfItsType) {
  EXPECT_EQ(record(DnsType::a, "192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(record(DnsType::aaaa, "2001:DB8:0::1"), "2001:db8::1");
  EXPECT_EQ(record(DnsType::mx, "10  Mail.Example.Com."), "10 mail.example.com");
  EXPECT_EQ(record(DnsType::mx, "0 ."), "0 .");
  EXPECT_EQ(record(DnsType::txt, "v=spf1 -all"), "v=spf1 -all");
  EXPECT_EQ(record(DnsType::txt, ""), "");
  EXPECT_EQ(record(DnsType::ptr, "Host.Example.Net."), "host.example.net");
  EXPECT_EQ(record(DnsType::cname, "a.example"), "a.example");
  EXPECT_EQ(record(DnsType::ns, "ns1.example"), "ns1.example");
  EXPECT_EQ(record(DnsType::soa, "ns1.example hostmaster.example 1 2 3 4 4294967295"),
            "ns1.example hostmaster.example 1 2 3 4 4294967295");
}

TEST(DnsRecord, OfAnotherFormIsRefused) {
  EXPECT_EQ(record(DnsType::a, "2001:db8::1"), "!\"2001:db8::1\" is not an IPv4 address");
  EXPECT_EQ(record(DnsType::a, "::ffff:192.0.2.1"), "!\"::ffff:192.0.2.1\" is not an IPv4 address");
  EXPECT_EQ(record(DnsType::a, "192.0.2"), "!\"192.0.2\" is not an IPv4 address");
  EXPECT_EQ(record(DnsType::aaaa, "192.0.2.1"), "!\"192.0.2.1\" is not an IPv6 address");
  EXPECT_EQ(record(DnsType::aaaa, "IPv6:2001:db8::1"),
            "!\"IPv6:2001:db8::1\" is not an IPv6 address");
  EXPECT_EQ(record(DnsType::mx, "mail.example.com"), "!\"mail.example.com\" is not an MX record");
  EXPECT_EQ(record(DnsType::mx, "65536 a.example"), "!\"65536 a.example\" is not an MX record");
  EXPECT_EQ(record(DnsType::mx, "10 a b"), "!\"10 a b\" is not an MX record");
  EXPECT_EQ(record(DnsType::ptr, "a b"), "!\"a b\" is not a domain name");
  EXPECT_EQ(record(DnsType::soa, "ns1.example hostmaster.example 1 2 3 4"),
            "!\"ns1.example hostmaster.example 1 2 3 4\" is not a SOA record");
  EXPECT_EQ(record(DnsType::txt, std::string(256, 'x')).substr(0, 40),
            "!a text of a TXT record has at most 255 ");
}

TEST(DnsRecord, TextsOfOneRecordAreJoinedWithoutASpace) {
  const auto joined = dns_text({"v=spf1 ", "-all"});
  ASSERT_TRUE(std::holds_alternative<std::string>(joined));
  EXPECT_EQ(std::get<std::string>(joined), "v=spf1 -all");
  EXPECT_TRUE(std::holds_alternative<std::string>(
      dns_text({std::string(255, 'x'), std::string(255, 'y')})));
  EXPECT_TRUE(std::holds_alternative<KitFault>(dns_text({})));
}

TEST(DnsWorld, WhatIsNotNamedDoesNotExist) {
  DnsWorld world;
  EXPECT_EQ(world.look_up(question("example.com A")).kind, Kind::no_name);
  add(world, "example.com A", {Kind::records, {"192.0.2.1"}});
  EXPECT_THAT(world.look_up(question("example.com A")).records, ElementsAre("192.0.2.1"));
  EXPECT_EQ(world.look_up(question("www.example.com A")).kind, Kind::no_name);
  EXPECT_EQ(world.look_up(question("xample.com A")).kind, Kind::no_name);
}

TEST(DnsWorld, ANameWithOtherRecordsOrSomethingBelowItExists) {
  DnsWorld world;
  add(world, "mail.example.com A", {Kind::records, {"192.0.2.1"}});
  EXPECT_EQ(world.look_up(question("mail.example.com MX")), (DnsResult{Kind::records, {}}));
  EXPECT_EQ(world.look_up(question("example.com MX")), (DnsResult{Kind::records, {}}));
}

TEST(DnsWorld, AnAliasIsFollowedToItsEnd) {
  DnsWorld world;
  add(world, "www.example.com CNAME", {Kind::records, {"a.example.net"}});
  add(world, "a.example.net CNAME", {Kind::records, {"b.example.net"}});
  add(world, "b.example.net A", {Kind::records, {"192.0.2.1"}});
  EXPECT_THAT(world.look_up(question("www.example.com A")).records, ElementsAre("192.0.2.1"));
  EXPECT_THAT(world.look_up(question("www.example.com CNAME")).records,
              ElementsAre("a.example.net"));
  EXPECT_EQ(world.look_up(question("www.example.com MX")), (DnsResult{Kind::records, {}}));
  add(world, "gone.example CNAME", {Kind::records, {"nothing.example.org"}});
  EXPECT_EQ(world.look_up(question("gone.example A")).kind, Kind::no_name);
}

TEST(DnsWorld, AliasesInACircleAreAFailure) {
  DnsWorld world;
  add(world, "a.example CNAME", {Kind::records, {"b.example"}});
  add(world, "b.example CNAME", {Kind::records, {"a.example"}});
  EXPECT_EQ(world.look_up(question("a.example A")).kind, Kind::servfail);
}

TEST(DnsWorld, RefusesWhatContradictsItself) {
  DnsWorld world;
  add(world, "example.com A", {Kind::records, {"192.0.2.1"}});
  EXPECT_TRUE(world.add(question("Example.com. A"), {Kind::records, {"192.0.2.2"}}));
  EXPECT_TRUE(world.add(question("example.com MX"), {Kind::no_name, {}}));
  EXPECT_TRUE(world.add(question("example.com CNAME"), {Kind::records, {"b.example"}}));
  EXPECT_FALSE(world.add(question("example.com MX"), {Kind::servfail, {}}));
  EXPECT_FALSE(world.add(question("gone.example A"), {Kind::no_name, {}}));
  EXPECT_TRUE(world.add(question("gone.example MX"), {Kind::records, {"0 ."}}));
  EXPECT_TRUE(world.add(question("c.example CNAME"), {Kind::records, {"a.example", "b.example"}}));
}

TEST(DnsWorld, WhatATestSaysComesBeforeTheSharedFile) {
  DnsWorld own;
  DnsWorld shared;
  add(own, "example.com A", {Kind::servfail, {}});
  add(shared, "example.com A", {Kind::records, {"192.0.2.1"}});
  add(shared, "example.com MX", {Kind::records, {"0 ."}});
  own.add_missing(shared);
  EXPECT_EQ(own.look_up(question("example.com A")).kind, Kind::servfail);
  EXPECT_THAT(own.look_up(question("example.com MX")).records, ElementsAre("0 ."));
}

TEST(World, AnswersQuestionsOfDns) {
  World world;
  add(world.dns, "example.com MX", {Kind::records, {"10 a.example", "20 b.example"}});
  add(world.dns, "broken.example A", {Kind::servfail, {}});
  add(world.dns, "slow.example A", {Kind::timeout, {}});
  const auto ask = [&](const char* type, const char* name) {
    return world.answer({QuestionKind::sender_dns, type, name, QuestionCost::free});
  };
  EXPECT_THAT(ask("MX", "example.com").values, ElementsAre("10 a.example", "20 b.example"));
  EXPECT_EQ(ask("A", "example.com").state, Answer::State::empty);
  EXPECT_EQ(ask("A", "example.com").source.note, "no such record");
  EXPECT_EQ(ask("A", "else.example").source.note, "NXDOMAIN");
  EXPECT_EQ(ask("A", "broken.example").cause, "servfail");
  EXPECT_EQ(ask("A", "slow.example").cause, "timeout");
  EXPECT_EQ(ask("sample_dns", "key").state, Answer::State::unavailable);
}

TEST(World, AnswersQuestionsOfCounters) {
  World world;
  world.counters[{"per_client", "192.0.2.1"}] = 41;
  const auto ask = [&](const char* check, const char* key) {
    return world.answer({QuestionKind::store, check, key, QuestionCost::costly});
  };
  EXPECT_THAT(ask("per_client", "192.0.2.1").values, ElementsAre("41"));
  EXPECT_EQ(ask("per_client", "192.0.2.2").state, Answer::State::empty);
}

TEST(World, WhatOnlyRealServersKnowIsUnavailable) {
  const World world;
  EXPECT_EQ(world.answer({QuestionKind::upstream, "scanner", "x", QuestionCost::costly}).state,
            Answer::State::unavailable);
}

TEST(World, ACountersKeyMayHoldSpaces) {
  const auto key = counter_key("per_user Anna Muster");
  ASSERT_TRUE(std::holds_alternative<CounterKey>(key));
  EXPECT_EQ(std::get<CounterKey>(key), (CounterKey{"per_user", "Anna Muster"}));
  for (const auto* wrong : {"per_user", "per_user ", " x", ""}) {
    EXPECT_TRUE(std::holds_alternative<KitFault>(counter_key(wrong))) << wrong;
  }
}

}  // namespace
}  // namespace postern
