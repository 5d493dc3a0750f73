#include "dns/message.h"

#include "dns/scripted_server.h"
#include "dns/worlds.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

using namespace std::string_literals;
using test::asking;
using test::dns_world;
using Kind = DnsAnswer::Kind;
using State = DnsReading::State;

DnsReading ask(const ScriptedServer& server, std::string_view text,
               ScriptedServer::Way way = ScriptedServer::Way::udp, Edns edns = Edns::with) {
  const auto question = asking(text);
  const auto query = dns_query(question, edns);
  return read_dns_answer(question, server.answer(query.value(), way).packet);
}

DnsReading ask(DnsConduct::Kind conduct, std::string_view text,
               ScriptedServer::Way way = ScriptedServer::Way::udp) {
  ScriptedServer server;
  server.behave(".", {conduct});
  return ask(server, text, way);
}

/// The head of an answer, with its question "x.example A", counts of answers and authorities.
std::string head(unsigned flags, unsigned answers, unsigned authorities = 0) {
  std::string packet = "\0\0"s;
  packet += static_cast<char>(flags >> 8);
  packet += static_cast<char>(flags & 0xff);
  packet += "\0\1\0"s;
  packet += static_cast<char>(answers);
  packet += '\0';
  packet += static_cast<char>(authorities);
  return packet + "\0\0\1x\7example\0\0\1\0\1"s;
}
constexpr unsigned good = 0x8180;
constexpr unsigned authentic = 0x81a0;
const auto address_record = "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"s;

DnsReading read(const std::string& packet) {
  return read_dns_answer(asking("x.example A"), packet);
}

