// Random policies and transactions: what was compiled says what the documentation says, read
// literally.
#include "plain_language.h"

#include "checks/check.h"
#include "model/dns_name.h"
#include "postern/policy.h"
#include "support/policy_text.h"
#include "support/sample_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace postern::plain {
namespace {

using Strings = std::vector<std::string>;

/// Few names and values, so that tests meet what they test for.
class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}
  std::size_t pick(std::size_t count) { return random_() % count; }
  bool one_in(std::size_t count) { return pick(count) == 0; }
  const std::string& of(const Strings& words) { return words[pick(words.size())]; }

 private:
  std::mt19937 random_;
};

const Strings addresses{"192.0.2.7", "192.0.2.200", "198.51.100.9", "2001:db8::7", "10.1.2.3"};
const Strings networks{"192.0.2.0/25", "192.0.2.0/24", "198.51.100.9", "2001:db8::/32",
                       "10.0.0.0/8"};
const Strings domains{"one.example", "MAIL.one.example", "two.example", "xone.example"};
const Strings locals{"bob", "Bob", "alice", "bob+lists"};
const Strings users{"bob", "BOB", "bob@one.example"};

std::string quoted(const std::string& text) { return '"' + text + '"'; }

constexpr std::array stages{Stage::connect, Stage::helo, Stage::mail,
                            Stage::rcpt,    Stage::data, Stage::end_of_message};

class Maker {
 public:
  explicit Maker(unsigned seed) : chance_(seed) {}

  PlainPolicy policy() {
    PlainPolicy policy;
    policy.tables["nets"] = {"cidr", some(networks)};
    policy.tables["people"] = {"address",
                               some({"bob@one.example", "@two.example", "Alice@", "<>"})};
    policy.tables["places"] = {"domain", some({"one.example", ".one.example", "Two.example"})};
    policy.tables["words"] = {"string", some({"bob", "one.example", "bob@one.example"})};
    policy.conditions["own"] = condition(Stage::connect, 1);
    policy.weights = {{"sample_a", {{"bad", 2000}, {"odd", -1500}}},
                      {"sample_b", {{"good", 250}, {"bad", 2250}, {"odd", -2250}}}};
    policy.tables["weights"] = map_of("cidr", some(networks));
    policy.tables["marks"] = map_of("string", some(domains));
    auto stage = chance_.pick(3);
    const auto groups = 1 + chance_.pick(3);
    for (std::size_t i = 0; i < groups; ++i) {
      add_group(policy, stage, i + 1 == groups);
      stage = std::min(stages.size() - 1, stage + chance_.pick(3));
    }
    return policy;
  }

  Transaction transaction() {
    Transaction t;
    t.stage = stages[chance_.pick(stages.size())];
    t.door = chance_.one_in(2) ? Door::milter : Door::policy;
    t.time = std::chrono::system_clock::time_point(
        std::chrono::seconds(1'750'000'000 + chance_.pick(14) * 43'210));
    t.utc_offset = std::chrono::minutes(static_cast<int>(chance_.pick(7)) * 105 - 300);
    t.reference = Reference::make(t.time, 1, 1);
    t.client.address = IpAddress::parse(chance_.of(addresses));
    t.client.port = static_cast<std::uint16_t>(chance_.pick(4) * 1000);
    t.client.name = text(domains);
    t.client.reverse_name = text(domains);
    if (t.stage >= Stage::helo) {
      t.helo = text(domains);
      if (!chance_.one_in(4)) t.extended_smtp = chance_.one_in(2);
    }
    if (t.stage >= Stage::mail) {
      t.authentication.user = text(users);
      t.authentication.mechanism = text({"PLAIN", "LOGIN"});
      t.tls.version = text({"TLSv1.3", "TLSv1.2"});
      t.tls.bits = number();
      if (!chance_.one_in(6)) t.sender = address();
      t.declared_size = number();
    }
    if (t.stage == Stage::rcpt) t.recipient = address();
    if (t.stage >= Stage::data) recipients(t);
    if (t.stage >= Stage::end_of_message) t.size = number();
    if (chance_.one_in(2) && t.door == Door::milter) t.macros["daemon_name"] = chance_.of(users);
    return t;
  }

  PlainChecks checks() {
    PlainChecks checks;
    for (const char* name : {"sample_a", "sample_b"}) {
      const auto dice = chance_.pick(6);
      if (dice == 0) {
        checks[name] = std::nullopt;
      } else if (dice == 1) {
        checks[name] = Strings{"good", "odd"};
      } else {
        checks[name] = Strings{chance_.of({"good", "bad", "odd", "temperror"})};
      }
    }
    add_host_names(checks);
    return checks;
  }

