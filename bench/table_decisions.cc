// What the size of a table costs a whole decision: `table_decisions [PAIRS]`. A policy of ten rules
// that looks clients, senders and recipients up; its table of blocked senders has ten, a thousand
// or a million entries. Every transaction asks for another sender, one in ten is blocked and gets
// its reply. Ratios are to the table of ten, from pairs of runs one after the other.
#include "postern/decision.h"
#include "postern/policy.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

using postern::Detail;
using postern::Facts;
using postern::Policy;
using postern::Transaction;

constexpr const char* policy_text = R"([identity]
host = "mx1.example.org"
contact = "postmaster@example.org"

[table.blocked]
kind = "address"
file = "blocked"

[table.partners]
kind = "cidr"
entries = ["198.51.100.0/24", "203.0.113.0/25", "2001:db8:5::/48"]

[table.local_domains]
kind = "domain"
entries = ["example.org", "example.net"]

[table.always_reachable]
kind = "address"
entries = ["postmaster@", "abuse@"]

[table.mailboxes]
kind = "address"
entries = ["alice@example.org", "bob@example.org", "carol@example.org"]

[[rule]]
name = "postmaster"
when = '(recipient.domain in local_domains or recipient.domain == "") and recipient in always_reachable'
accept = "message"

[[rule]]
name = "partners"
stage = "rcpt"
when = 'client.ip in partners'
accept = "stage"

[[rule]]
name = "our own users"
stage = "rcpt"
when = 'client.authenticated'
accept = "stage"

[[rule]]
name = "a network"
stage = "rcpt"
when = 'client.ip in "192.0.2.128/26"'
reject = "client-blocked"

[[rule]]
name = "a name in HELO"
stage = "rcpt"
when = 'helo ends_with ".dialup.example.com"'
reject = "client-blocked"

[[rule]]
name = "blocked senders"
stage = "rcpt"
when = 'sender in blocked'
reject = "sender-blocked"

[[rule]]
name = "too big"
when = 'declared_size > 50M'
reject = "message-too-big"

[[rule]]
name = "newsletters"
stage = "rcpt"
when = 'sender.local starts_with "bounce-" and recipient == "alice@example.org"'
reject = "policy-reject"

[[rule]]
name = "nobody of that name"
stage = "rcpt"
when = 'recipient.domain in local_domains and not recipient in mailboxes'
reject = "rcpt-unknown"

[[rule]]
name = "looked at only"
stage = "rcpt"
mode = "shadow"
when = 'not tls'
reject = "policy-reject"
)";

std::string sender(std::uint64_t number) {
  return "user" + std::to_string(number) + "@customers" + std::to_string(number % 97) + ".example";
}

std::shared_ptr<const Policy> compile(std::uint64_t entries, double& seconds) {
  std::string list;
  for (std::uint64_t i = 0; i < entries; ++i) list += sender(i) + '\n';
  const auto begin = std::chrono::steady_clock::now();
  auto compiled = Policy::compile("bench.toml", [&](const std::string& path) {
    return postern::Result<std::string>(path == "bench.toml" ? std::string(policy_text) : list);
  });
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  seconds = spent.count();
  if (!compiled) {
    std::fprintf(stderr, "%s\n", postern::render(compiled.problems()).c_str());
    std::exit(1);
  }
  return compiled->policy;
}

std::vector<Transaction> transactions(std::uint64_t entries) {
  Transaction made;
  made.stage = postern::Stage::rcpt;
  made.door = postern::Door::policy;
  made.time = std::chrono::system_clock::now();
  made.reference = postern::Reference::make(made.time, 1, 1);
  made.client.name = std::string("mail.example.net");
  made.helo = std::string("mail.example.net");
  made.authentication.user = postern::Told<std::string>::absent();
  made.tls.version = postern::Told<std::string>::absent();
  made.declared_size = std::int64_t{20'000};
  made.recipient = postern::MailAddress::from_unquoted("bob@example.org");
  std::mt19937_64 random(7);
  std::vector<Transaction> all(50'000, made);
  for (auto& each : all) {
    const auto blocked = random() % 10 == 0;
    const auto number = random() % entries + (blocked ? 0 : entries);
    each.sender = postern::MailAddress::from_unquoted(sender(number));
    each.client.address =
        postern::IpAddress::parse("192.0.2." + std::to_string(1 + random() % 120));
  }
  return all;
}

/// Nanoseconds a decision.
double decide(const Policy& policy, const std::vector<Transaction>& transactions) {
  const Facts none;
  std::size_t refused = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& transaction : transactions) {
    const auto decided = postern::evaluate(policy, transaction, none, Detail::verdict);
    refused += std::get<postern::Decision>(decided).reply.has_value() ? 1U : 0U;
  }
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
  const auto count = transactions.size();
  if (refused < count / 20 || refused > count / 5) std::abort();
  return spent.count() / static_cast<double>(count);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int pairs = argc > 1 ? std::atoi(argv[1]) : 7;
  double loading = 0;
  const auto ten = compile(10, loading);
  const auto asked_of_ten = transactions(10);
  for (const std::uint64_t entries : {10U, 1'000U, 1'000'000U}) {
    const auto policy = compile(entries, loading);
    const auto asked = transactions(entries);
    std::vector<double> ours;
    std::vector<double> ratios;
    for (int i = 0; i < pairs; ++i) {
      const auto base = decide(*ten, asked_of_ten);
      ours.push_back(decide(*policy, asked));
      ratios.push_back(ours.back() / base);
    }
    const auto [least, greatest] = std::minmax_element(ratios.begin(), ratios.end());
    std::printf(
        "table of %7llu: %6.0f ns a decision, %.2f times a table of ten (from %.2f to %.2f "
        "in %d pairs), loaded in %.2f s\n",
        static_cast<unsigned long long>(entries), median(ours), median(ratios), *least, *greatest,
        pairs, loading);
    std::fflush(stdout);
  }
  return 0;
}
