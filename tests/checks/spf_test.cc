#include "checks/spf.h"

#include "checks/spf_zone.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

using test::SpfZone;
using State = SpfOutcome::State;

const auto client = *IpAddress::parse("192.0.2.1");
const auto client6 = *IpAddress::parse("2001:db8::1");

SpfRequest from(std::string_view sender, const IpAddress& address = client) {
  return SpfRequest::of_sender(address, MailAddress::from_envelope(sender), "mail.example.org");
}

/// The result of a record of example.com, with its problem.
std::string result(std::string record, SpfZone zone = {}, const IpAddress& address = client) {
  zone.add("example.com", "TXT", std::move(record));
  const auto outcome = zone.evaluate(from("a@example.com", address));
  return std::string(to_text(outcome.result)) +
         (outcome.problem.empty() ? "" : ": " + outcome.problem);
}

TEST(Spf, TheFirstDirectiveThatMatchesDecides) {
  EXPECT_EQ(result("v=spf1 ip4:192.0.2.0/24 -all"), "pass");
  EXPECT_EQ(result("v=spf1 ip4:192.0.3.0/24 -all"), "fail");
  EXPECT_EQ(result("v=spf1 ~ip4:192.0.2.1 -all"), "softfail");
  EXPECT_EQ(result("v=spf1 ?all"), "neutral");
  EXPECT_EQ(result("v=spf1"), "neutral");
  EXPECT_EQ(result("v=spf1 ip6:2001:db8::/32 -all", {}, client6), "pass");
  EXPECT_EQ(result("v=spf1 ip4:0.0.0.0/0 -all", {}, client6), "fail");
  EXPECT_EQ(result("v=spf1 ip6:::ffff:192.0.2.1 -all"), "fail");
}

TEST(Spf, SaysWhatIsWrongWithARecord) {
  EXPECT_EQ(result("v=spf1 foo -all"), "permerror: an unknown mechanism in \"foo\" at example.com");
  EXPECT_EQ(result("v=spf1 -all ip4:1.2.3"),
            "permerror: no address in \"ip4:1.2.3\" at example.com");
  EXPECT_EQ(result("v=spf1 a/33"),
            "permerror: a prefix length out of range in \"a/33\" at example.com");
  EXPECT_EQ(result("v=spf1 include:"), "permerror: no domain name in \"include:\" at example.com");
  EXPECT_EQ(result("v=spf1 a:%{x}.example"),
            "permerror: a bad macro or character in \"a:%{x}.example\" at example.com");
  EXPECT_EQ(
      result("v=spf1 redirect=a.example redirect=b.example"),
      "permerror: a modifier that may stand only once in \"redirect=b.example\" at example.com");
  EXPECT_EQ(result("v=spf1 include:none.example -all"), "permerror: no SPF record at none.example");
  EXPECT_EQ(result("v=spf10 -all"), "none: no SPF record at example.com");
}

TEST(Spf, ANullMxIsAnAnswer) {
  SpfZone zone;
  for (const auto* name : {"a.example", "b.example", "c.example"}) zone.add(name, "MX", "0 .");
  EXPECT_EQ(result("v=spf1 mx:a.example mx:b.example mx:c.example +all", zone), "pass");
}

TEST(Spf, ATroubledPtrIsNoFail) {
  SpfZone zone;
  zone.time_out("1.2.0.192.in-addr.arpa");
  EXPECT_EQ(result("v=spf1 ptr -all", zone), "temperror: no answer for 1.2.0.192.in-addr.arpa PTR");
  zone.add("e.example", "TXT", "you are %{p}");
  EXPECT_EQ(result("v=spf1 exp=e.example -all", zone), "fail");
}

TEST(Spf, ARecordLongerThanAnyHonestOneIsNotRead) {
  std::string record = "v=spf1";
  while (record.size() < longest_spf_record - 16) record += " ip4:192.0.3.1";
  EXPECT_EQ(result(record + " +all"), "pass");
  EXPECT_EQ(result(record + " ip4:192.0.3.1 +all"),
            "permerror: an SPF record of more than 4096 octets at example.com");
}

