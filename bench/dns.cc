// What DNS costs a decision: answers from the cache, a whole set of checks that is cached,
// questions that go over the network, askers that wait.
#include "checks/dns_list.h"
#include "checks/iprev.h"
#include "checks/spf.h"
#include "dns/caching_resolver.h"
#include "dns/cares_transport.h"
#include "dns/scripted_transport.h"
#include "model/dns_name.h"
#include "postern/policy.h"
#include "runtime/clock.h"
#include "runtime/dns_source.h"
#include "runtime/driver.h"
#include "tests/support/dns_responder.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace postern;
using Clock = std::chrono::steady_clock;

double nanoseconds_since(Clock::time_point began) {
  return std::chrono::duration<double, std::nano>(Clock::now() - began).count();
}

class Nobody final : public FactSource {
 public:
  void ask(const Question&, std::function<void(Answer)>) override {}
};

void add(DnsWorld& world, std::string name, DnsType type, std::vector<std::string> records) {
  world.add({std::move(name), type}, {DnsResult::Kind::records, std::move(records)});
}

const IpAddress client = *IpAddress::parse("192.0.2.1");

DnsWorld world() {
  DnsWorld made;
  add(made, "example.com", DnsType::txt,
      {"v=spf1 include:_spf.example.net include:_spf.example.org mx -all"});
  add(made, "_spf.example.net", DnsType::txt, {"v=spf1 ip4:198.51.100.0/24 -all"});
  add(made, "_spf.example.org", DnsType::txt, {"v=spf1 ip4:192.0.2.0/24 -all"});
  add(made, "example.com", DnsType::mx, {"10 mail.example.com"});
  add(made, "mail.example.com", DnsType::a, {"192.0.2.1"});
  add(made, "1.2.0.192.in-addr.arpa", DnsType::ptr, {"mail.example.com"});
  return made;
}

/// Eight lists, the client's name and SPF, asked as a driver does until nothing is open.
void decide(FactSource& source) {
  static const std::vector<DnsListCodes> codes{usual_dns_list_codes()};
  static const std::array<std::string, 8> zones{"a.example", "b.example", "c.example", "d.example",
                                                "e.example", "f.example", "g.example", "h.example"};
  const auto request = SpfRequest::of_sender(client, MailAddress::from_unquoted("user@example.com"),
                                             "mail.example.com");
  Facts facts;
  const auto lookup = [&](const Question& question) { return facts.find(question); };
  const auto ask = [&](const Question& question) {
    source.ask(question, [&](Answer answer) { facts.add(question, std::move(answer)); });
  };
  for (const auto& zone : zones) {
    const Question question{QuestionKind::dns, "A", dns_list_name(client, zone)};
    ask(question);
    if (read_dns_list(*lookup(question), codes).state == DnsListReading::State::error) std::abort();
  }
  for (;;) {
    const auto outcome = iprev(client, lookup);
    if (outcome.state == IprevOutcome::State::done) break;
    for (const auto& question : outcome.questions) ask(question);
  }
  for (;;) {
    const auto outcome = spf(request, {}, lookup);
    if (outcome.state == SpfOutcome::State::done) break;
    for (const auto& question : outcome.questions) ask(question);
  }
}

/// The same as rules of a policy, asked as a door asks them.
std::shared_ptr<const Policy> policy() {
  std::string text = "[identity]\nhost = \"mx1.example.org\"\n";
  for (const char zone : std::string_view("abcdefgh")) {
    text += std::string("[check.list_") + zone + "]\nkind = \"dnsbl\"\nzone = \"" + zone +
            ".example\"\n[[rule]]\nname = \"" + zone + "\"\nstage = \"rcpt\"\nwhen = 'list_" +
            zone + " == \"listed\"'\nreject = \"dnsbl-listed\"\n";
  }
  text +=
      "[[rule]]\nname = \"name\"\nstage = \"rcpt\"\nwhen = 'iprev == \"permerror\"'\n"
      "reject = \"client-no-rdns\"\n"
      "[[rule]]\nname = \"spf\"\nstage = \"rcpt\"\nwhen = 'spf == \"fail\"'\n"
      "reject = \"spf-fail\"\n";
  auto compiled = Policy::compile(
      "bench.toml", FileReader([&](const std::string&) { return Result<std::string>(text); }));
  if (!compiled) {
    std::fputs(render(compiled.problems()).c_str(), stderr);
    std::abort();
  }
  return compiled->policy;
}

Transaction transaction() {
  Transaction made;
  made.stage = Stage::rcpt;
  made.client.address = client;
  made.helo = std::string("mail.example.com");
  made.sender = MailAddress::from_unquoted("user@example.com");
  made.recipient = MailAddress::from_unquoted("bob@example.org");
  return made;
}

