#include "kit/run_tests.h"
#include "kit/test_report.h"
#include "support/golden.h"
#include "support/policy_text.h"
#include "support/sample_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::ElementsAre;
using testing::expect_golden;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* rules = R"([identity]
host = "mx1.example.org"
contact = "postmaster@example.org"

[table.partners]
kind = "cidr"
entries = ["198.51.100.0/24"]

[table.refused]
kind = "map"
keys = "domain"
entries = [{ entry = "example.com", value = "550 5.7.1" }]

[[rule]]
name = "partners are welcome"
when = 'client.ip in partners'
accept = "session"

[[rule]]
name = "listed clients"
stage = "rcpt"
when = 'sample_list == "listed"'
reject = "dnsbl-listed"

[[rule]]
name = "busy clients"
stage = "rcpt"
when = 'sample_counter == "high"'
defer = "policy-defer"

[[rule]]
name = "watched senders"
stage = "rcpt"
when = 'sender.domain == "example.com"'
reject = "sender-blocked"
mode = "shadow"

[[rule]]
name = "unknown recipients"
stage = "rcpt"
when = 'recipient.local == "nobody"'
reject = "rcpt-unknown"

[[rule]]
name = "too big"
when = 'size > 1MB'
reject = "message-too-big"

[[rule]]
name = "newcomers"
stage = "mail"
when = 'sender.domain == "new.example"'
tag = "new"
add_header = "X-Seen: {sender_domain}"
score = { doubt = 2.5 }

[[rule]]
name = "doubtful"
stage = "mail"
when = 'score.doubt >= 2.5'
quarantine = "too new"

)";

/// Keys that every test here needs; `more` holds the rest.
std::string test(const std::string& more, const std::string& name = "t") {
  std::string text = "[[test]]\nname = \"" + name + "\"\n" + more;
  if (more.find("client =") == std::string::npos) text += "client = { ip = \"192.0.2.1\" }\n";
  if (more.find("sender =") == std::string::npos) text += "sender = \"a@example.com\"\n";
  if (more.find("recipient") == std::string::npos) text += "recipient = \"bob@example.org\"\n";
  return text;
}

std::vector<TestResult> results_of(const std::string& tests) {
  static const auto checks = test::sample_checks();
  const auto policy = testing::compile_policy(rules + tests, checks);
  if (!policy) return {};
  return run_tests(policy, policy->tests(), checks);
}

/// What differs in the only test, "what: expected / got" each; "trouble: ..." if it cannot run.
std::vector<std::string> differences_of(const std::string& more) {
  const auto results = results_of(test(more));
  std::vector<std::string> texts;
  for (const auto& result : results) {
    for (const auto& each : result.differences) {
      texts.push_back(each.what + ": " + each.expected + " / " + each.got);
    }
    if (!result.trouble.empty()) texts.push_back("trouble: " + result.trouble);
  }
  EXPECT_EQ(results.size(), 1U);
  return texts;
}

TEST(PolicyTests, APassingTestHasNoDifferences) {
  EXPECT_THAT(differences_of(R"(
dns = { "1.2.0.192.list.example A" = "127.0.0.2" }
expect = { verdict = "reject", reply = "550 5.7.1", reason = "dnsbl-listed", rule = "listed clients", text = "192.0.2.1", shadow = [], evidence = { sample_list = "listed" } }
)"),
              IsEmpty());
}

TEST(PolicyTests, EveryKeyThatDoesNotHoldIsADifference) {
  EXPECT_THAT(differences_of(R"(
expect = { verdict = "reject", reply = "550 5.7.1", reason = "dnsbl-listed", rule = "listed clients", text = "blocked", shadow = [], evidence = { sample_list = ["listed", "odd"] } }
)"),
              ElementsAre("verdict: reject / pass", "reply: 550 5.7.1 / none",
                          "reason: dnsbl-listed / none", "rule: listed clients / none",
                          "text: ... blocked ... / none", "shadow: none / watched senders",
                          "evidence.sample_list: listed or odd / clear"));
}

TEST(PolicyTests, WhatIsDoneBesidesAndScoresCanBeExpected) {
  EXPECT_THAT(differences_of(R"(
sender = "a@new.example"
expect = { verdict = "quarantine", effects = ["tag new", "add_header X-Seen: new.example"], evidence = { "score.doubt" = "2.5" } }
)"),
              IsEmpty());
  EXPECT_THAT(differences_of("sender = \"a@new.example\"\nexpect = { effects = [] }\n"),
              ElementsAre("effects: none / add_header X-Seen: new.example, tag new"));
}