TEST(Spf, TroubleIsTemperrorAndNeverNothing) {
  SpfZone zone;
  zone.time_out("example.com");
  const auto outcome = zone.evaluate(from("a@example.com"));
  EXPECT_EQ(outcome.result, SpfResult::temperror);
  EXPECT_EQ(outcome.problem, "timeout at TXT of example.com");
  SpfZone inner;
  inner.time_out("slow.example");
  EXPECT_EQ(result("v=spf1 a:slow.example -all", inner), "temperror: timeout at a:slow.example");
  EXPECT_EQ(result("v=spf1 ip4:192.0.2.1 a:slow.example -all", inner), "pass");
}

TEST(Spf, TheEleventhTermThatAsksIsTooMany) {
  SpfZone zone;
  std::string record = "v=spf1";
  for (int i = 0; i < 11; ++i) {
    const auto name = "n" + std::to_string(i) + ".example";
    record += " a:" + name;
    zone.add(name, "A", "192.0.2.99");
  }
  EXPECT_EQ(result(record + " -all", zone),
            "permerror: more than 10 terms that ask DNS, at a:n10.example");
  zone.add("example.com", "TXT", record + " -all");
  SpfLimits more;
  more.lookups = 11;
  const auto outcome = zone.evaluate(from("a@example.com"), more);
  EXPECT_EQ(outcome.result, SpfResult::fail);
  EXPECT_EQ(outcome.lookups, 11U);
}

TEST(Spf, TheThirdNameWithoutAnAnswerIsTooMany) {
  const std::string record = "v=spf1 a:x.example a:y.example a:z.example -all";
  EXPECT_EQ(result(record), "permerror: more than 2 names without an answer");
  SpfZone zone;
  zone.add("example.com", "TXT", record);
  SpfLimits more;
  more.voids = 3;
  EXPECT_EQ(zone.evaluate(from("a@example.com"), more).result, SpfResult::fail);
}

TEST(Spf, MailHostsWithoutIpv6AreOneTermWithoutAnAnswer) {
  SpfZone zone;
  for (const auto* host : {"a", "b", "c", "d"}) {
    zone.add("example.com", "MX", std::string("10 ") + host + ".example.com");
    zone.add(std::string(host) + ".example.com", "A", "192.0.2.9");
  }
  zone.add("example.com", "TXT", "v=spf1 mx ip6:2001:db8::/32 -all");
  const auto outcome = zone.evaluate(from("a@example.com", client6));
  EXPECT_EQ(outcome.result, SpfResult::pass);
  EXPECT_EQ(outcome.voids, 1U);
}

TEST(Spf, ARecordThatIncludesItselfEnds) {
  EXPECT_EQ(result("v=spf1 include:example.com -all"),
            "permerror: more than 10 terms that ask DNS, at include:example.com");
  EXPECT_EQ(result("v=spf1 redirect=example.com"),
            "permerror: more than 10 terms that ask DNS, at redirect=example.com");
}

TEST(Spf, ACircleOfRedirectsBehindAMissingAnswerWasLookedAheadThroughWithoutEnd) {
  SpfZone zone;
  zone.add("example.com", "TXT", "v=spf1 exists:a.example redirect=example.com");
  const auto outcome = zone.evaluate(from("a@example.com"));
  EXPECT_EQ(outcome.result, SpfResult::permerror);
  EXPECT_EQ(outcome.problem, "more than 2 names without an answer");
}

TEST(Spf, TermsBehindAMissingAnswerAreAskedAboutAhead) {
  SpfZone zone;
  std::string record = "v=spf1";
  for (int i = 0; i < 8; ++i) {
    const auto name = "n" + std::to_string(i) + ".example";
    record += " include:" + name;
    zone.add(name, "TXT", "v=spf1 a:h" + std::to_string(i) + ".example -all");
    zone.add("h" + std::to_string(i) + ".example", "A", "192.0.2.99");
  }
  zone.add("example.com", "TXT", record + " -all");
  // The record, the includes, and as many of their hosts as the limit of lookups leaves room for.
  SpfLimits limits;
  limits.lookups = 16;
  EXPECT_EQ(zone.evaluate(from("a@example.com"), limits).result, SpfResult::fail);
  EXPECT_EQ(zone.rounds(), 3);
}

TEST(Spf, WhatItsOwnerMayCountIsNotAskedAhead) {
  SpfZone zone;
  zone.add("example.com", "TXT", "v=spf1 a exists:%{i}.count.example ptr -all");
  zone.add("example.com", "A", "192.0.2.1");
  EXPECT_EQ(zone.evaluate(from("a@example.com")).result, SpfResult::pass);
  EXPECT_EQ(zone.asked(), (std::set<std::string>{"example.com TXT", "example.com A"}));
}

