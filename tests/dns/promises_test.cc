// What a decision learns when DNS is at its worst: never a listing that is none, always an answer
// in time.
#include "checks/dns_list.h"
#include "checks/iprev.h"
#include "checks/spf.h"
#include "dns/caching_resolver.h"
#include "dns/scripted_transport.h"
#include "postern/policy.h"
#include "runtime/dns_source.h"
#include "runtime/driver.h"
#include "support/fake_clock.h"
#include "support/fake_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

namespace postern {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Conduct = DnsConduct::Kind;

const auto client = *IpAddress::parse("192.0.2.1");
constexpr seconds deadline{8};

/// The facts of one decision, asked as a driver does.
struct Decision {
  explicit Decision(ScriptedServer server) : transport({std::move(server)}, clock) {}

  /// Asks until `step` has nothing to ask or the deadline is over; what is open then is
  /// unavailable.
  template <typename Step>
  void run(const Step& step) {
    const auto ends = clock.steady() + deadline;
    for (;;) {
      const std::vector<Question> questions = step();
      if (questions.empty()) return;
      for (const auto& question : questions) {
        source.ask(question, [this, question](Answer answer) { facts.add(question, answer); });
      }
      const auto missing = [&] {
        return std::any_of(questions.begin(), questions.end(),
                           [&](const Question& q) { return facts.find(q) == nullptr; });
      };
      while (missing() && clock.steady() < ends) {
        clock.advance(milliseconds(100));
        transport.turn();
      }
      for (const auto& question : questions) facts.add(question, Answer::unavailable("deadline"));
    }
  }
  std::function<const Answer*(const Question&)> lookup() {
    return [this](const Question& question) { return facts.find(question); };
  }

  DnsListReading list() {
    const Question question{QuestionKind::dns, "A", dns_list_name(client, "list.example")};
    run([&] {
      return facts.find(question) == nullptr ? std::vector{question} : std::vector<Question>();
    });
    return read_dns_list(*facts.find(question), {usual_dns_list_codes()});
  }
  IprevResult reverse() {
    IprevOutcome outcome;
    run([&] {
      outcome = iprev(client, lookup());
      return outcome.questions;
    });
    return outcome.result;
  }
  SpfResult sender() {
    const auto request = SpfRequest::of_sender(client, MailAddress::from_unquoted("a@example.com"),
                                               "mail.example.com");
    SpfOutcome outcome;
    run([&] {
      outcome = spf(request, {}, lookup());
      return outcome.state == SpfOutcome::State::open ? outcome.questions : std::vector<Question>();
    });
    return outcome.result;
  }