 private:
  /// What DNS says of the client: silence, no name, a name that leads back, or one of which that is
  /// not so or cannot be learned.
  void add_host_names(PlainChecks& checks) {
    auto& confirmed = checks["client.name"];
    auto& reverse = checks["client.reverse_name"];
    const auto dice = chance_.pick(5);
    if (dice == 0) return;
    confirmed = reverse = Strings();
    if (dice == 1) return;
    reverse = Strings{chance_.of({"one.example", "mail.one.example", "two.example"})};
    if (dice == 2) confirmed = std::nullopt;
    if (dice > 3) confirmed = reverse;
  }

  /// Rules that add at one stage, with accepts for it before and among them, and behind them rules
  /// of all kinds that may test what has been added so far.
  void add_group(PlainPolicy& policy, std::size_t stage, bool last) {
    const auto adding = 1 + chance_.pick(3);
    for (std::size_t i = 0; i < adding; ++i) {
      if (chance_.one_in(3)) policy.rules.push_back(settler(policy, stages[stage]));
      policy.rules.push_back(adder(policy, stages[stage]));
    }
    const auto others = 1 + chance_.pick(4);
    for (std::size_t i = 0; i < others; ++i) {
      policy.rules.push_back(other(policy, stage, last));
    }
  }

  PlainRule other(const PlainPolicy& policy, std::size_t added, bool last) {
    PlainRule rule;
    rule.name = name_in(policy);
    const bool tests = chance_.one_in(2);
    const auto stage =
        tests ? added + chance_.pick(stages.size() - added) : chance_.pick(stages.size());
    rule.stage = stages[stage];
    if (!chance_.one_in(12)) rule.when = condition(rule.stage, 0);
    static constexpr std::array verdicts{Verdict::accept, Verdict::reject, Verdict::defer};
    rule.verdict = verdicts[chance_.pick(3)];
    if (chance_.one_in(2)) rule.scope = AcceptScope::stage;
    if (tests) {
      const auto test = score_test();
      rule.when = rule.when.empty() || chance_.one_in(3)
                      ? test
                      : rule.when + (chance_.one_in(2) ? " and " : " or ") + test;
      // A stage is not settled by a score to which rules behind it add.
      if (!last) rule.scope = AcceptScope::message;
    }
    if (chance_.one_in(5)) rule.mode = RuleMode::shadow;
    if (chance_.one_in(4)) {
      rule.unavailable = rule.verdict == Verdict::accept && chance_.one_in(2) ? "match" : "defer";
    }
    return rule;
  }

  std::string score_test() {
    return chance_.of({"score.doubt >= 1.5", "score.doubt < 0", "score.doubt == 2",
                       "score.doubt in [0, 2.25]", "score.doubt != 0.5",
                       "(score.doubt > 1 or score.trust <= 0)", "not score.trust == 0.25"});
  }

  PlainRule settler(const PlainPolicy& policy, Stage stage) {
    PlainRule rule;
    rule.name = name_in(policy);
    rule.stage = stage;
    rule.when = condition(stage, 2);
    rule.verdict = Verdict::accept;
    rule.scope = AcceptScope::stage;
    if (chance_.one_in(3)) rule.unavailable = "match";
    if (chance_.one_in(8)) rule.mode = RuleMode::shadow;
    return rule;
  }