TEST(Spf, TheOrderOfAnswersChangesNothing) {
  SpfZone zone;
  zone.add("example.com", "TXT", "v=spf1 mx a:other.example include:inc.example ~all");
  zone.add("example.com", "MX", "10 a.example.com");
  zone.add("example.com", "MX", "20 b.example.com");
  zone.time_out("a.example.com");
  zone.add("b.example.com", "A", "192.0.2.1");
  zone.add("inc.example", "TXT", "v=spf1 ip4:192.0.2.1 -all");
  const auto request = from("a@example.com");
  // Answers come one by one, the one asked last first, or the first.
  for (const bool last : {false, true}) {
    Facts facts;
    const auto lookup = [&](const Question& q) { return facts.find(q); };
    auto outcome = spf(request, {}, lookup);
    while (outcome.state == State::open) {
      ASSERT_FALSE(outcome.questions.empty());
      const auto& question = last ? outcome.questions.back() : outcome.questions.front();
      facts.add(question, zone.answer(question));
      outcome = spf(request, {}, lookup);
    }
    EXPECT_EQ(outcome.result, SpfResult::temperror);
  }
}

TEST(Spf, WithoutASenderItIsThePostmasterOfTheHeloName) {
  SpfZone zone;
  zone.add("mail.example.org", "TXT", "v=spf1 exists:%{l}.%{o}.ok.example -all");
  zone.add("postmaster.mail.example.org.ok.example", "A", "127.0.0.2");
  EXPECT_EQ(zone.evaluate(from("<>")).result, SpfResult::pass);
  EXPECT_EQ(zone.evaluate(SpfRequest::of_helo(client, "mail.example.org")).result, SpfResult::pass);
  EXPECT_EQ(zone.evaluate(SpfRequest::of_helo(client, "localhost")).result, SpfResult::none);
  EXPECT_EQ(zone.evaluate(SpfRequest::of_helo(client, "[192.0.2.1]")).result, SpfResult::none);
}

TEST(Spf, UnicodeDomainsAreAskedForAsALabels) {
  SpfZone zone;
  zone.add("xn--bcher-kva.example", "TXT", "v=spf1 exists:%{d}.ok.example -all");
  zone.add("xn--bcher-kva.example.ok.example", "A", "127.0.0.2");
  auto request = SpfRequest::of_helo(client,
                                     "b\xc3\xbc"
                                     "cher.example");
  EXPECT_EQ(zone.evaluate(request).result, SpfResult::pass);
}

TEST(Spf, TermsThatNameAUnicodeSenderMatchNobody) {
  SpfZone zone;
  zone.add("example.com", "TXT", "v=spf1 exists:%{l}.ok.example include:%{s}.example ?all");
  EXPECT_EQ(zone.evaluate(from("j\xc3\xbcrgen@example.com")).result, SpfResult::neutral);
  zone.add("example.net", "TXT", "v=spf1 redirect=%{l}.example");
  EXPECT_EQ(zone.evaluate(from("j\xc3\xbcrgen@example.net")).result, SpfResult::neutral);
}

TEST(Spf, ThePassOfAnIncludeIsAMatchAndItsFailIsNot) {
  SpfZone zone;
  zone.add("inc.example", "TXT", "v=spf1 -ip4:192.0.2.1 +all");
  EXPECT_EQ(result("v=spf1 include:inc.example ~all", zone), "softfail");
  EXPECT_EQ(result("v=spf1 -include:inc.example ~all", zone, client6), "fail");
}

TEST(Spf, AHostIsFoundByItsValidatedNames) {
  SpfZone zone;
  zone.add("1.2.0.192.in-addr.arpa", "PTR", "forged.example.com");
  zone.add("1.2.0.192.in-addr.arpa", "PTR", "mail.example.com");
  zone.add("forged.example.com", "A", "192.0.2.9");
  zone.add("mail.example.com", "A", "192.0.2.1");
  EXPECT_EQ(result("v=spf1 ptr -all", zone), "pass");
  EXPECT_EQ(result("v=spf1 ptr:forged.example.com -all", zone), "fail");
  zone.add("mail.example.com.ok.example", "A", "127.0.0.2");
  EXPECT_EQ(result("v=spf1 exists:%{p}.ok.example -all", zone), "pass");
}

