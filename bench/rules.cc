// What a decision costs by the number of rules: `rules [PAIRS]` prints nanoseconds for each
// decision and the ratio to ten rules, from pairs of runs one after the other. The rules are what
// sites write: most compare the client, sender or recipient with one value or a few, and none
// matches, because that is the fate of most mail.
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

std::string condition(unsigned number, std::mt19937& random) {
  const auto n = std::to_string(number);
  const auto pick = [&](unsigned most) { return std::to_string(random() % most); };
  switch (random() % 20) {
    case 0:
      return "helo ends_with \".dyn" + n + ".example.net\"";
    case 1:
      return "sender.local starts_with \"offer" + n + "\" and not client.authenticated";
    case 2:
    case 3:
    case 4:
      return "recipient == \"user" + n + "@example.org\" and sender.domain != \"example.com\"";
    case 5:
    case 6:
    case 7:
      return "client.ip in [\"10." + pick(256) + "." + pick(256) + ".0/24\"]";
    case 8:
    case 9:
      return "client.ip in [\"10.1." + pick(256) + "." + pick(256) + "\", \"10.2." + pick(256) +
             ".0/24\"] and sender.domain == \"a" + n + ".example\"";
    case 10:
    case 11:
    case 12:
      return "sender == \"bulk" + n + "@news.example\" or sender == \"more" + n + "@news.example\"";
    case 13:
    case 14:
      return "recipient.domain in [\"old" + n + ".example\", \"older" + n + ".example\"]";
    default:
      return "sender.domain == \"spam" + n + ".example\"";
  }
}

std::string policy_text(unsigned rules) {
  std::mt19937 random(7);
  std::string text =
      "[identity]\nhost = \"mx1.example.org\"\ncontact = \"postmaster@example.org\"\n";
  for (unsigned i = 0; i < rules; ++i) {
    text += "[[rule]]\nname = \"rule " + std::to_string(i) + "\"\nstage = \"rcpt\"\nwhen = '" +
            condition(i, random) + "'\nreject = \"policy-reject\"\n";
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
  made.sender = postern::MailAddress::from_unquoted("alice@example.net");
  made.recipient = postern::MailAddress::from_unquoted("bob@example.org");
  return made;
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
    unsigned decisions;
  };
  std::shared_ptr<const Policy> ten;
  for (const auto& [rules, decisions] :
       {Size{10, 200'000}, Size{100, 100'000}, Size{1'000, 20'000}, Size{10'000, 2'000}}) {
    const auto text = policy_text(rules);
    const auto begin = std::chrono::steady_clock::now();
    auto compiled = Policy::compile(
        "bench.toml", [&](const std::string&) { return postern::Result<std::string>(text); });
    const std::chrono::duration<double> loading = std::chrono::steady_clock::now() - begin;
    if (!compiled) {
      std::fprintf(stderr, "%s\n", postern::render(compiled.problems()).c_str());
      return 1;
    }
    if (!ten) ten = compiled->policy;
    std::vector<double> ours;
    std::vector<double> ratios;
    for (int i = 0; i < pairs; ++i) {
      const auto base = nanoseconds(*ten, asked, 200'000);
      ours.push_back(nanoseconds(*compiled->policy, asked, decisions));
      ratios.push_back(ours.back() / base);
    }
    const auto [least, greatest] = std::minmax_element(ratios.begin(), ratios.end());
    std::printf(
        "%6u rules: %8.0f ns a decision, %6.1f times ten rules (from %.1f to %.1f in %d "
        "pairs), loaded in %.2f s\n",
        rules, median(ours), median(ratios), *least, *greatest, pairs, loading.count());
    std::fflush(stdout);
  }
  return 0;
}