  PlainRule adder(const PlainPolicy& policy, Stage stage) {
    PlainRule rule;
    rule.name = name_in(policy);
    rule.stage = stage;
    rule.verdict = Verdict::pass;
    if (chance_.one_in(5)) rule.mode = RuleMode::shadow;
    const bool first = std::none_of(policy.rules.begin(), policy.rules.end(),
                                    [](const PlainRule& each) { return each.adds(); });
    if (chance_.one_in(3)) {
      const std::string map = stage >= Stage::helo && chance_.one_in(2) ? "marks" : "weights";
      const std::string key = map == "weights"    ? "client.ip"
                              : chance_.one_in(2) ? "helo"
                                                  : "client.name";
      rule.scores_of_maps["doubt"] = map;
      rule.when = key + " in " + map;
      switch (chance_.pick(4)) {
        case 0:
          rule.when += " and " + condition(stage, 2);
          break;
        case 1:
          rule.when += " or " + condition(stage, 2);
          break;
        case 2:
          rule.when = condition(stage, 2) + " or " + rule.when;
          break;
        default:
          break;
      }
      if (first || chance_.one_in(3)) rule.scores_of_maps["trust"] = map;
      return rule;
    }
    if (chance_.one_in(3)) {
      // Also with a condition that asks the same check, and without any.
      const auto check = chance_.of({"sample_a", "sample_b"});
      rule.scores_of_checks["doubt"] = check;
      if (!chance_.one_in(4)) rule.when = condition(stage, 2);
      if (first || chance_.one_in(2)) rule.scores_of_checks["trust"] = check;
      return rule;
    }
    // What these need is always told, or may be missing.
    rule.when = chance_.one_in(2) ? (chance_.one_in(2) ? "" : "not ") +
                                        std::string("client.ip in ") + list_of(networks)
                                  : condition(stage, 2);
    rule.scores["doubt"] = chance_.one_in(3) ? -1500 : 2000;
    if (first || chance_.one_in(2)) rule.scores["trust"] = 250;
    return rule;
  }

  /// That no rule has yet.
  static std::string name_in(const PlainPolicy& policy) {
    return "rule " + std::to_string(policy.rules.size());
  }

  PlainTable map_of(const std::string& kind, const Strings& keys) {
    static constexpr std::array<std::int64_t, 5> all{2000, -1500, 250, 0, 2250};
    PlainTable table{kind, keys, {}};
    for (std::size_t i = 0; i < keys.size(); ++i) table.points.push_back(all[chance_.pick(5)]);
    return table;
  }

  Strings some(const Strings& all) {
    Strings chosen;
    for (const auto& each : all) {
      if (chance_.one_in(2)) chosen.push_back(each);
    }
    if (chosen.empty()) chosen.push_back(all.front());
    return chosen;
  }
  Told<std::string> text(const Strings& words) {
    if (chance_.one_in(5)) return {};
    if (chance_.one_in(5)) return Told<std::string>::absent();
    return chance_.of(words);
  }
  Told<std::int64_t> number() {
    if (chance_.one_in(6)) return {};
    if (chance_.one_in(6)) return Told<std::int64_t>::absent();
    return static_cast<std::int64_t>(chance_.pick(6) * 10);
  }
  MailAddress address() {
    if (chance_.one_in(6)) return {};
    return MailAddress::from_envelope(chance_.of(locals) + '@' + chance_.of(domains));
  }
  void recipients(Transaction& t) {
    if (!chance_.one_in(5)) {
      std::vector<AcceptedRecipient> all(1 + chance_.pick(2));
      for (auto& each : all) {
        each.address = MailAddress::from_envelope(chance_.of(locals) + '@' + chance_.of(domains));
      }
      if (all.size() == 1) t.recipient = all.front().address;
      t.recipients = std::move(all);
    }
    t.recipient_count = number();
    t.queue_id = chance_.one_in(2) ? "4bXyz" : "";
  }

  std::string condition(Stage stage, int depth) {
    switch (depth < 3 ? chance_.pick(7) : 6) {
      case 0:
      case 1:
        return '(' + condition(stage, depth + 1) + " and " + condition(stage, depth + 1) + ')';
      case 2:
      case 3:
        return '(' + condition(stage, depth + 1) + " or " + condition(stage, depth + 1) + ')';
      case 4:
        return "not " + condition(stage, depth + 1);
      default:
        return test(stage);
    }
  }

  std::string list_of(const Strings& words) {
    std::string list = "[";
    for (const auto& word : some(words)) list += (list.size() > 1 ? ", " : "") + quoted(word);
    return list + ']';
  }
  std::string count_test(const std::string& name) {
    static const Strings signs{"==", "!=", "<", "<=", ">", ">="};
    if (chance_.one_in(5)) return name + " in [10, 30]";
    return name + ' ' + chance_.of(signs) + ' ' + std::to_string(10 + 10 * chance_.pick(4));
  }
  std::string text_test(const std::string& name, const Strings& words) {
    switch (chance_.pick(8)) {
      case 0:
        return name + " != " + quoted(chance_.of(words));
      case 1:
        return name + " in " + list_of(words);
      case 2:
        return name + " not in " + list_of(words);
      case 3:
        return name + " starts_with " + quoted(chance_.of(words).substr(0, 3));
      case 4:
        return name + " ends_with " + quoted(chance_.of(words).substr(2));
      case 5:
        return name + " contains " + quoted(chance_.of(words).substr(1, 3));
      case 6:
        return name + " matches " + quoted('^' + chance_.of(words).substr(0, 2) + ".*e");
      default:
        return name + " == " +
               (name != "recipient" && chance_.one_in(6) ? quoted("") : quoted(chance_.of(words)));
    }
  }
  std::string table_test(const std::string& name, const Strings& tables) {
    return name + (chance_.one_in(3) ? " not in " : " in ") + chance_.of(tables);
  }