/// Of a client, a name and a sender of its own.
Transaction transaction_of(unsigned number) {
  auto made = transaction();
  made.client.address = IpAddress::from_v4({11, static_cast<std::uint8_t>(number >> 16U),
                                            static_cast<std::uint8_t>(number >> 8U),
                                            static_cast<std::uint8_t>(number)});
  const auto domain = "n" + std::to_string(number) + ".example";
  made.helo = "mail." + domain;
  made.sender = MailAddress::from_unquoted("user@" + domain);
  return made;
}

/// Microseconds of `count` decisions, sorted.
std::vector<double> decisions(FactSource& source, const SystemClock& clock, int count) {
  Driver driver(source, clock);
  const auto rules = policy();
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const auto began = Clock::now();
    const auto decision = driver.decide_and_wait(rules, transaction(), {}, std::chrono::seconds(8),
                                                 [](const Outcome&) {});
    times.push_back(nanoseconds_since(began) / 1000);
    if (decision.verdict != Verdict::pass) std::abort();
  }
  std::sort(times.begin(), times.end());
  return times;
}

/// Each client and sender for the first time, with all answers 20 ms away.
void far_away() {
  ScriptedServer server(world());
  server.behave(".", {DnsConduct::Kind::honest, std::chrono::milliseconds(20)});
  const test::DnsResponder responder(server);
  const SystemClock clock;
  Nobody nobody;
  std::vector<double> times;
  for (int i = 0; i < 30; ++i) {
    CaresTransport transport({responder.address()}, clock);
    CachingResolver resolver(transport, clock);
    DnsSource source(resolver, nobody, clock, std::chrono::seconds(8));
    times.push_back(decisions(source, clock, 1).front() / 1000);
  }
  std::sort(times.begin(), times.end());
  // PTR and then A, TXT and then the includes: two answers one after the other.
  const double chain = 2 * 20;
  std::printf(
      "answers 20 ms away: median %.1f ms, %.2f times the longest chain (from %.2f to %.2f)\n",
      times[times.size() / 2], times[times.size() / 2] / chain, times.front() / chain,
      times.back() / chain);
}

/// What a decision costs when the cache has every answer: as checks alone, and as rules.
/// `rounds`: few are enough where instructions are counted.
void core(int rounds) {
  const SystemClock clock;
  ScriptedTransport transport({ScriptedServer(world())}, clock);
  CachingResolver resolver(transport, clock);
  Nobody nobody;
  DnsSource source(resolver, nobody, clock, std::chrono::seconds(8));
  decide(source);
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const auto began = Clock::now();
    decide(source);
    times.push_back(nanoseconds_since(began) / 1000);
  }
  std::sort(times.begin(), times.end());
  std::printf("8 lists, PTR and SPF, all cached: median %.1f us, 99%% %.1f us\n",
              times[times.size() / 2], times[times.size() * 99 / 100]);
  times = decisions(source, clock, rounds);
  std::printf("the same as ten rules of a policy: median %.1f us, 99%% %.1f us\n",
              times[times.size() / 2], times[times.size() * 99 / 100]);
}

void cached() {
  const SystemClock clock;
  ScriptedTransport transport({ScriptedServer(world())}, clock);
  CachingResolver resolver(transport, clock);
  const DnsQuestion question{"mail.example.com", DnsType::a};
  const auto deadline = clock.steady() + std::chrono::hours(1);
  resolver.ask(question, deadline, [](const DnsReply&) {});
  constexpr int count = 300'000;
  for (const unsigned threads : {1U, 2U}) {
    std::vector<std::thread> running;
    const auto began = Clock::now();
    for (unsigned i = 0; i < threads; ++i) {
      running.emplace_back([&] {
        for (int n = 0; n < count; ++n) resolver.ask(question, deadline, [](const DnsReply&) {});
      });
    }
    for (auto& each : running) each.join();
    std::printf("one cached answer, %u thread%s: %.0f ns\n", threads, threads > 1 ? "s" : "",
                nanoseconds_since(began) / count);
  }
}

