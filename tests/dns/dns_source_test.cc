#include "runtime/dns_source.h"

#include "dns/caching_resolver.h"
#include "dns/scripted_transport.h"
#include "dns/worlds.h"
#include "support/fake_clock.h"
#include "support/fake_source.h"

#include <gtest/gtest.h>

#include <optional>

namespace postern {
namespace {

using std::chrono::milliseconds;
using test::dns_world;

struct House {
  explicit House(ScriptedServer server) : transport({std::move(server)}, clock) {}

  std::optional<Answer> ask(QuestionKind kind, std::string type, std::string name) {
    std::optional<Answer> answer;
    source.ask({kind, std::move(type), std::move(name), QuestionCost::free},
               [&](Answer given) { answer = std::move(given); });
    return answer;
  }

  test::FakeClock clock;
  ScriptedTransport transport;
  CachingResolver resolver{transport, clock};
  test::FakeSource others;
  DnsSource source{resolver, others, clock, milliseconds(1000)};
};

TEST(DnsSource, TurnsWhatDnsSaysIntoFacts) {
  House at(ScriptedServer(dns_world({{"example.com MX", {"10 mail.example.com"}},
                                     {"alias.example CNAME", {"example.com"}},
                                     {"dead.example A", {"SERVFAIL"}}})));
  const auto found = at.ask(QuestionKind::sender_dns, "MX", "alias.example");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->values, std::vector<std::string>{"10 mail.example.com"});
  EXPECT_EQ(found->source.name, "network");
  EXPECT_EQ(found->source.age.count(), 0);
  EXPECT_EQ(found->source.note, "alias of example.com, from server 1");
  at.clock.advance(std::chrono::seconds(3));
  const auto again = at.ask(QuestionKind::spf, "MX", "alias.example");
  EXPECT_EQ(again->source.name, "cache");
  EXPECT_EQ(again->source.age.count(), 3);
  EXPECT_EQ(again->source.note, "alias of example.com, from server 1, 3 s ago");

  const auto no_name = at.ask(QuestionKind::dns, "A", "none.example");
  EXPECT_EQ(no_name->state, Answer::State::empty);
  EXPECT_EQ(no_name->source.note, "no such name, from server 1");
  const auto no_data = at.ask(QuestionKind::helo_dns, "A", "example.com");
  EXPECT_EQ(no_data->state, Answer::State::empty);
  EXPECT_EQ(no_data->source.note, "no such records, from server 1");

  const auto dead = at.ask(QuestionKind::reverse_dns, "A", "dead.example");
  EXPECT_EQ(dead->state, Answer::State::unavailable);
  EXPECT_EQ(dead->cause, "servfail");
}

TEST(DnsSource, AnAnswerThatNobodyNeedsInFullBecomesNoLongFact) {
  std::vector<std::string> addresses;
  std::vector<std::string> hosts;
  for (int i = 0; i < 200; ++i) {
    addresses.push_back("198.51.100." + std::to_string(i));
    hosts.push_back(std::to_string(i) + " " + std::string(40, 'm') + ".example.com");
  }
  House at(ScriptedServer(dns_world({{"many.example A", addresses},
                                     {"many.example MX", hosts},
                                     {"long.example TXT", {std::string(16385, 'x')}},
                                     {"long.example.com TXT", {std::string(16384, 'x')}}})));
  const auto many = at.ask(QuestionKind::spf, "A", "many.example");
  EXPECT_EQ(many->state, Answer::State::unavailable) << "a part of it might miss the client";
  EXPECT_EQ(many->cause, "an answer of more than 2048 octets");
  const auto mail = at.ask(QuestionKind::sender_dns, "MX", "many.example");
  EXPECT_EQ(mail->state, Answer::State::value);
  EXPECT_EQ(mail->values.size(), 74U);
  EXPECT_EQ(at.ask(QuestionKind::spf, "TXT", "long.example")->cause,
            "an answer of more than 16384 octets");
  EXPECT_EQ(at.ask(QuestionKind::spf, "TXT", "long.example.com")->state, Answer::State::value);
}

TEST(DnsSource, EndsTheWaitingByItsOwnPatience) {
  ScriptedServer silent;
  silent.behave(".", {DnsConduct::Kind::silent});
  House at(silent);
  std::optional<Answer> answer;
  at.source.ask({QuestionKind::dns, "A", "example.com", QuestionCost::free},
                [&](Answer given) { answer = std::move(given); });
  EXPECT_FALSE(answer);
  at.clock.advance(milliseconds(1000));
  at.transport.turn();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->cause, "timeout");
  EXPECT_EQ(answer->source.name, "deadline");
  EXPECT_EQ(answer->source.elapsed, milliseconds(1000));
}

TEST(DnsSource, WhatDnsDoesNotKnowGoesToTheOthers) {
  House at{ScriptedServer()};
  EXPECT_FALSE(at.ask(QuestionKind::store, "greylist", "a"));
  ASSERT_EQ(at.others.asked().size(), 1U);
  EXPECT_EQ(at.others.asked().front().kind, QuestionKind::store);
  EXPECT_EQ(at.ask(QuestionKind::dns, "HINFO", "example.com")->state, Answer::State::unavailable);
}

}  // namespace
}  // namespace postern