TEST(Spf, OnlyTheFirstTenNamesOfAHostAreLookedAt) {
  SpfZone zone;
  for (int i = 0; i < 10; ++i) {
    zone.add("1.2.0.192.in-addr.arpa", "PTR", "n" + std::to_string(i) + ".example.net");
  }
  zone.add("1.2.0.192.in-addr.arpa", "PTR", "mail.example.com");
  zone.add("mail.example.com", "A", "192.0.2.1");
  EXPECT_EQ(result("v=spf1 ptr -all", zone), "fail");
}

TEST(Spf, ElevenMailExchangersAreTooMany) {
  SpfZone zone;
  for (int i = 0; i < 11; ++i) {
    zone.add("example.com", "MX", "10 m" + std::to_string(i) + ".example.com");
  }
  EXPECT_EQ(result("v=spf1 mx -all", zone), "permerror: more than 10 MX records at example.com");
}

TEST(Spf, ADomainThatTakesNoMailSendsNoneByItsMx) {
  SpfZone zone;
  zone.add("example.com", "MX", "0 .");
  EXPECT_EQ(result("v=spf1 mx -all", zone), "fail");
}

TEST(Spf, TheExplanationIsTheOwnersAndNobodyWaitsForIt) {
  SpfZone zone;
  zone.add("example.com", "TXT", "v=spf1 -all exp=why.example.com");
  zone.add("why.example.com", "TXT", "%{i} is not one of %{d}'s %_ %{S}");
  Facts facts;
  const auto lookup = [&](const Question& q) { return facts.find(q); };
  const auto request = from("a+b@example.com");
  auto outcome = spf(request, {}, lookup);
  facts.add(outcome.questions.front(), zone.answer(outcome.questions.front()));
  outcome = spf(request, {}, lookup);
  EXPECT_EQ(outcome.state, State::done);
  EXPECT_EQ(outcome.result, SpfResult::fail);
  EXPECT_EQ(outcome.words, SpfOutcome::Words::open);
  ASSERT_EQ(outcome.questions.size(), 1U);
  facts.add(outcome.questions.front(), zone.answer(outcome.questions.front()));
  outcome = spf(request, {}, lookup);
  EXPECT_EQ(outcome.words, SpfOutcome::Words::there);
  EXPECT_EQ(outcome.explanation, "192.0.2.1 is not one of example.com's   a%2Bb%40example.com");
}

TEST(Spf, AnExplanationThatCannotBeReadIsNone) {
  for (const auto* text : {"%{x}", "caf\xc3\xa9", "50% off", ""}) {
    SpfZone zone;
    zone.add("example.com", "TXT", "v=spf1 -all exp=why.example.com");
    zone.add("why.example.com", "TXT", text);
    const auto outcome = zone.evaluate(from("a@example.com"));
    EXPECT_EQ(outcome.result, SpfResult::fail);
    EXPECT_EQ(outcome.words, SpfOutcome::Words::none) << text;
  }
}

TEST(Spf, TheTraceShowsHowItCame) {
  SpfZone zone;
  zone.add("example.com", "TXT",
           "v=spf1 a:%{d}.a.example include:inc.example redirect=end.example");
  zone.add("inc.example", "TXT", "v=spf1 ip4:198.51.100.0/24 mx ~all");
  zone.add("inc.example", "MX", "10 mx.inc.example");
  zone.add("mx.inc.example", "A", "198.51.100.7");
  zone.add("end.example", "TXT", "v=spf1 -all");
  const auto outcome = zone.evaluate(from("a@example.com"));
  EXPECT_EQ(spf_trace_text(outcome),
            "example.com: fail\n"
            "  a:%{d}.a.example (example.com.a.example): no match\n"
            "  include:inc.example: no match\n"
            "    inc.example: softfail\n"
            "      ip4:198.51.100.0/24: no match\n"
            "      mx: no match\n"
            "      ~all: match\n"
            "  redirect=end.example: fail\n"
            "    -all: match\n"
            "4 terms that ask DNS, 1 without an answer\n");
}