  std::string test(Stage stage) {
    const Strings full{"bob@one.example", "Alice@two.example", "alice@MAIL.one.example"};
    std::vector<std::string> tests{
        "client.ip in " + list_of(networks),
        "client.ip == " + quoted(chance_.of(addresses)),
        "client.ip != " + quoted(chance_.of(addresses)),
        table_test("client.ip", {"nets"}),
        text_test("client.name", domains),
        table_test("client.reverse_name", {"places", "words"}),
        "client.name == client.reverse_name",
        "sample_a == \"good\"",
        "sample_a != \"bad\"",
        "sample_b in [\"odd\", \"bad\"]",
        "sample_a.weight > 0.5",
        "sample_b.weight in [0.25, 2.25]",
        "macro(\"daemon_name\") == \"bob\"",
        "door == \"milter\"",
        "stage in [\"rcpt\", \"data\"]",
        "client.port > 1000",
        "client.name.org_domain == " + quoted(chance_.of(domains)),
        "client.reverse_name within " + list_of(domains),
        "time in [\"08:00-12:30\", \"22:00-06:00\"]",
        "time " + std::string(chance_.one_in(2) ? ">=" : "<") + " \"15:06:40\"",
        "weekday in [\"sat\", \"sun\"]",
        "weekday != \"mon\"",
        "date " + std::string(chance_.one_in(2) ? ">" : "==") + " \"2025-06-17\"",
        "client.port * 2 - 1000 < 3000",
    };
    if (stage >= Stage::helo) {
      tests.push_back(text_test("helo", domains));
      tests.emplace_back("helo != client.name");
      tests.emplace_back("helo.extended");
    }
    if (stage >= Stage::mail) {
      tests.emplace_back("tls");
      tests.emplace_back("client.authenticated == false");
      tests.push_back(count_test("tls.bits"));
      tests.push_back(count_test("declared_size"));
      tests.push_back(text_test("client.user", users));
      tests.push_back(text_test("sender", full));
      tests.emplace_back("sender == \"<>\"");
      tests.push_back(text_test("sender.domain", domains));
      tests.push_back(text_test("sender.local", locals));
      tests.push_back(table_test("sender", {"people", "places", "words"}));
      tests.push_back(table_test("sender.domain", {"places", "words"}));
      tests.emplace_back("sender.local == client.user");
      tests.emplace_back("sender.domain == helo");
      tests.emplace_back("own");
      tests.push_back("sender.domain within " + quoted(chance_.of(domains)));
      tests.emplace_back("sender.org_domain == client.name.org_domain");
      tests.emplace_back("helo.org_domain != sender.org_domain");
      tests.emplace_back("declared_size + 10B * 2 > 45B");
      tests.emplace_back("30B < declared_size");
    }
    if (stage == Stage::rcpt) {
      tests.push_back(text_test("recipient", full));
      tests.push_back(text_test("recipient.local", locals));
      tests.push_back(table_test("recipient", {"people", "places"}));
      tests.emplace_back("recipient == sender");
    }
    if (stage >= Stage::data) {
      tests.push_back(table_test("recipients", {"people", "places"}));
      tests.push_back("recipients contains " + quoted(chance_.of(full)));
      tests.push_back("recipients in " + list_of(full));
      tests.push_back(count_test("recipient_count"));
    }
    if (stage >= Stage::end_of_message) {
      tests.push_back(count_test("size"));
      tests.emplace_back("size == declared_size");
      tests.emplace_back("size > declared_size - 5B");
      tests.emplace_back("size <= declared_size");
    }
    return tests[chance_.pick(tests.size())];
  }

  Chance chance_;
};

std::string list_text(const Strings& words) {
  std::string list = "[";
  for (const auto& word : words) list += (list.size() > 1 ? ", " : "") + quoted(word);
  return list + ']';
}