TEST(PolicyTests, NamesThatTheDnsWorldDoesNotHoldDoNotExist) {
  EXPECT_THAT(differences_of(R"(
dns = { "2.2.0.192.list.example A" = "127.0.0.2" }
expect = { verdict = "pass", rule = "", evidence = { sample_list = "clear" } }
)"),
              IsEmpty());
}

TEST(PolicyTests, DnsThatFailsMakesTheCheckUnavailable) {
  for (const auto* trouble : {"SERVFAIL", "TIMEOUT"}) {
    EXPECT_THAT(differences_of("dns = { \"1.2.0.192.list.example A\" = \"" + std::string(trouble) +
                               "\" }\nexpect = { verdict = \"pass\", evidence = { sample_list = "
                               "\"listed\" } }\n"),
                ElementsAre(HasSubstr("evidence.sample_list: listed / ")))
        << trouble;
  }
}

TEST(PolicyTests, CountersStandWhereTheTestSays) {
  EXPECT_THAT(differences_of(R"(
counters = { "sample_counter 192.0.2.1" = 12 }
expect = { verdict = "defer", rule = "busy clients", evidence = { sample_counter = "high" } }
)"),
              IsEmpty());
  EXPECT_THAT(differences_of(R"(
counters = { "sample_counter 192.0.2.2" = 12 }
expect = { verdict = "pass", evidence = { sample_counter = "low" } }
)"),
              IsEmpty());
}

TEST(PolicyTests, ATableHoldsWhatTheTestSaysInPlaceOfItsOwn) {
  EXPECT_THAT(
      differences_of("tables = { partners = [\"192.0.2.0/24\"] }\n"
                     "expect = { verdict = \"accept\", rule = \"partners are welcome\" }\n"),
      IsEmpty());
  EXPECT_THAT(differences_of("tables = { partners = [] }\nclient = { ip = \"198.51.100.1\" }\n"
                             "expect = { verdict = \"pass\" }\n"),
              IsEmpty());
  EXPECT_THAT(differences_of("client = { ip = \"198.51.100.1\" }\n"
                             "expect = { verdict = \"accept\" }\n"),
              IsEmpty());
}

TEST(PolicyTests, ATableThatNoRuleCanUseIsATroubleOfTheTest) {
  const std::string rule = R"([[rule]]
name = "by map"
stage = "rcpt"
when = 'sender.domain in refused'
reject = "sender-blocked"
code = "{map.refused}"

)";
  const auto results = results_of(
      rule + test("tables = { refused = [{ entry = \"example.com\", value = \"nonsense\" }] }\n"
                  "expect = { verdict = \"reject\" }\n"));
  ASSERT_EQ(results.size(), 1U);
  EXPECT_FALSE(results.front().passed());
  EXPECT_THAT(results.front().trouble, HasSubstr("no rule can use its tables"));
}

TEST(PolicyTests, RecipientsAreDecidedOnBeforeTheMessage) {
  EXPECT_THAT(differences_of(R"(recipients = ["nobody@example.org", "bob@example.org"]
size = 2000000
expect = { verdict = "reject", rule = "too big", evidence = { size = 2000000 } }
)"),
              IsEmpty());
  EXPECT_THAT(differences_of(R"(recipients = ["nobody@example.org"]
size = 2000000
expect = { verdict = "reject", rule = "unknown recipients", reply = "550 5.1.1" }
)"),
              IsEmpty());
}

TEST(PolicyTests, MailHandedInLocallyIsNotRefusedAtRcpt) {
  EXPECT_THAT(differences_of("client = { local = true }\nrecipient = \"nobody@example.org\"\n"
                             "expect = { verdict = \"pass\" }\n"),
              IsEmpty());
}

TEST(PolicyTests, ANameThatTheMailServerDoesNotTellIsAskedOfTheWorldsDns) {
  const std::string rule = R"([[rule]]
name = "friends"
stage = "rcpt"
when = 'client.name == "mail.example.net"'
accept = "message"

[[rule]]
name = "all others"
stage = "rcpt"
reject = "policy-reject"

)";
  const auto results = results_of(
      rule + test("expect = { verdict = \"reject\", rule = \"all others\" }\n", "no name") +
      test(
          "dns = { \"1.2.0.192.in-addr.arpa PTR\" = \"mail.example.net\", \"mail.example.net A\" = "
          "\"192.0.2.1\" }\nexpect = { verdict = \"accept\", rule = \"friends\" }\n",
          "a name in DNS") +
      test("dns = { \"1.2.0.192.in-addr.arpa PTR\" = \"TIMEOUT\" }\n"
           "expect = { verdict = \"defer\", rule = \"all others\" }\n",
           "silence") +
      test("client = { ip = \"192.0.2.1\", name = \"Mail.Example.NET.\" }\n"
           "expect = { verdict = \"accept\" }\n",
           "the name") +
      test("client = { ip = \"192.0.2.1\", name = \"x.example\" }\n"
           "expect = { verdict = \"reject\" }\n",
           "another name"));
  ASSERT_EQ(results.size(), 5U);
  for (const auto& result : results) EXPECT_TRUE(result.passed()) << failure_text(result);
}