TEST(Spf, TheTraceOfTroubleNamesIt) {
  SpfZone zone;
  zone.add("example.com", "TXT", "v=spf1 include:inc.example -all");
  zone.add("inc.example", "TXT", "v=spf1 a:slow.example -all");
  zone.time_out("slow.example");
  const auto outcome = zone.evaluate(from("a@example.com"));
  EXPECT_EQ(spf_trace_text(outcome),
            "example.com: temperror: timeout at a:slow.example\n"
            "  include:inc.example: temperror: timeout at a:slow.example\n"
            "    inc.example: temperror: timeout at a:slow.example\n"
            "      a:slow.example: temperror: timeout\n"
            "2 terms that ask DNS, 0 without an answer\n");
}

/// "1.2.3. ... .N"
std::string counted(int labels) {
  std::string name = "1";
  for (int i = 2; i <= labels; ++i) name += '.' + std::to_string(i);
  return name;
}

SpfOutcome greeted(const SpfZone& zone, std::string helo) {
  return zone.evaluate(
      SpfRequest::of_sender(client, MailAddress::from_envelope("a@example.com"), std::move(helo)));
}

TEST(SpfMacro, AThousandOfAHeloOfTwoThousandOctetsHeldTheThreadForMinutes) {
  std::string record = "v=spf1 exists:";
  for (int i = 0; i < 1000; ++i) record += "%{h}";
  SpfZone zone;
  zone.add("example.com", "TXT", record + ".x.example -all");
  std::string helo = "a";
  while (helo.size() < 2000) helo += ".a";
  EXPECT_EQ(greeted(zone, helo).result, SpfResult::fail);
  // Labels go from the left until the name fits (RFC 7208 7.3).
  std::string name = "x.example";
  while (name.size() + 2 <= 253) name.insert(0, "a.");
  EXPECT_TRUE(zone.asked().contains(name + " A")) << name;
}

TEST(SpfMacro, OfALongValueTheEndIsTakenThatANameIsMadeOf) {
  const auto helo = counted(400);  // of 1491 octets
  SpfZone zone;
  zone.add("example.com", "TXT",
           "v=spf1 exists:%{h}.x.example exists:%{hr}.y.example exists:%{h2}.z.example "
           "exists:%{h3r}.z.example -all");
  EXPECT_EQ(greeted(zone, helo).result, SpfResult::permerror);  // three that nobody has
  std::string last = ".x.example";
  for (int i = 400; last.size() + 4 <= 254; --i) last.insert(0, '.' + std::to_string(i));
  EXPECT_TRUE(zone.asked().contains(last.substr(1) + " A")) << last;
  std::string first = ".y.example";
  for (int i = 1; first.size() + 1 + std::to_string(i).size() <= 254; ++i) {
    first.insert(0, '.' + std::to_string(i));
  }
  EXPECT_TRUE(zone.asked().contains(first.substr(1) + " A")) << first;
  EXPECT_TRUE(zone.asked().contains("399.400.z.example A"));
}

TEST(SpfMacro, AnExplanationIsNoLongerThanAReplyHasRoomFor) {
  SpfZone zone;
  zone.add("example.com", "TXT", "v=spf1 -all exp=exp.example");
  std::string words;
  for (int i = 0; i < 1000; ++i) words += "%{h} ";
  zone.add("exp.example", "TXT", words);
  const auto outcome = greeted(zone, counted(400));
  EXPECT_EQ(outcome.words, SpfOutcome::Words::there);
  EXPECT_EQ(outcome.explanation.size(), 1024U);
}

TEST(SpfMacro, IsSplitReversedCutAndEscaped) {
  const auto transformed = [](std::string_view text, std::string_view value) {
    const auto parsed = spf_macro_string(text, SpfMacroPlace::domain);
    EXPECT_TRUE(parsed) << text;
    return parsed ? spf_transformed(parsed->front(), value) : "";
  };
  EXPECT_EQ(transformed("%{l}", "strong-bad"), "strong-bad");
  EXPECT_EQ(transformed("%{l-}", "strong-bad"), "strong.bad");
  EXPECT_EQ(transformed("%{lr-}", "strong-bad"), "bad.strong");
  EXPECT_EQ(transformed("%{l1r-}", "strong-bad"), "strong");
  EXPECT_EQ(transformed("%{d2}", "email.example.com"), "example.com");
  EXPECT_EQ(transformed("%{d999999999999}", "email.example.com"), "email.example.com");
  EXPECT_EQ(transformed("%{L}", "a b/c~"), "a%20b%2Fc~");
}

}  // namespace
}  // namespace postern
