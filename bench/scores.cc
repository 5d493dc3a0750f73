// What scores cost: `scores [PAIRS]`. Policies of N accepts for their stage, N rules that add to a
// score behind them, and some tests of it; the baseline has the same rules, of which none adds and
// none tests. Prints nanoseconds a decision, how many times the baseline, from pairs of runs one
// after the other, and what a policy takes to load and holds in memory. No rule says yes, because
// that is the fate of most mail.
#include "postern/decision.h"
#include "postern/policy.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <string>
#include <vector>

namespace {

using postern::Detail;
using postern::Facts;
using postern::Policy;
using postern::Transaction;

enum class Kind { with_scores, without };

std::string rule(const std::string& name, const char* stage, const std::string& when,
                 const std::string& action) {
  return "[[rule]]\nname = \"" + name + "\"\nstage = \"" + stage + "\"\nwhen = '" + when + "'\n" +
         action + '\n';
}

std::string policy_text(unsigned rules, unsigned tests, Kind kind) {
  const bool scores = kind == Kind::with_scores;
  std::string text =
      "[identity]\nhost = \"mx1.example.org\"\ncontact = \"postmaster@example.org\"\n";
  for (unsigned i = 0; i < rules; ++i) {
    const auto n = std::to_string(i);
    const auto network = std::to_string(i / 256) + '.' + std::to_string(i % 256);
    text += rule("known " + n, "mail", "client.ip in [\"10." + network + ".0/24\"]",
                 "accept = \"stage\"");
    // One in two can be found by its value, as with rules that decide.
    text += rule("odd " + n, "mail",
                 i % 2 == 0 ? "helo contains \"dyn" + n + "-\""
                            : "sender.domain == \"spam" + n + ".example\"",
                 scores ? "score = { spam = 2.5 }" : "tag = \"odd\"");
  }
  for (unsigned i = 0; i < tests; ++i) {
    const auto n = std::to_string(i);
    text += rule("test " + n, "rcpt",
                 scores ? "score.spam >= " + std::to_string(i + 1) : "declared_size > " + n + "GB",
                 "reject = \"policy-reject\"");
  }
  return text;
}

Transaction transaction() {
  Transaction made;
  made.stage = postern::Stage::rcpt;
  made.door = postern::Door::policy;
  made.time = std::chrono::system_clock::now();
  made.reference = postern::Reference::make(made.time, 1, 1);
  made.client.address = postern::IpAddress::parse("192.0.2.9");
  made.client.name = std::string("mail.example.net");
  made.helo = std::string("mail.example.net");
  made.authentication.user = postern::Told<std::string>::absent();
  made.tls.version = postern::Told<std::string>::absent();
  made.declared_size = postern::Told<std::int64_t>::absent();
  made.sender = postern::MailAddress::from_unquoted("alice@example.net");
  made.recipient = postern::MailAddress::from_unquoted("bob@example.org");
  return made;
}

struct Loaded {
  std::shared_ptr<const Policy> policy;
  double seconds = 0;
  double megabytes = 0;
};

Loaded load(unsigned rules, unsigned tests, Kind kind) {
  const auto text = policy_text(rules, tests, kind);
  const auto held = mallinfo2().uordblks;
  const auto begin = std::chrono::steady_clock::now();
  auto compiled = Policy::compile(
      "bench.toml", [&](const std::string&) { return postern::Result<std::string>(text); });
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  if (!compiled) {
    std::fprintf(stderr, "%s\n", postern::render(compiled.problems()).c_str());
    std::exit(1);
  }
  const auto now = static_cast<double>(mallinfo2().uordblks) - static_cast<double>(held);
  return {compiled->policy, spent.count(), now / 1e6};
}

double nanoseconds(const Policy& policy, const Transaction& transaction, unsigned decisions) {
  const Facts none;
  const auto begin = std::chrono::steady_clock::now();
  for (unsigned i = 0; i < decisions; ++i) {
    const auto decided = postern::evaluate(policy, transaction, none, Detail::verdict);
    const auto* decision = std::get_if<postern::Decision>(&decided);
    if (decision == nullptr || decision->verdict != postern::Verdict::pass) std::abort();
  }
  const auto spent = std::chrono::steady_clock::now() - begin;
  return std::chrono::duration<double, std::nano>(spent).count() / decisions;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int pairs = argc > 1 ? std::atoi(argv[1]) : 7;
  const auto asked = transaction();
  struct Size {
    unsigned rules;
    unsigned tests;
    unsigned decisions;
  };
  for (const auto& [rules, tests, decisions] :
       {Size{10, 10, 50'000}, Size{100, 10, 10'000}, Size{1'000, 10, 1'000},
        Size{1'000, 100, 1'000}, Size{1'000, 1'000, 1'000}}) {
    const auto with = load(rules, tests, Kind::with_scores);
    const auto without = load(rules, tests, Kind::without);
    std::vector<double> ours;
    std::vector<double> ratios;
    for (int i = 0; i < pairs; ++i) {
      const auto base = nanoseconds(*without.policy, asked, decisions);
      // The first of each pair tells how many are worth the wait.
      const auto one = nanoseconds(*with.policy, asked, 1);
      const auto affordable = static_cast<unsigned>(std::max(1.0, 5e8 / one));
      ours.push_back(nanoseconds(*with.policy, asked, std::min(decisions, affordable)));
      ratios.push_back(ours.back() / base);
    }
    const auto [least, greatest] = std::minmax_element(ratios.begin(), ratios.end());
    std::printf(
        "%5u accepts, %5u that add, %5u tests: %9.0f ns a decision, %5.2f times the same rules "
        "without scores (from %.2f to %.2f in %d pairs); loaded in %.3f s (%.3f s), %.2f MB (%.2f "
        "MB)\n",
        rules, rules, tests, median(ours), median(ratios), *least, *greatest, pairs, with.seconds,
        without.seconds, with.megabytes, without.megabytes);
    std::fflush(stdout);
  }
  return 0;
}
