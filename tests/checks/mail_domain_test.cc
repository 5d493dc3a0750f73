#include "checks/mail_domain.h"

#include "checks/spf_zone.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

using test::SpfZone;
using State = MailDomainOutcome::State;

std::string result(const SpfZone& zone, std::string_view domain = "example.com") {
  std::string first;
  // All answers at once, or one by one from either end: the outcome is the same.
  for (const int way : {0, 1, 2}) {
    Facts facts;
    const auto lookup = [&](const Question& q) { return facts.find(q); };
    auto outcome = mail_domain(domain, QuestionKind::sender_dns, lookup);
    for (int rounds = 0; outcome.state == State::open && rounds < 50; ++rounds) {
      for (const auto& question : outcome.questions) {
        if (way == 1 && &question != &outcome.questions.front()) continue;
        if (way == 2 && &question != &outcome.questions.back()) continue;
        facts.add(question, zone.answer(question));
      }
      outcome = mail_domain(domain, QuestionKind::sender_dns, lookup);
    }
    EXPECT_EQ(outcome.state, State::done);
    const std::string text(to_text(outcome.result));
    if (way == 0) first = text + ": " + outcome.because;
    EXPECT_TRUE(first.starts_with(text + ':')) << text << " after " << first;
  }
  return first;
}

TEST(MailDomain, AHostWithAnAddressIsEnough) {
  SpfZone zone;
  zone.add("example.com", "MX", "10 dead.example.com");
  zone.add("example.com", "MX", "20 mail.example.com");
  zone.add("mail.example.com", "AAAA", "2001:db8::1");
  zone.time_out("dead.example.com");
  EXPECT_EQ(result(zone), "good: mail.example.com at 2001:db8::1");
}

TEST(MailDomain, WithoutAnMxItsOwnAddressCounts) {
  SpfZone zone;
  zone.add("example.com", "A", "192.0.2.1");
  EXPECT_EQ(result(zone), "good: example.com at 192.0.2.1");
}

TEST(MailDomain, MaySayThatItTakesNoMail) {
  SpfZone zone;
  zone.add("example.com", "MX", "0 .");
  zone.add("example.com", "A", "192.0.2.1");
  EXPECT_EQ(result(zone), "null-mx: 0 .");
  zone.add("example.com", "MX", "10 mail.example.com");
  zone.add("mail.example.com", "A", "192.0.2.1");
  EXPECT_EQ(result(zone), "good: mail.example.com at 192.0.2.1");
}

TEST(MailDomain, HostsThatLeadNowhereAreBogus) {
  for (const auto* address : {"127.0.0.1", "10.1.2.3", "0.0.0.0", "169.254.1.1", "255.255.255.255",
                              "100.64.0.1", "224.0.0.1"}) {
    SpfZone zone;
    zone.add("example.com", "MX", "10 mail.example.com");
    zone.add("mail.example.com", "A", address);
    EXPECT_EQ(result(zone), std::string("bogus-mx: mail.example.com at ") + address);
  }
  for (const auto* address : {"::1", "::", "fe80::1", "fd00::1", "ff02::1"}) {
    SpfZone zone;
    zone.add("example.com", "AAAA", address);
    EXPECT_EQ(result(zone), std::string("bogus-mx: example.com at ") + address);
  }
  SpfZone zone;
  zone.add("example.com", "MX", "10 192.0.2.1");
  EXPECT_EQ(result(zone), "bogus-mx: no address");
}

TEST(MailDomain, WhatHasNothingDoesNotExist) {
  EXPECT_EQ(result({}), "nonexistent: no address");
  EXPECT_EQ(result({}, "a..b"), "nonexistent: no domain name");
  EXPECT_EQ(result({}, ""), "nonexistent: no domain name");
}

TEST(MailDomain, TroubleIsNeverAVerdict) {
  SpfZone zone;
  zone.time_out("example.com");
  EXPECT_EQ(result(zone), "temperror: timeout at MX");
  SpfZone host;
  host.add("example.com", "MX", "10 mail.example.com");
  host.time_out("mail.example.com");
  EXPECT_EQ(result(host), "temperror: timeout at mail.example.com");
}

TEST(MailDomain, OnlyTenHostsAreLookedAt) {
  SpfZone zone;
  for (int i = 0; i < 20; ++i) {
    zone.add("example.com", "MX", "10 m" + std::to_string(i) + ".example.com");
  }
  zone.add("m15.example.com", "A", "10.0.0.1");
  EXPECT_EQ(result(zone), "temperror: more mail hosts than are looked at") << "one may be good";
  zone.add("example.com", "MX", "5 first.example.com");
  zone.add("first.example.com", "A", "192.0.2.1");
  EXPECT_EQ(result(zone), "good: first.example.com at 192.0.2.1") << "the best ones are looked at";
}

TEST(MailDomain, UnicodeDomainsAreAskedForAsALabels) {
  SpfZone zone;
  zone.add("xn--bcher-kva.example", "A", "192.0.2.1");
  EXPECT_EQ(result(zone,
                   "b\xc3\xbc"
                   "cher.example"),
            "good: xn--bcher-kva.example at 192.0.2.1");
}

}  // namespace
}  // namespace postern