void network() {
  ScriptedServer server;
  server.behave(".", {DnsConduct::Kind::no_name});
  const test::DnsResponder responder(server);
  const SystemClock clock;
  CaresTransport transport({responder.address()}, clock);
  CachingResolver resolver(transport, clock);
  constexpr int count = 100'000;
  constexpr int most = 1000;
  std::atomic<int> under_way{0};
  std::atomic<int> failed{0};
  const auto began = Clock::now();
  for (int i = 0; i < count; ++i) {
    for (int n = under_way; n >= most; n = under_way) under_way.wait(n);
    ++under_way;
    resolver.ask({"n" + std::to_string(i) + ".example", DnsType::a},
                 clock.steady() + std::chrono::seconds(60), [&](const DnsReply& reply) {
                   if (reply.answer->kind == DnsAnswer::Kind::unavailable) ++failed;
                   --under_way;
                   under_way.notify_one();
                 });
  }
  for (int n = under_way; n > 0; n = under_way) under_way.wait(n);
  std::printf("over the network, up to %d at once: %.0f questions/s, %d failed\n", most,
              count / (nanoseconds_since(began) / 1e9), failed.load());
}

std::size_t resident_kib() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

void waiting() {
  ScriptedServer server;
  server.behave(".", {DnsConduct::Kind::silent});
  const test::DnsResponder responder(server);
  const SystemClock clock;
  CaresTransport transport({responder.address()}, clock);
  CachingResolver resolver(transport, clock);
  const auto before = resident_kib();
  constexpr int askers = 5000;
  constexpr int questions = 10;
  for (int i = 0; i < askers; ++i) {
    for (int n = 0; n < questions; ++n) {
      // Lists and names of a client of its own.
      const auto name = "n" + std::to_string(i) + ".list" + std::to_string(n) + ".example";
      resolver.ask({name, DnsType::a}, clock.steady() + std::chrono::seconds(8),
                   [](const DnsReply&) {});
    }
  }
  std::printf("%d askers with %d questions each wait: %zu KiB more\n", askers, questions,
              resident_kib() - before);
}

unsigned threads_now() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Threads:")) return static_cast<unsigned>(std::stoul(line.substr(8)));
  }
  return 0;
}

/// Transactions of as many clients, as the policy door holds them: with a driver, and no thread
/// each.
void transactions_waiting() {
  ScriptedServer server;
  server.behave(".", {DnsConduct::Kind::silent});
  const test::DnsResponder responder(server);
  const SystemClock clock;
  CaresTransport transport({responder.address()}, clock);
  CachingResolver resolver(transport, clock);
  Nobody nobody;
  DnsSource source(resolver, nobody, clock, std::chrono::seconds(8));
  Driver driver(source, clock);
  const auto rules = policy();
  const auto before = resident_kib();
  const auto threads = threads_now();
  constexpr unsigned waiting = 5000;
  std::atomic<unsigned> replied{0};
  for (unsigned i = 0; i < waiting; ++i) {
    driver.decide(
        rules, transaction_of(i), {}, std::chrono::seconds(8), [&](const Decision&) { ++replied; },
        [](const Outcome&) {});
  }
  const auto status = resolver.status();
  std::printf(
      "%u transactions with 8 lists, PTR and SPF wait (%u replied, %zu questions): %zu KiB and %u "
      "threads more\n",
      waiting, replied.load(), status.flights, resident_kib() - before, threads_now() - threads);
}

/// Ten thousand clients a minute, for ten minutes, each with answers of its own.
void clients() {
  const SystemClock clock;
  ScriptedServer server;
  server.behave(".", {DnsConduct::Kind::yes});
  ScriptedTransport transport({server}, clock);
  DnsSettings settings;
  CachingResolver resolver(transport, clock, settings);
  const auto before = resident_kib();
  const auto deadline = clock.steady() + std::chrono::hours(1);
  for (unsigned i = 0; i < 100'000; ++i) {
    for (unsigned n = 0; n < 10; ++n) {
      resolver.ask({"n" + std::to_string(i) + ".list" + std::to_string(n) + ".example", DnsType::a},
                   deadline, [](const DnsReply&) {});
    }
  }
  const auto cache = resolver.status().cache;
  std::printf(
      "100,000 clients with 10 answers each: %zu KiB more; the cache counts %zu of %zu KiB for %zu "
      "answers, %llu went before their time\n",
      resident_kib() - before, cache.octets / 1024, settings.cache_octets / 1024, cache.entries,
      static_cast<unsigned long long>(cache.dropped));
}

}  // namespace

int main(int count, char** arguments) {
  // What has been measured is told though the rest may take too long.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::string_view only = count > 1 ? arguments[1] : "";
  if (only.empty() || only == "cached") cached();
  if (only.empty() || only == "core") core(count > 2 ? std::atoi(arguments[2]) : 20'000);
  if (only.empty() || only == "far") far_away();
  if (only.empty() || only == "network") network();
  if (only.empty() || only == "waiting") waiting();
  if (only.empty() || only == "transactions") transactions_waiting();
  if (only.empty() || only == "clients") clients();
  return 0;
}