/// One that may be given at the stage; which does not matter here.
std::string reason_at(Stage stage, Verdict verdict) {
  const bool temporary = verdict == Verdict::defer;
  const std::string usual = temporary ? "policy-defer" : "policy-reject";
  if (may_stand_at(*find_reason(usual), stage)) return usual;
  for (const auto& reason : all_reasons()) {
    if (usable_in_rule(reason) && may_stand_at(reason, stage) &&
        (reason.kind == ReasonClass::temporary) == temporary) {
      return std::string(reason.id);
    }
  }
  return usual;
}

/// Thousandths, as they may stand in a policy.
std::string number_text(std::int64_t points) {
  return std::to_string(static_cast<double>(points) / 1000).substr(0, points < 0 ? 6 : 5);
}

std::string toml(const PlainPolicy& policy) {
  std::string text = "[identity]\nhost = \"mx1.example.org\"\n";
  for (const auto& [name, table] : policy.tables) {
    text += "[table." + name + "]\nkind = ";
    if (table.points.empty()) {
      text += quoted(table.kind) + "\nentries = " + list_text(table.entries) + '\n';
      continue;
    }
    text += "\"map\"\nkeys = " + quoted(table.kind) + "\nentries = [";
    for (std::size_t i = 0; i < table.entries.size(); ++i) {
      text += (i == 0 ? "" : ", ") + std::string("{ entry = ") + quoted(table.entries[i]) +
              ", value = " + quoted(number_text(table.points[i])) + " }";
    }
    text += "]\n";
  }
  for (const auto& [name, is] : policy.conditions) {
    text += "[when." + name + "]\nis = '" + is + "'\n";
  }
  for (const auto& rule : policy.rules) {
    text += "[[rule]]\nname = " + quoted(rule.name) +
            "\nstage = " + quoted(std::string(to_text(rule.stage))) + '\n';
    if (!rule.when.empty()) text += "when = '" + rule.when + "'\n";
    if (rule.mode == RuleMode::shadow) text += "mode = \"shadow\"\n";
    if (!rule.unavailable.empty()) text += "unavailable = " + quoted(rule.unavailable) + '\n';
    if (rule.adds()) {
      text += "score = {";
      for (const auto& [name, points] : rule.scores) {
        text += (text.back() == '{' ? " " : ", ") + name + " = " + number_text(points);
      }
      for (const auto& [name, map] : rule.scores_of_maps) {
        text += (text.back() == '{' ? " " : ", ") + name + " = \"{map." + map + "}\"";
      }
      for (const auto& [name, check] : rule.scores_of_checks) {
        text += (text.back() == '{' ? " " : ", ") + name + " = \"{" + check + ".weight}\"";
      }
      text += " }\n";
    } else if (rule.verdict == Verdict::accept) {
      text += "accept = " + quoted(std::string(to_text(rule.scope))) + '\n';
    } else {
      text += std::string(to_text(rule.verdict)) + " = " +
              quoted(reason_at(rule.stage, rule.verdict)) + '\n';
    }
  }
  return text;
}

/// The answers of DNS that come to what `checks` says of the client's names.
void add_host_names(Facts& facts, const PlainChecks& checks, const IpAddress& client) {
  const auto add = [&](const std::string& type, const std::string& name, Answer answer) {
    facts.add({QuestionKind::reverse_dns, type, name, QuestionCost::free}, std::move(answer));
  };
  const auto& reverse = checks.at("client.reverse_name");
  const auto& confirmed = checks.at("client.name");
  const auto silence = Answer::unavailable("timeout");
  const auto pointer = reverse_dns_name(client);
  if (!reverse) return add("PTR", pointer, silence);
  if (reverse->empty()) return add("PTR", pointer, Answer::nothing());
  add("PTR", pointer, Answer::found(*reverse));
  const auto* type = client.family() == IpAddress::Family::v4 ? "A" : "AAAA";
  if (!confirmed) return add(type, reverse->front(), silence);
  add(type, reverse->front(),
      confirmed->empty() ? Answer::nothing() : Answer::found({client.text()}));
}

Facts facts_of(const PlainChecks& checks, const Transaction& transaction) {
  Facts facts;
  add_host_names(facts, checks, *transaction.client.address);
  for (const auto& [name, values] : checks) {
    if (name.starts_with("client.")) continue;
    facts.add(test::sample_question(name),
              values ? Answer::found(*values) : Answer::unavailable("timeout"));
  }
  return facts;
}