  test::FakeClock clock;
  ScriptedTransport transport;
  CachingResolver resolver{transport, clock};
  test::FakeSource others;
  DnsSource source{resolver, others, clock, deadline};
  Facts facts;
};

ScriptedServer server(Conduct kind, milliseconds delay = milliseconds(0),
                      std::string record = "127.0.0.2") {
  ScriptedServer made;
  made.behave(".", {kind, delay, std::move(record)});
  return made;
}

TEST(DnsPromises, NoTroubleOfDnsIsEverAListingOrAFail) {
  const std::vector<ScriptedServer> troubled{
      server(Conduct::servfail),       server(Conduct::refused),
      server(Conduct::silent),         server(Conduct::garbage),
      server(Conduct::wrong_question), server(Conduct::alias_loop),
      server(Conduct::huge),           server(Conduct::truncated_only),
      server(Conduct::bogus),          server(Conduct::no_name, seconds(20))};
  for (const auto& each : troubled) {
    EXPECT_EQ(Decision(each).list().state, DnsListReading::State::error);
    EXPECT_EQ(Decision(each).reverse(), IprevResult::temperror);
    EXPECT_EQ(Decision(each).sender(), SpfResult::temperror);
  }
}

TEST(DnsPromises, AListThatMayNotBeAskedOrIsParkedListsNobody) {
  for (const auto* record : {"127.255.255.254", "127.255.255.252", "203.0.113.7"}) {
    EXPECT_EQ(Decision(server(Conduct::yes, milliseconds(0), record)).list().state,
              DnsListReading::State::error);
  }
}

TEST(DnsPromises, AListThatSaysYesToEverythingIsFoundOut) {
  Decision decision(server(Conduct::yes));
  const auto probes = dns_list_probes(DnsListKind::v4, "list.example");
  const Question listed{QuestionKind::dns, "A", probes.listed};
  const Question unlisted{QuestionKind::dns, "A", probes.unlisted};
  decision.run([&] {
    return decision.facts.empty() ? std::vector{listed, unlisted} : std::vector<Question>();
  });
  EXPECT_EQ(dns_list_health(*decision.facts.find(listed), *decision.facts.find(unlisted)),
            DnsListHealth::lists_everything);
}

TEST(DnsPromises, WhereNothingExistsNothingIsListedAndNothingFails) {
  Decision decision(server(Conduct::no_name));
  EXPECT_EQ(decision.list().state, DnsListReading::State::clear);
  EXPECT_EQ(decision.reverse(), IprevResult::permerror);
  EXPECT_EQ(decision.sender(), SpfResult::none);
}

TEST(DnsPromises, TenThousandClientsAMinuteKeepTheCacheWithinItsMemory) {
  ScriptedServer yes = server(Conduct::yes);
  test::FakeClock clock;
  ScriptedTransport transport({std::move(yes)}, clock);
  DnsSettings settings;
  settings.cache_octets = std::size_t{512} * 1024;
  CachingResolver resolver(transport, clock, settings);
  std::size_t answers = 0;
  std::size_t most = 0;
  for (unsigned number = 0; number < 10'000; ++number) {
    const auto name = "n" + std::to_string(number);
    for (const auto* zone : {".list.example", ".in-addr.arpa", ".sender.example"}) {
      resolver.ask({name + zone, DnsType::a}, clock.steady() + deadline,
                   [&](const DnsReply&) { ++answers; });
    }
    clock.advance(milliseconds(6));
    transport.turn();
    if (number % 100 == 0) most = std::max(most, resolver.status().cache.octets);
  }
  EXPECT_EQ(answers, 30'000U);
  const auto status = resolver.status();
  EXPECT_LE(std::max(most, status.cache.octets), settings.cache_octets);
  EXPECT_GT(status.cache.entries, 500U) << "what fits is kept";
  EXPECT_GT(status.cache.dropped, 20'000U);
  EXPECT_EQ(status.flights, 0U);
}

/// Threads of this process.
unsigned threads_now() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Threads:")) return static_cast<unsigned>(std::stoul(line.substr(8)));
  }
  return 0;
}

TEST(DnsPromises, FiveThousandTransactionsWaitWithoutAThreadEachAndAllAreAnswered) {
  const auto compiled = Policy::compile("p.toml", FileReader([](const std::string&) {
                                          return Result<std::string>(
                                              "[identity]\nhost = \"mx.example.org\"\n"
                                              "[check.list]\nkind = \"dnsbl\"\n"
                                              "zone = \"list.example\"\n"
                                              "[[rule]]\nname = \"r\"\nstage = \"rcpt\"\n"
                                              "when = 'list == \"listed\" or spf == \"fail\"'\n"
                                              "reject = \"policy-reject\"\n"
                                              "unavailable = \"defer\"\n");
                                        }));
  ASSERT_TRUE(compiled.ok());
  test::FakeClock clock;
  ScriptedTransport transport({server(Conduct::silent)}, clock);
  CachingResolver resolver(transport, clock);
  test::FakeSource others;
  DnsSource source(resolver, others, clock, seconds(25));
  Driver driver(source, clock);
  constexpr unsigned count = 5000;
  std::size_t replied = 0;
  std::size_t refused = 0;
  std::size_t closed = 0;
  const auto threads = threads_now();
  for (unsigned i = 0; i < count; ++i) {
    Transaction transaction;
    transaction.stage = Stage::rcpt;
    transaction.client.address = IpAddress::from_v4(
        {11, 0, static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)});
    transaction.helo = "n" + std::to_string(i) + ".example";
    transaction.sender = MailAddress::from_unquoted("a@" + transaction.helo.value());
    transaction.recipient = MailAddress::from_unquoted("b@example.org");
    driver.decide(
        compiled->policy, std::move(transaction), {}, deadline,
        [&](const postern::Decision& decision) {
          ++replied;
          if (decision.verdict != Verdict::defer) ++refused;
        },
        [&](const Outcome&) { ++closed; });
  }
  EXPECT_EQ(replied, 0U);
  EXPECT_EQ(resolver.status().flights, 2U * count);
  EXPECT_LE(threads_now(), threads + 1) << "the driver's timer";
  clock.advance(deadline);
  driver.tick();
  EXPECT_EQ(replied, count);
  EXPECT_EQ(closed, count);
  EXPECT_EQ(refused, 0U) << "trouble is never a refusal for good";
}

TEST(DnsPromises, SessionsThatNeedNoAnswerAreDecidedWhileFortyWait) {
  const auto compiled = Policy::compile("p.toml", FileReader([](const std::string&) {
                                          return Result<std::string>(
                                              "[identity]\nhost = \"mx.example.org\"\n"
                                              "[[rule]]\nname = \"k\"\nstage = \"rcpt\"\n"
                                              "when = 'client.ip == \"192.0.2.9\"'\n"
                                              "accept = \"message\"\n"
                                              "[[rule]]\nname = \"r\"\nstage = \"rcpt\"\n"
                                              "when = 'spf == \"fail\"'\n"
                                              "reject = \"spf-fail\"\n");
                                        }));
  ASSERT_TRUE(compiled.ok());
  test::FakeClock clock;
  ScriptedTransport transport({server(Conduct::no_name, seconds(20))}, clock);
  CachingResolver resolver(transport, clock);
  test::FakeSource others;
  DnsSource source(resolver, others, clock, seconds(25));
  Driver driver(source, clock);
  const auto from = [](const std::string& address, unsigned number) {
    Transaction transaction;
    transaction.stage = Stage::rcpt;
    transaction.client.address = IpAddress::parse(address);
    transaction.helo = std::string("mail.example.com");
    transaction.sender = MailAddress::from_unquoted("a@n" + std::to_string(number) + ".example");
    transaction.recipient = MailAddress::from_unquoted("b@example.org");
    return transaction;
  };
  unsigned slow = 0;
  for (unsigned i = 0; i < 40; ++i) {
    driver.decide(
        compiled->policy, from("198.51.100.1", i), {}, deadline,
        [&](const postern::Decision&) { ++slow; }, [](const Outcome&) {});
    // With no time going by: nothing was waited for.
    auto other = from("192.0.2.9", i);
    Facts facts;
    const auto outcome = driver.decide_at_once(compiled->policy.get(), other, facts);
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->decision.verdict, Verdict::accept);
  }
  EXPECT_EQ(slow, 0U);
  clock.advance(deadline);
  driver.tick();
  EXPECT_EQ(slow, 40U);
}

}  // namespace
}  // namespace postern