TEST(DnsMessage, ReadsRecordsOfEveryTypeInTheirNormalSpelling) {
  const ScriptedServer server(dns_world({
      {"example.com A", {"192.0.2.1", "192.0.2.2"}},
      {"example.com AAAA", {"2001:db8::1"}},
      {"example.com MX", {"10 mail.example.com", "0 ."}},
      {"example.com TXT", {"v=spf1 -all", std::string(300, 'x'), ""}},
      {"1.2.0.192.in-addr.arpa PTR", {"host.example.com"}},
      {"example.com NS", {"ns1.example.com"}},
      {"example.com SOA", {"ns1.example.com hostmaster.example.com 1 7200 3600 1209600 3600"}},
  }));
  const auto records = [&](std::string_view text) {
    const auto reading = ask(server, text);
    EXPECT_EQ(reading.answer.kind, Kind::records) << text;
    EXPECT_EQ(reading.answer.ttl, std::chrono::seconds(60)) << text;
    EXPECT_TRUE(reading.edns);
    return reading.answer.records;
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(records("example.com A"), (List{"192.0.2.1", "192.0.2.2"}));
  EXPECT_EQ(records("example.com AAAA"), List{"2001:db8::1"});
  EXPECT_EQ(records("example.com MX"), (List{"10 mail.example.com", "0 ."}));
  EXPECT_EQ(records("example.com TXT"), (List{"v=spf1 -all", std::string(300, 'x'), ""}));
  EXPECT_EQ(records("1.2.0.192.in-addr.arpa PTR"), List{"host.example.com"});
  EXPECT_EQ(records("example.com NS"), List{"ns1.example.com"});
  EXPECT_EQ(records("example.com SOA"),
            List{"ns1.example.com hostmaster.example.com 1 7200 3600 1209600 3600"});
}

TEST(DnsMessage, TellsNoNameFromNoRecordsOfTheType) {
  const ScriptedServer server(dns_world({{"example.com A", {"192.0.2.1"}}}));
  const auto no_data = ask(server, "example.com MX");
  EXPECT_EQ(no_data.answer.kind, Kind::no_data);
  EXPECT_TRUE(no_data.has_authority);
  EXPECT_EQ(no_data.answer.ttl, std::chrono::seconds(60));
  EXPECT_EQ(ask(server, "example.net A").answer.kind, Kind::no_name);
}

TEST(DnsMessage, FollowsAliasesToTheirEnd) {
  const ScriptedServer server(dns_world({{"a.example CNAME", {"b.example"}},
                                         {"b.example CNAME", {"c.example"}},
                                         {"c.example A", {"192.0.2.1"}},
                                         {"d.example CNAME", {"e.example"}}}));
  const auto found = ask(server, "a.example A");
  EXPECT_EQ(found.answer.records, std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(found.answer.canonical, "c.example");
  EXPECT_EQ(ask(server, "a.example MX").answer.kind, Kind::no_data);
  EXPECT_EQ(ask(server, "d.example A").answer.kind, Kind::no_name);
  EXPECT_EQ(ask(server, "a.example CNAME").answer.records, std::vector<std::string>{"b.example"});
}

TEST(DnsMessage, AnAliasWhoseEndIsNotToldIsNotNothing) {
  ScriptedServer server(dns_world({{"a.example CNAME", {"b.example"}}}));
  server.behave(".", {DnsConduct::Kind::bare_alias});
  const auto reading = ask(server, "a.example A");
  EXPECT_EQ(reading.state, State::alias);
  EXPECT_EQ(reading.answer.canonical, "b.example");
}

TEST(DnsMessage, ALoopOfAliasesIsMalformed) {
  const auto reading = ask(DnsConduct::Kind::alias_loop, "a.example A");
  EXPECT_EQ(reading.answer.kind, Kind::unavailable);
  EXPECT_EQ(reading.answer.trouble, DnsTrouble::malformed);
}

TEST(DnsMessage, TroubleIsToldApart) {
  const auto cause = [](DnsConduct::Kind kind) {
    const auto reading = ask(kind, "x.example A", ScriptedServer::Way::tcp);
    EXPECT_EQ(reading.answer.kind, Kind::unavailable);
    return reading.answer.trouble;
  };
  EXPECT_EQ(cause(DnsConduct::Kind::servfail), DnsTrouble::servfail);
  EXPECT_EQ(cause(DnsConduct::Kind::refused), DnsTrouble::refused);
  EXPECT_EQ(cause(DnsConduct::Kind::bogus), DnsTrouble::bogus);
  EXPECT_EQ(cause(DnsConduct::Kind::garbage), DnsTrouble::malformed);
  EXPECT_EQ(cause(DnsConduct::Kind::wrong_question), DnsTrouble::malformed);
  EXPECT_EQ(cause(DnsConduct::Kind::huge), DnsTrouble::malformed);
  EXPECT_EQ(ask(DnsConduct::Kind::bogus, "x.example A").answer.note,
            "EDE 6: signature crypto failed");
  EXPECT_EQ(ask(DnsConduct::Kind::truncated, "x.example A").state, State::truncated);
  EXPECT_EQ(ask(DnsConduct::Kind::no_edns, "x.example A").state, State::no_edns);
}

TEST(DnsMessage, WhatIsTooLongForUdpIsTruncated) {
  std::vector<std::string> many;
  for (int i = 0; i < 40; ++i) many.push_back(std::string(100, 'a') + std::to_string(i));
  const ScriptedServer server(dns_world({{"example.com TXT", many}}));
  EXPECT_EQ(ask(server, "example.com TXT").state, State::truncated);
  EXPECT_EQ(ask(server, "example.com TXT", ScriptedServer::Way::tcp).answer.records, many);
}

TEST(DnsMessage, CompressedNamesAndTheAdBitAreRead) {
  const auto reading = read(head(authentic, 1) + address_record);
  EXPECT_EQ(reading.answer.records, std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(reading.answer.authenticity, DnsAnswer::Authenticity::validated);
  EXPECT_FALSE(reading.edns);
  EXPECT_EQ(read(head(good, 1) + address_record).answer.authenticity,
            DnsAnswer::Authenticity::unproven);
}

TEST(DnsMessage, TheSameRecordTwiceIsOneAndTheSmallestTtlCounts) {
  auto shorter = address_record;
  shorter[9] = '\5';
  const auto reading = read(head(good, 2) + address_record + shorter);
  EXPECT_EQ(reading.answer.records.size(), 1U);
  EXPECT_EQ(reading.answer.ttl, std::chrono::seconds(5));
}

TEST(DnsMessage, ATtlWithItsHighestBitSetIsZero) {
  auto record = address_record;
  record[6] = '\x80';
  EXPECT_EQ(read(head(good, 1) + record).answer.ttl, std::chrono::seconds(0));
}

TEST(DnsMessage, NothingWithoutAuthorityIsNotToBeKept) {
  const auto reading = read(head(good, 0));
  EXPECT_EQ(reading.answer.kind, Kind::no_data);
  EXPECT_FALSE(reading.has_authority);
  EXPECT_EQ(reading.answer.ttl, std::chrono::seconds(0));
}

TEST(DnsMessage, AReferralOrWordsWithoutRecursionAndAuthorityAreNotNothing) {
  const auto servers = "\0\0\2\0\1\0\0\0\x3c\0\2\xc0\x0c"s;  // ". NS x.example"
  constexpr unsigned lame = 0x8100;
  constexpr unsigned authority = 0x8500;
  for (const auto& packet :
       {head(lame, 0), head(lame, 0, 1) + servers, head(good, 0, 1) + servers, head(lame | 3, 0)}) {
    const auto reading = read(packet);
    EXPECT_EQ(reading.answer.kind, Kind::unavailable);
    EXPECT_EQ(reading.answer.trouble, DnsTrouble::failed);
    EXPECT_EQ(reading.answer.note, "the server does no recursion for us");
  }
  EXPECT_EQ(read(head(authority, 0)).answer.kind, Kind::no_data);
  EXPECT_EQ(read(head(authority | 3, 0)).answer.kind, Kind::no_name);
  EXPECT_EQ(read(head(good | 3, 0, 1) + servers).answer.kind, Kind::no_name) << "RFC 2308 2.1.1";
  EXPECT_EQ(ask(DnsConduct::Kind::referral, "example.com MX").answer.kind, Kind::unavailable);
}

TEST(DnsMessage, RecordsOfOtherNamesAndClassesAreNotTaken) {
  const auto other = "\1y\7example\0\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"s;
  EXPECT_EQ(read(head(good, 1) + other).answer.kind, Kind::no_data);
  auto chaos = address_record;
  chaos[5] = '\3';
  EXPECT_EQ(read(head(good, 1) + chaos).answer.kind, Kind::no_data);
}

TEST(DnsMessage, BrokenRecordsMakeTheWholeAnswerMalformed) {
  auto short_address = address_record;
  short_address[11] = '\3';
  short_address.pop_back();
  const auto pointer_loop = "\xc0\x1b\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"s;
  const auto alias_beyond = "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\2\xc0\xff"s;
  for (const auto& records :
       {short_address, pointer_loop, alias_beyond, address_record.substr(0, 9), ""s}) {
    const auto reading = read(head(good, 1) + records);
    EXPECT_EQ(reading.answer.kind, Kind::unavailable);
    EXPECT_EQ(reading.answer.trouble, DnsTrouble::malformed);
  }
}

TEST(DnsMessage, AQueryOrAnAnswerToAnotherQuestionIsMalformed) {
  EXPECT_EQ(read(head(0x0100, 1) + address_record).answer.trouble, DnsTrouble::malformed);
  const auto packet = head(good, 1) + address_record;
  for (const auto* other : {"y.example A", "x.example AAAA", "example A"}) {
    EXPECT_EQ(read_dns_answer(asking(other), packet).answer.trouble, DnsTrouble::malformed);
  }
  EXPECT_EQ(read("").answer.trouble, DnsTrouble::malformed);
  EXPECT_EQ(read(std::string(70'000, 'x')).answer.trouble, DnsTrouble::malformed);
}

TEST(DnsMessage, CaseOfTheNameIsNobodysBusiness) {
  auto packet = head(good, 1) + address_record;
  packet[13] = 'X';
  EXPECT_EQ(read(packet).answer.kind, Kind::records);
}

TEST(DnsMessage, AMappedAddressStaysOneOfIpv6) {
  const ScriptedServer server;
  const auto data = dns_record_data(DnsType::aaaa, "::ffff:192.0.2.1");
  auto packet = "\0\0\x81\x80\0\1\0\1\0\0\0\0\1x\7example\0\0\x1c\0\1"s;
  packet += "\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10"s + data;
  EXPECT_EQ(read_dns_answer(asking("x.example AAAA"), packet).answer.records,
            std::vector<std::string>{"::ffff:192.0.2.1"});
}

TEST(DnsMessage, ATextRecordHasAtLeastOneString) {
  auto packet = "\0\0\x81\x80\0\1\0\1\0\0\0\0\1x\7example\0\0\x10\0\1"s;
  packet += "\xc0\x0c\0\x10\0\1\0\0\0\x3c\0\0"s;
  EXPECT_EQ(read_dns_answer(asking("x.example TXT"), packet).answer.trouble, DnsTrouble::malformed);
}

TEST(DnsMessage, OddOctetsInNamesAreSpelledOut) {
  auto packet = "\0\0\x81\x80\0\1\0\1\0\0\0\0\1x\7example\0\0\x0c\0\1"s;
  packet +=
      "\xc0\x0c\0\x0c\0\1\0\0\0\x3c\0\x07\x05"
      "A b.\xff"
      "\0"s;
  EXPECT_EQ(read_dns_answer(asking("x.example PTR"), packet).answer.records,
            std::vector<std::string>{"a\\032b\\.\\255"});
}

TEST(DnsMessage, NamesThatCannotBeAskedForHaveNoQuery) {
  EXPECT_FALSE(dns_query({"a..b", DnsType::a}, Edns::with));
  EXPECT_FALSE(dns_query({std::string(300, 'a'), DnsType::a}, Edns::with));
  EXPECT_TRUE(dns_query({".", DnsType::ns}, Edns::without));
}

}  // namespace
}  // namespace postern
