#include "checks/iprev.h"

#include "checks/spf_zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <filesystem>

namespace postern {
namespace {

using test::SpfZone;
using State = IprevOutcome::State;

enum class Turn { first, last, all };

IprevOutcome evaluate(const SpfZone& zone, std::string_view client, Turn turn = Turn::all) {
  Facts facts;
  const auto lookup = [&](const Question& q) { return facts.find(q); };
  for (int rounds = 0; rounds < 30; ++rounds) {
    auto outcome = iprev(*IpAddress::parse(client), lookup);
    if (outcome.state == State::done) return outcome;
    for (const auto& question : outcome.questions) {
      if (turn == Turn::first && &question != &outcome.questions.front()) continue;
      if (turn == Turn::last && &question != &outcome.questions.back()) continue;
      facts.add(question, zone.answer(question));
    }
  }
  ADD_FAILURE() << "no end";
  return {};
}

SpfZone two_names() {
  SpfZone zone;
  zone.add("1.2.0.192.in-addr.arpa", "PTR", "a.example");
  zone.add("1.2.0.192.in-addr.arpa", "PTR", "b.example");
  return zone;
}

TEST(Iprev, TheFirstNameThatLeadsBackCountsWhateverComesFirst) {
  auto zone = two_names();
  zone.add("a.example", "A", "192.0.2.1");
  zone.add("b.example", "A", "192.0.2.1");
  for (const auto turn : {Turn::first, Turn::last, Turn::all}) {
    const auto outcome = evaluate(zone, "192.0.2.1", turn);
    EXPECT_EQ(outcome.result, IprevResult::pass);
    EXPECT_EQ(outcome.name, "a.example");
    EXPECT_EQ(outcome.rank, IprevOutcome::Rank::first);
  }
}

TEST(Iprev, TroubleWithOneNameDoesNotHideAnotherThatLeadsBack) {
  auto zone = two_names();
  zone.time_out("a.example");
  zone.add("b.example", "A", "192.0.2.1");
  const auto outcome = evaluate(zone, "192.0.2.1");
  EXPECT_EQ(outcome.result, IprevResult::pass);
  EXPECT_EQ(outcome.name, "b.example");
  EXPECT_EQ(outcome.rank, IprevOutcome::Rank::perhaps_second);
}

TEST(Iprev, TroubleIsNeverAFailure) {
  auto zone = two_names();
  zone.add("a.example", "A", "192.0.2.9");
  zone.time_out("b.example");
  const auto outcome = evaluate(zone, "192.0.2.1");
  EXPECT_EQ(outcome.result, IprevResult::temperror);
  EXPECT_EQ(outcome.cause, "timeout");
  EXPECT_THAT(outcome.names, ::testing::ElementsAre("a.example", "b.example"));
}

TEST(Iprev, KnowsIpv6) {
  SpfZone zone;
  zone.add("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "PTR",
           "a.example");
  zone.add("a.example", "AAAA", "2001:db8::1");
  EXPECT_EQ(evaluate(zone, "2001:db8::1").result, IprevResult::pass);
}

TEST(IprevSuite, EveryCaseOfTheConformanceDataHolds) {
  const auto path = std::filesystem::path(POSTERN_CONFORMANCE_DIR) / "dnsbl" / "iprev.toml";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no conformance data at " << path;
  const auto suite = toml::parse_file(path.string());
  for (const auto& node : *suite["case"].as_array()) {
    const auto& test = *node.as_table();
    const auto ip = test["ip"].value_or(std::string());
    const auto reverse = reverse_dns_name(*IpAddress::parse(ip));
    SpfZone zone;
    if (test["ptr_rcode"].value_or(std::string()) == "TIMEOUT") zone.time_out(reverse);
    if (const auto* names = test["ptr"].as_array()) {
      for (const auto& name : *names) zone.add(reverse, "PTR", name.value_or(std::string()));
    }
    if (const auto* forward = test["forward"].as_array()) {
      for (const auto& entry : *forward) {
        const auto& table = *entry.as_table();
        for (const auto& address : *table["addresses"].as_array()) {
          zone.add(table["name"].value_or(std::string()), "A", address.value_or(std::string()));
        }
      }
    }
    const auto outcome = evaluate(zone, ip);
    EXPECT_EQ(to_text(outcome.result), test["result"].value_or(std::string())) << test["id"];
    EXPECT_EQ(outcome.name, test["name"].value_or(std::string())) << test["id"];
  }
}

}  // namespace
}  // namespace postern
