// What a decision learns when DNS is at its worst: never a listing that is none, always an answer
// in time.
#include "checks/dns_list.h"
#include "checks/iprev.h"
#include "checks/spf.h"
#include "dns/caching_resolver.h"
#include "dns/scripted_transport.h"
#include "runtime/dns_source.h"
#include "support/fake_clock.h"
#include "support/fake_source.h"

#include <gtest/gtest.h>

#include <optional>

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

}  // namespace
}  // namespace postern
