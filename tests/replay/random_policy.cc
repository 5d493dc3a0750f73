#include "replay/random_policy.h"

#include "rules/maintenance.h"
#include "support/policy_text.h"
#include "support/sample_check.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string_view>
#include <vector>

namespace postern::test {
namespace {

using Words = std::vector<std::string>;

const std::string& one_of(std::mt19937& random, const Words& words) {
  return words[random() % words.size()];
}

bool once_in(std::mt19937& random, unsigned times) { return random() % times == 0; }

struct StagedWords {
  std::string stage;
  Words words;  ///< known from that stage on
};

// Each stage has those of the ones before it too.
const std::vector<StagedWords>& leaves() {
  static const std::vector<StagedWords> all{
      {"connect",
       {"sample_a == 'bad'", "sample_a in ['good', 'odd']", "sample_b != 'good'",
        "sample_spf == 'bad'", "sample_dns == 'odd'", "sample_costly == 'high'",
        "sample_count != 'low'", "sample_list == 'listed'", "sample_counter == 'high'",
        "client.ip in networks", "client.ip == '198.51.100.9'",
        "client.name ends_with '.example.net'", "client.name in domains", "time in '12:00-18:00'",
        "weekday == 'sun'"}},
      {"helo", {"helo == client.name", "not helo.extended", "helo in domains"}},
      {"mail",
       {"tls", "client.authenticated", "sender == '<>'", "sender in people",
        "sender.domain in points", "sender.domain within 'example.net'", "declared_size > 1kB"}},
      {"rcpt", {"recipient in people", "recipient.domain == 'example.org'"}},
      {"data", {"recipient_count > 1", "recipients contains 'bob@example.org'"}},
      {"end-of-message", {"size > 1kB"}},
  };
  return all;
}

std::string condition(std::mt19937& random, std::size_t stage) {
  const auto leaf = [&] {
    auto from = random() % (stage + 1);
    // What is known of one recipient is not known behind RCPT.
    if (leaves()[from].stage == "rcpt" && stage > from) from = 0;
    return one_of(random, leaves()[from].words);
  };
  auto text = leaf();
  if (once_in(random, 3)) text = "not (" + text + ")";
  if (once_in(random, 2)) text += once_in(random, 2) ? " and " + leaf() : " or " + leaf();
  return text;
}

std::string action(std::mt19937& random) {
  switch (random() % 12) {
    case 0:
    case 1:
      return "accept = \"" + one_of(random, {"stage", "message", "session"}) +
             "\"\nunavailable = \"" + one_of(random, {"skip", "match", "defer"}) + "\"\n";
    case 2:
    case 3:
    case 4:
      return "reject = \"" +
             one_of(random, {"client-blocked", "sender-blocked", "policy-reject", "rcpt-unknown",
                             "message-too-big", "spam"}) +
             "\"\nunavailable = \"" + one_of(random, {"skip", "skip", "defer"}) + "\"\n";
    case 5:
      return "defer = \"" + one_of(random, {"greylisted", "policy-defer"}) + "\"\n";
    case 6:
      return "quarantine = \"odd\"\n";
    case 7:
      return "discard = \"odd\"\nacknowledge_loss = true\n";
    case 8:
      return "add_header = \"X-Seen: {sender}\"\ntag = \"seen\"\n";
    case 9:
      return "warn = \"{helo|none} came by\"\ndelay = \"100ms\"\n";
    default:
      return "score = { a = " + one_of(random, {"2.5", "1.5", "-1", "3"}) + " }\n";
  }
}

std::string rule(std::mt19937& random, unsigned number) {
  const auto stage = random() % leaves().size();
  std::string when = condition(random, stage);
  std::string text = "[[rule]]\nname = \"rule " + std::to_string(number) + "\"\nstage = \"" +
                     leaves()[stage].stage + "\"\n";
  auto does = action(random);
  if (!does.starts_with("score")) {
    if (once_in(random, 4)) {
      when = "score.a " + one_of(random, {">= 2", "> -0.5", "< 1", "in [0, 3]"}) +
             (once_in(random, 2) ? " and " + when : "");
    }
    if (once_in(random, 5))
      text += "mode = \"shadow\"\n";
    else if (once_in(random, 6))
      text += "mode = \"50%\"\n";
    if (once_in(random, 8)) text += "expires = \"2026-09-22T12:00:00Z\"\n";
  } else if (once_in(random, 3) && stage >= 2) {
    when = "sender.domain in points";
    does = "score = { a = \"{map.points}\" }\n";
  }
  return text + "when = \"" + when + "\"\n" + does + '\n';
}

testing::Files files_of(std::string text, std::string_view networks) {
  return {{"postern.toml", std::move(text)},
          {"networks", std::string(networks)},
          {"people", "bob@example.org\nann@example.net\npostmaster@\n"},
          {"domains", "example.net\nmail.example.com\n"},
          {"points", "example.net 2.5\nexample.com -1\n"}};
}

constexpr std::string_view some_networks = "192.0.2.0/28\n203.0.113.0/24\n";
constexpr std::string_view other_networks = "198.51.100.0/24\n2001:db8::/32\n";

Result<CompiledPolicy> compiled(const std::string& text) {
  return testing::compile_files(files_of(text, some_networks), sample_checks());
}

}  // namespace

std::shared_ptr<const Policy> any_policy(std::mt19937& random) {
  std::string text = "journal.accepts = \"" +
                     one_of(random, {"compact", "compact", "full", "none"}) + "\"\n" +
                     (once_in(random, 3) ? "listen.speak = \"stage\"\n" : "") + R"([identity]
host = "mx1.example.org"
contact = "postmaster@example.org"
help = "https://mail.example.org/why/{reason}#{ref}"

[table.networks]
kind = "cidr"
file = "networks"
[table.people]
kind = "address"
file = "people"
[table.domains]
kind = "domain"
file = "domains"
[table.points]
kind = "map"
keys = "domain"
file = "points"

[[rule]]
name = "what everybody gets"
when = "client.name == 'known.example.net'"
score = { a = 0.5 }

)";
  // Some things may not stand together, or not at some stage: those do not load.
  unsigned rules = 0;
  for (unsigned number = 1; rules < 10 && number < 60; ++number) {
    const auto longer = text + rule(random, number);
    if (!compiled(longer)) continue;
    text = longer;
    ++rules;
  }
  auto policy = compiled(text);
  EXPECT_TRUE(policy) << render(policy.problems()) << text;
  if (!policy) return nullptr;
  EXPECT_GE(rules, 8U) << text;
  if (!once_in(random, 3)) return policy->policy;
  // The sessions of a test take weeks by their own clock.
  Maintenance maintenance;
  maintenance.until = std::chrono::system_clock::time_point(std::chrono::seconds(1'790'360'000));
  maintenance.ends_sessions = once_in(random, 2);
  maintenance.file = "decisions.maintenance";
  auto under =
      with_maintenance(policy->policy, &maintenance,
                       testing::memory_reader(files_of(text, some_networks)), sample_checks());
  EXPECT_TRUE(under) << render(under.problems());
  return under ? *under : nullptr;
}

std::shared_ptr<const Policy> with_another_table(const std::shared_ptr<const Policy>& policy,
                                                 std::mt19937& random) {
  const auto networks = once_in(random, 2) ? other_networks : some_networks;
  auto changed = Policy::with_table_file(
      policy, "networks", testing::memory_reader(files_of("", networks)), sample_checks());
  EXPECT_TRUE(changed) << render(changed.problems());
  return changed ? *changed : nullptr;
}

}  // namespace postern::test