/// What the compiled decision says otherwise than the plain one, or nothing.
std::string difference(const Decision& decision, const PlainDecision& expected) {
  for (const auto& entry : decision.trail) {
    const auto found = expected.truths.find(entry.rule.name);
    const bool asked = entry.note == TrailNote::none || entry.note == TrailNote::shadow;
    if (asked != (found != expected.truths.end())) return entry.rule.name + " is asked by one only";
    if (asked && entry.truth != found->second) {
      return entry.rule.name + " is " + std::string(to_text(entry.truth)) + ", not " +
             std::string(to_text(found->second));
    }
  }
  const auto rule = decision.rule ? decision.rule->name : std::string();
  if (rule != expected.rule) return quoted(rule) + " decides, not " + quoted(expected.rule);
  if (decision.softened_by.empty()) {
    return decision.verdict == expected.verdict ? "" : "another verdict of " + rule;
  }
  // A rule that could not be answered makes a refusal temporary, and nothing else does.
  const bool sound =
      decision.verdict == Verdict::defer &&
      (expected.missing || (expected.verdict == Verdict::reject && expected.held_back));
  return sound ? "" : "softened without need";
}

struct Tally {
  std::size_t decided = 0;
  std::size_t unavailable = 0;
  std::size_t unavailable_scores = 0;  ///< tests of scores
  std::size_t sums = 0;                ///< of which something is certain
  std::size_t differences = 0;
  std::string first;  ///< of the differences, with all that repeats it
};

/// `plain` and what was compiled from `text`, over some transactions.
void compare(Maker& maker, const PlainPolicy& plain, const std::string& text, Tally& tally) {
  const auto policy = testing::compile_policy(text, test::sample_checks());
  ASSERT_TRUE(policy) << text;
  for (int i = 0; i < 12; ++i) {
    const auto transaction = maker.transaction();
    const auto checks = maker.checks();
    const auto expected = decide(plain, transaction, checks);
    const auto outcome = evaluate(*policy, transaction, facts_of(checks, transaction));
    const auto* decision = std::get_if<Decision>(&outcome);
    ASSERT_NE(decision, nullptr) << text;
    if (const auto what = difference(*decision, expected); !what.empty()) {
      if (++tally.differences == 1) {
        tally.first =
            what + " (" + std::string(to_text(decision->verdict)) + " by " +
            (decision->rule ? decision->rule->name : "none") + ", softened by \"" +
            decision->softened_by + "\"; plain: " + std::string(to_text(expected.verdict)) +
            " by " + expected.rule + (expected.missing ? ", missing" : "") +
            (expected.held_back ? ", held back" : "") + "), transaction " + std::to_string(i) +
            " at " + std::string(to_text(transaction.stage)) + '\n' + text;
      }
    }
    if (decision->rule) ++tally.decided;
    for (const auto& told : expected.truths) {
      const Truth truth = told.second;
      if (truth == Truth::unavailable) ++tally.unavailable;
      const auto found =
          std::find_if(plain.rules.begin(), plain.rules.end(),
                       [&](const PlainRule& each) { return each.name == told.first; });
      if (found->when.find("score.") == std::string::npos) continue;
      ++(truth == Truth::unavailable ? tally.unavailable_scores : tally.sums);
    }
  }
}

TEST(PlainLanguage, CompiledPoliciesSayWhatTheDocumentationSays) {
  Tally tally;
  for (unsigned seed = 1; seed <= 2000 && tally.differences == 0; ++seed) {
    SCOPED_TRACE(seed);
    Maker maker(seed);
    const auto plain = maker.policy();
    compare(maker, plain, toml(plain), tally);
  }
  EXPECT_EQ(tally.differences, 0U) << tally.first;
  EXPECT_GT(tally.decided, 2000U);
  EXPECT_GT(tally.unavailable, 2000U);
  EXPECT_GT(tally.unavailable_scores, 1000U);
  EXPECT_GT(tally.sums, 2000U);
}

TEST(PlainLanguage, AnotherPolicyThanTheCompiledOneIsSeen) {
  Tally tally;
  for (unsigned seed = 1; seed <= 50; ++seed) {
    Maker maker(seed);
    auto plain = maker.policy();
    const auto text = toml(plain);
    auto& when = plain.rules.front().when;
    when = when.empty() ? "client.port == 1" : "not (" + when + ')';
    compare(maker, plain, text, tally);
  }
  EXPECT_GT(tally.differences, 100U);
}

}  // namespace
}  // namespace postern::plain
