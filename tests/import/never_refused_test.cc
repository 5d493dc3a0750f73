// That an imported file refuses nothing for good that the original let pass: small models of what
// the other programs do, against the policies made of random files of theirs.
#include "import/import.h"
#include "rules/pattern.h"
#include "support/policy_text.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace postern::importer {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string>& senders() {
  static const std::vector<std::string> all{"",
                                            "bob@a.example",
                                            "Bob@B.a.example",
                                            "ann@c.b.a.example",
                                            "ann@partner.example",
                                            "bob@elsewhere.example"};
  return all;
}

bool refuses_for_good(const Policy& policy, const std::string& sender) {
  Transaction transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.sender = MailAddress::from_envelope(sender);
  const auto outcome = evaluate(policy, transaction, {});
  const auto* decision = std::get_if<Decision>(&outcome);
  return decision != nullptr && decision->verdict == Verdict::reject;
}

std::string small(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

bool fits(const std::string& pattern, const std::string& text) {
  return expression::Pattern(pattern, expression::PatternCase::ignored).matches(text);
}

class Chance {
 public:
  explicit Chance(unsigned seed) : source_(seed) {}
  std::size_t below(std::size_t most) { return source_() % most; }
  const std::string& of(const std::vector<std::string>& all) { return all[below(all.size())]; }

 private:
  std::mt19937 source_;
};

Imported imported(const std::string& text, Format format, Keys keys = Keys::sender) {
  Request request;
  request.format = format;
  request.keys = keys;
  request.file = "rules";
  return convert(text, request);
}

/// A file and which senders it refuses for good.
struct Original {
  std::string text;
  std::map<std::string, bool> refused;
};

/// How many of `files` files refuse something here that they refused there.
template <typename Make>
int expect_no_refusal_more(Format format, int files, const Make& make) {
  int alike = 0;
  for (int seed = 0; seed < files; ++seed) {
    Chance chance(static_cast<unsigned>(seed));
    const Original original = make(chance);
    const auto made = imported(original.text, format);
    const auto policy = testing::compile_policy(made.policy);
    EXPECT_TRUE(policy);
    if (!policy) continue;
    for (const auto& [sender, refused] : original.refused) {
      const bool now = refuses_for_good(*policy, sender);
      EXPECT_TRUE(refused || !now) << "<" << sender << "> passed\n"
                                   << original.text << "\n"
                                   << made.policy;
      alike += refused && now ? 1 : 0;
    }
    if (::testing::Test::HasFailure()) break;
  }
  return alike;
}

const std::vector<std::string>& access_actions() {
  static const std::vector<std::string> all{"OK",       "DUNNO",   "REJECT no",       "REJECT",
                                            "WARN odd", "HOLD",    "FILTER smtp:[x]", "my_class",
                                            "450 wait", "DISCARD", "554 never"};
  return all;
}
/// What was put off was not let pass.
bool is_refusal(const std::string& action) {
  return action.starts_with("REJECT") || action.starts_with("554") || action.starts_with("450");
}

Original access_keys(Chance& chance) {
  static const std::vector<std::string> keys{
      "a.example",           "b.a.example",      "bob@a.example",   "bob@",    "<>",
      "a.example.",          "b.a.example.",     "bob@a.example.",  "ann@",    "@a.example",
      ".a.example",          "192.0.2.0/24",     "partner.example", "example", "<bob@a.example>",
      "Ann@Partner.Example", "elsewhere.example"};
  Original original;
  std::map<std::string, std::string> map;
  for (std::size_t i = 0, lines = 1 + chance.below(7); i < lines; ++i) {
    const auto& key = chance.of(keys);
    const auto& action = chance.of(access_actions());
    original.text += key + " " + action + "\n";
    map.emplace(small(key), action);
  }
  for (const auto& sender : senders()) {
    std::vector<std::string> asked{sender.empty() ? std::string("<>") : small(sender)};
    if (!sender.empty()) {
      const auto at = asked.front().find('@');
      auto domain = asked.front().substr(at + 1);
      const auto local = asked.front().substr(0, at + 1);
      for (;;) {
        asked.push_back(domain);
        const auto dot = domain.find('.');
        if (dot == std::string::npos) break;
        domain = domain.substr(dot + 1);
      }
      asked.push_back(local);
    }
    bool refused = false;
    for (const auto& key : asked) {
      const auto found = map.find(key);
      if (found == map.end()) continue;
      refused = is_refusal(found->second);
      break;
    }
    original.refused[sender] = refused;
  }
  return original;
}

TEST(NeverRefused, ByAccessKeysIsWhatPostfixLetPass) {
  EXPECT_GT(expect_no_refusal_more(Format::postfix_access, 150, access_keys), 25);
}

Original access_patterns(Chance& chance) {
  static const std::vector<std::string> patterns{"^<>$",
                                                 "^(<>|.*@partner\\.example)$",
                                                 "@partner\\.example$",
                                                 "^bob@",
                                                 "^$",
                                                 "@partner\\.example>$",
                                                 ".",
                                                 "^[^@]*$",
                                                 "^[^<]*$",
                                                 "\\.example$",
                                                 "(?=bob)",
                                                 "^(ann|bob)@",
                                                 "^..$",
                                                 ".*",
                                                 "a\\.example$",
                                                 "^<?ann@"};
  Original original;
  struct Line {
    bool negated;
    std::string pattern;
    std::string action;
  };
  std::vector<Line> lines;
  for (std::size_t i = 0, count = 1 + chance.below(5); i < count; ++i) {
    lines.push_back({chance.below(3) == 0, chance.of(patterns), chance.of(access_actions())});
    const auto& line = lines.back();
    original.text += (line.negated ? "!/" : "/") + line.pattern + "/ " + line.action + "\n";
  }
  for (const auto& sender : senders()) {
    const auto asked = sender.empty() ? std::string("<>") : sender;
    bool refused = false;
    for (const auto& line : lines) {
      const bool found = line.pattern == "(?=bob)" ? asked.find("bob") != std::string::npos ||
                                                         asked.find("Bob") != std::string::npos
                                                   : fits(line.pattern, asked);
      if (found == line.negated) continue;
      refused = is_refusal(line.action);
      break;
    }
    original.refused[sender] = refused;
  }
  return original;
}

TEST(NeverRefused, ByAccessPatternsIsWhatPostfixLetPass) {
  EXPECT_GT(expect_no_refusal_more(Format::postfix_access, 200, access_patterns), 25);
}

Original greylist(Chance& chance) {
  // Patterns as both programs read them.
  static const std::vector<std::string> texts{"/^<>$/",
                                              "/@partner\\.example>$/",
                                              "/@partner\\.example$/",
                                              "/^bob@/",
                                              "/^<bob@/",
                                              "bob@a.example",
                                              "/.ob@/",
                                              "/example/",
                                              "/..*@/",
                                              "/<ann@.*>/",
                                              "/[^b]ob@a/",
                                              "/exampl.$/",
                                              "/^.*example/"};
  Original original;
  struct Entry {
    std::string action;
    bool negated;
    std::vector<std::string> any;
  };
  std::vector<Entry> entries;
  for (std::size_t i = 0, count = 1 + chance.below(4); i < count; ++i) {
    Entry entry{
        chance.of({"whitelist", "greylist", "blacklist", "blacklist"}), chance.below(3) == 0, {}};
    const bool listed = chance.below(2) == 0;
    for (std::size_t n = 0, of = listed ? 1 + chance.below(3) : 1; n < of; ++n) {
      entry.any.push_back(chance.of(texts));
    }
    const auto name = "\"l" + std::to_string(i) + "\"";
    if (listed) {
      original.text += "list " + name + " from {";
      for (const auto& text : entry.any) original.text += " " + text;
      original.text += " }\n";
    }
    original.text += "racl " + entry.action + (entry.negated ? " not" : "") +
                     (listed ? " list " + name : " from " + entry.any.front()) + "\n";
    entries.push_back(std::move(entry));
  }
  for (const auto& sender : senders()) {
    const auto asked = "<" + sender + ">";
    bool refused = false;
    for (const auto& entry : entries) {
      const bool found =
          std::any_of(entry.any.begin(), entry.any.end(), [&](const std::string& text) {
            return text.front() == '/' ? fits(text.substr(1, text.size() - 2), asked)
                                       : small(asked).find(text) != std::string::npos;
          });
      if (found == entry.negated) continue;
      refused = entry.action == "blacklist";
      break;
    }
    original.refused[sender] = refused;
  }
  return original;
}

TEST(NeverRefused, ByAnAccessListIsWhatMilterGreylistLetPass) {
  EXPECT_GT(expect_no_refusal_more(Format::milter_greylist, 200, greylist), 25);
}

Original postfwd(Chance& chance) {
  static const std::vector<std::string> patterns{".*@partner\\.example|",
                                                 "bob@.*",
                                                 ".*",
                                                 ".+",
                                                 "(ann|bob)@.*",
                                                 "(bob@.*)?",
                                                 "<>",
                                                 ".*example",
                                                 ""};
  Original original;
  struct Rule {
    std::string comparison;
    std::string pattern;
    bool negated;
    std::string action;
  };
  std::vector<Rule> rules;
  for (std::size_t i = 0, count = 1 + chance.below(4); i < count; ++i) {
    Rule rule{chance.of({"=~", "!~"}), chance.of(patterns), chance.below(4) == 0,
              chance.of({"REJECT", "REJECT", "dunno", "WARN odd", "note(x)", "OK"})};
    if (rule.pattern.empty()) rule.pattern = "^$";
    original.text += "id=R" + std::to_string(i) + "; sender" + rule.comparison +
                     (rule.negated ? "!!(" + rule.pattern + ")" : rule.pattern) +
                     "; action=" + rule.action + "\n";
    rules.push_back(std::move(rule));
  }
  for (const auto& sender : senders()) {
    bool refused = false;
    for (const auto& rule : rules) {
      const bool found = fits("^(?:" + rule.pattern + ")$", sender);
      if (found == (rule.negated != (rule.comparison == "!~"))) continue;
      if (rule.action == "note(x)") continue;
      refused = rule.action == "REJECT";
      break;
    }
    original.refused[sender] = refused;
  }
  return original;
}

TEST(NeverRefused, ByARulesetIsWhatPostfwdLetPass) {
  EXPECT_GT(expect_no_refusal_more(Format::postfwd, 200, postfwd), 25);
}

TEST(NeverRefused, AnExceptionThatHadLostEntriesRefusedWhatTheySpared) {
  const auto made = imported(
      "list \"known\" from { /^<>$/ /@partner\\.example>$/ }\n"
      "racl blacklist not list \"known\"\n",
      Format::milter_greylist);
  EXPECT_THAT(made.policy, Not(HasSubstr("reject =")));
  EXPECT_EQ(made.remarks.back().line, 2U);
  EXPECT_THAT(made.remarks.back().reason, HasSubstr("behind \"not\""));
}

TEST(NeverRefused, ANegatedPatternThatFittedBouncesRefusedThem) {
  const auto made = imported("!/^(<>|.*@partner\\.example)$/ REJECT\n", Format::postfix_access);
  EXPECT_THAT(made.policy, Not(HasSubstr("[[rule]]")));
  EXPECT_THAT(made.remarks.front().reason, HasSubstr("behind !"));
  const auto any = imported("!/^([^@]+|.*@partner\\.example)$/ REJECT\n", Format::postfix_access);
  EXPECT_THAT(any.policy, HasSubstr("sender != \"<>\" and not ("));
}

TEST(NeverRefused, AnEmptyAlternativeOfPostfwdSparedBouncesAndDidNotHere) {
  const auto made =
      imported("id=A; sender!~.*@partner\\.example|; action=REJECT\n", Format::postfwd);
  const auto policy = testing::compile_policy(made.policy);
  ASSERT_TRUE(policy);
  EXPECT_FALSE(refuses_for_good(*policy, ""));
  EXPECT_FALSE(refuses_for_good(*policy, "a@partner.example"));
  EXPECT_TRUE(refuses_for_good(*policy, "a@example.net"));
}

TEST(NeverRefused, AKeyWithAFinalDotSparedADomainThatPostfixNeverFoundItFor) {
  for (const auto keys : {Keys::client, Keys::helo, Keys::sender, Keys::recipient}) {
    const auto made = imported("b.example. OK\nb.example REJECT\n", Format::postfix_access, keys);
    EXPECT_EQ(made.left_out, 1U);
    EXPECT_THAT(made.remarks.front().reason, HasSubstr("final dot"));
    EXPECT_THAT(made.policy, Not(HasSubstr("accept =")));
    EXPECT_THAT(made.policy, HasSubstr("reject ="));
    EXPECT_THAT(made.policy, Not(HasSubstr("shadow"))) << "it never let anything pass";
  }
}

TEST(NeverRefused, RefusalsBehindALineThatLetMailPassAndIsLeftOutStandInShadow) {
  for (const auto& [format, text] :
       {std::pair(Format::postfix_access, "/(?=bob)/ OK\n/example/ REJECT\n"),
        std::pair(Format::postfix_access, "if /x/\n/bob/ OK\nendif\n/example/ REJECT\n"),
        std::pair(Format::postfwd,
                  "id=A; rbl=x.example; action=dunno\nid=B; sender=~.*; action=REJECT\n"),
        std::pair(Format::postfwd,
                  "id=A; sender=~bob.*; action=FILTER x:y\n"
                  "id=B; sender=~.*; action=REJECT\n"),
        std::pair(Format::milter_greylist, "racl whitelist spf pass\nracl blacklist from /a/\n")}) {
    const auto made = imported(text, format);
    EXPECT_THAT(made.policy, HasSubstr("mode = \"shadow\"")) << text;
    EXPECT_THAT(made.remarks.back().reason, HasSubstr("shadow")) << text;
  }
}

TEST(NeverRefused, ALineWhoseActionIsUnknownStillSparesItsKey) {
  const auto made =
      imported("bob@a.example FILTER smtp:[x]\na.example REJECT\n", Format::postfix_access);
  EXPECT_EQ(made.left_out, 1U);
  const auto policy = testing::compile_policy(made.policy);
  ASSERT_TRUE(policy);
  EXPECT_FALSE(refuses_for_good(*policy, "bob@a.example"));
  EXPECT_TRUE(refuses_for_good(*policy, "ann@a.example"));
}

TEST(NeverRefused, ANegatedPatternOfHeloRefusedClientsThatGaveNone) {
  const auto made = imported("!/\\./ REJECT\n", Format::postfix_access, Keys::helo);
  EXPECT_THAT(made.policy, HasSubstr("helo != \"\" and not ("));
}

}  // namespace
}  // namespace postern::importer
