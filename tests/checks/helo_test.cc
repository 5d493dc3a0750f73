#include "checks/helo.h"

#include "checks/spf_zone.h"

#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <filesystem>

namespace postern {
namespace {

using test::SpfZone;
using Claim = HeloOutcome::Claim;
using State = HeloOutcome::State;

const OurSelves ours{{"mx1.example.org"}, {*IpAddress::parse("198.51.100.1")}};

HeloOutcome evaluate(const SpfZone& zone, std::string_view name,
                     std::string_view client = "192.0.2.1") {
  HeloOutcome first;
  for (const int way : {0, 1, 2}) {
    Facts facts;
    const auto lookup = [&](const Question& q) { return facts.find(q); };
    auto outcome = helo(name, *IpAddress::parse(client), ours, lookup);
    for (int rounds = 0; outcome.state == State::open && rounds < 10; ++rounds) {
      for (const auto& question : outcome.questions) {
        if (way == 1 && &question != &outcome.questions.front()) continue;
        if (way == 2 && &question != &outcome.questions.back()) continue;
        facts.add(question, zone.answer(question));
      }
      outcome = helo(name, *IpAddress::parse(client), ours, lookup);
    }
    EXPECT_EQ(outcome.state, State::done);
    if (way == 0) first = outcome;
    EXPECT_EQ(outcome.dns, first.dns) << name;
  }
  return first;
}

TEST(Helo, ANameLeadsToTheClientOrElsewhereOrNowhere) {
  SpfZone zone;
  zone.add("mail.example.com", "A", "192.0.2.1");
  zone.add("other.example.com", "A", "192.0.2.2");
  zone.add("six.example.com", "AAAA", "2001:db8::1");
  zone.add("mx.example.com", "MX", "10 mail.example.com");
  EXPECT_EQ(evaluate(zone, "MAIL.example.com").dns, HeloDns::matches);
  EXPECT_EQ(evaluate(zone, "other.example.com").dns, HeloDns::mismatch);
  EXPECT_EQ(evaluate(zone, "six.example.com").dns, HeloDns::mismatch);
  EXPECT_EQ(evaluate(zone, "six.example.com", "2001:db8::1").dns, HeloDns::matches);
  EXPECT_EQ(evaluate(zone, "mx.example.com").dns, HeloDns::mismatch);
  EXPECT_EQ(evaluate(zone, "none.example.com").dns, HeloDns::unresolvable);
}

TEST(Helo, TroubleIsNeverAVerdict) {
  SpfZone zone;
  zone.time_out("slow.example.com");
  const auto outcome = evaluate(zone, "slow.example.com");
  EXPECT_EQ(outcome.dns, HeloDns::temperror);
  EXPECT_EQ(outcome.cause, "timeout");
  zone.add("slow.example.com", "AAAA", "2001:db8::1");
  EXPECT_EQ(evaluate(zone, "slow.example.com").dns, HeloDns::resolves);
}

TEST(Helo, NobodyElseIsCalledAsWeAre) {
  EXPECT_EQ(evaluate({}, "MX1.Example.org").claim, Claim::ours);
  for (const auto* here : {"127.0.0.1", "127.4.5.6", "::1"}) {
    EXPECT_EQ(evaluate({}, "mx1.example.org", here).claim, Claim::its_own) << here;
    EXPECT_EQ(evaluate({}, "[198.51.100.1]", here).claim, Claim::its_own) << here;
  }
  EXPECT_EQ(evaluate({}, "mx1.example.org.").claim, Claim::ours);
  EXPECT_EQ(evaluate({}, "[198.51.100.1]").claim, Claim::ours);
  EXPECT_EQ(evaluate({}, "[192.0.2.1]").claim, Claim::its_own);
  EXPECT_EQ(evaluate({}, "mx2.example.org").claim, Claim::its_own);
  // We may.
  EXPECT_EQ(evaluate({}, "mx1.example.org", "198.51.100.1").claim, Claim::its_own);
  EXPECT_EQ(evaluate({}, "[198.51.100.1]", "198.51.100.1").claim, Claim::its_own);
}

TEST(Helo, WhatIsNoNameIsNotAskedAbout) {
  for (const auto* name : {"", "localhost", "192.0.2.1", "[192.0.2.1]", "a b", "[nonsense]"}) {
    EXPECT_EQ(evaluate({}, name).dns, HeloDns::not_asked) << name;
  }
}

TEST(HeloSuite, EveryCaseOfTheConformanceDataHolds) {
  const auto path = std::filesystem::path(POSTERN_CONFORMANCE_DIR) / "smtp-syntax" / "helo.toml";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no conformance data at " << path;
  const auto suite = toml::parse_file(path.string());
  for (const auto& node : *suite["case"].as_array()) {
    const auto& test = *node.as_table();
    const auto argument = test["argument"].value_or(std::string());
    const auto form = helo_form(argument);
    const bool full = form == HeloForm::name || form == HeloForm::literal;
    EXPECT_EQ(full || form == HeloForm::unqualified, test["syntax"].value_or(false))
        << argument << " is " << to_text(form);
    EXPECT_EQ(full, test["fqdn_or_literal"].value_or(false)) << argument << " is " << to_text(form);
  }
}

}  // namespace
}  // namespace postern