TEST(PolicyTests, ShadowRulesAreAskedToTheirEnd) {
  EXPECT_THAT(differences_of("expect = { shadow = [\"watched senders\"] }\n"), IsEmpty());
}

TEST(PolicyTests, StopWhenNobodyWaitsAnyMore) {
  const auto policy =
      testing::compile_policy(std::string(rules) + test("expect = { verdict = \"pass\" }\n", "a") +
                                  test("expect = { verdict = \"pass\" }\n", "b"),
                              test::sample_checks());
  ASSERT_TRUE(policy);
  int asked = 0;
  const auto results =
      run_tests(policy, policy->tests(), test::sample_checks(), [&] { return ++asked < 2; });
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(count_text(results, 1), "2 tests: 1 passed, 0 failed, 1 not run for want of time");
}

TEST(PolicyTests, AFileOfTestsIsReadBesideThePolicy) {
  const auto checks = test::sample_checks();
  const auto policy = testing::compile_policy(rules, checks);
  ASSERT_TRUE(policy);
  const auto reader = testing::memory_reader(
      {{"tests/more.toml", test("dns_file = \"world.toml\"\nexpect = { verdict = \"reject\" }\n")},
       {"tests/world.toml", "\"1.2.0.192.list.example A\" = [\"127.0.0.2\", \"127.0.0.3\"]\n"},
       {"bad.toml", "[[rule]]\nname = \"x\"\n"}});
  const auto tests = Policy::read_tests(*policy, "tests/more.toml", reader, checks);
  ASSERT_TRUE(tests.ok()) << render(tests.problems());
  EXPECT_TRUE(all_passed(run_tests(policy, *tests, checks)));
  const auto bad = Policy::read_tests(*policy, "bad.toml", reader, checks);
  EXPECT_THAT(render(bad.problems()), HasSubstr("\"rule\" has no place in a file of tests"));
  EXPECT_THAT(render(Policy::read_tests(*policy, "none.toml", reader, checks).problems()),
              HasSubstr("cannot read this file"));
}

TEST(PolicyTests, IncludedFilesMayHoldTests) {
  const auto checks = test::sample_checks();
  const auto result =
      testing::compile_files({{"postern.toml", "include = [\"tests.toml\"]\n" + std::string(rules)},
                              {"tests.toml", test("expect = { verdict = \"pass\" }\n")}},
                             checks);
  ASSERT_TRUE(result.ok()) << render(result.problems());
  ASSERT_EQ(result->policy->tests().size(), 1U);
  EXPECT_EQ(result->policy->tests().front().place.file, "tests.toml");
}

TEST(PolicyTests, SurviveATableThatIsReadAnew) {
  testing::Files files{{"postern.toml",
                        "[identity]\nhost = \"mx1.example.org\"\n[table.t]\nkind = "
                        "\"cidr\"\nfile = \"t\"\n" +
                            test("expect = { verdict = \"pass\" }\n")},
                       {"t", "192.0.2.1\n"}};
  const auto compiled = testing::compile_files(files);
  ASSERT_TRUE(compiled.ok()) << render(compiled.problems());
  files["t"] = "192.0.2.2\n";
  const auto changed = Policy::with_table_file(compiled->policy, "t", testing::memory_reader(files),
                                               CheckRegistry());
  ASSERT_TRUE(changed.ok()) << render(changed.problems());
  ASSERT_NE(*changed, compiled->policy);
  EXPECT_EQ((*changed)->tests().size(), 1U);
}

TEST(TestReport, SaysWhatDiffersAndWhatTheRulesSaid) {
  const auto results = results_of(
      test(
          R"(expect = { verdict = "reject", rule = "listed clients", evidence = { sample_list = "listed" } }
)",
          "a listed client is refused") +
      test("dns = { \"1.2.0.192.list.example A\" = \"TIMEOUT\" }\nexpect = { verdict = "
           "\"reject\", text = \"listed\" }\n",
           "trouble is no listing") +
      test("client = { ip = \"198.51.100.7\" }\nexpect = { rule = \"\" }\n",
           "nobody is a partner") +
      test("expect = { verdict = \"pass\" }\n", "others pass"));
  std::string text;
  for (const auto& result : results) {
    if (!result.passed()) text += failure_text(result);
  }
  expect_golden("cli/test_failures.txt", text + count_text(results) + '\n');
}

}  // namespace
}  // namespace postern
