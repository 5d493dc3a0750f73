#include "postern/policy.h"
#include "rules/condition.h"
#include "rules/rule.h"
#include "rules/schema.h"
#include "rules/settings.h"
#include "support/policy_text.h"
#include "support/sample_check.h"
#include "tables/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace postern {
namespace {

using testing::compile_files;
using testing::compile_policy;
using testing::diagnostics_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> rules_of(const Policy& policy) {
  std::vector<std::string> rules;
  for (const auto& rule : policy.rules()) {
    rules.push_back(rule.place.name + " @" + std::string(to_text(rule.place.stage)));
  }
  return rules;
}

std::string rule(const std::string& keys) { return "[[rule]]\nname = \"r\"\n" + keys; }

TEST(Loader, ReadsEverySetting) {
  const auto policy = compile_policy(R"(
[identity]
host = "mx.example.org"
contact = "help@example.org"
help = "https://example.org/{reason}/{ref}"
[listen]
milter = "inet:8891@localhost"
policy = ["unix:/p", "inet:127.0.0.1:10044"]
control = "unix:/c"
mode = "0600"
owner = "postern"
group = "postfix"
speak = "stage"
[limits]
deadline = "1500ms"
policy_connections = 10
policy_idle = "1h"
journal_queue = 100
[journal]
path = ""
[log]
to = "stderr"
accepts = false
[run]
user = "u"
group = "g"
)");
  ASSERT_NE(policy, nullptr);
  const auto& settings = policy->settings();
  EXPECT_EQ(settings.identity.host, "mx.example.org");
  EXPECT_EQ(settings.identity.contact, "help@example.org");
  EXPECT_EQ(settings.identity.help, "https://example.org/{reason}/{ref}");
  ASSERT_TRUE(settings.listen.milter);
  EXPECT_EQ(settings.listen.milter->postfix_text(), "inet:localhost:8891");
  ASSERT_EQ(settings.listen.policy.size(), 2U);
  EXPECT_EQ(settings.listen.policy[1].postfix_text(), "inet:127.0.0.1:10044");
  ASSERT_TRUE(settings.listen.control);
  EXPECT_EQ(settings.listen.control->path, "/c");
  EXPECT_EQ(settings.listen.mode, 0600U);
  EXPECT_EQ(settings.listen.owner, "postern");
  EXPECT_EQ(settings.listen.group, "postfix");
  EXPECT_EQ(settings.listen.speak, Speak::stage);
  EXPECT_EQ(settings.limits.deadline.count(), 1500);
  EXPECT_EQ(settings.limits.policy_connections, 10U);
  EXPECT_EQ(settings.limits.policy_idle.count(), 3'600'000);
  EXPECT_EQ(settings.limits.journal_queue, 100U);
  EXPECT_EQ(settings.journal.path, "");
  EXPECT_EQ(settings.log.to, LogTarget::standard_error);
  EXPECT_FALSE(settings.log.accepts);
  EXPECT_EQ(settings.run.user, "u");
  EXPECT_EQ(settings.run.group, "g");
}

TEST(Loader, TheDefaultsOfTheSchemaAreTheDefaultsInForce) {
  const auto silent = compile_policy("");
  std::string text = "[identity]\nhost = \"mx1.example.org\"\n";
  std::string section;
  for (const auto& key : all_keys()) {
    const auto dot = key.path.find('.');
    if (dot == std::string_view::npos || key.fallback.empty() ||
        key.path.substr(0, dot) == "rule" || key.path.substr(0, dot) == "table" ||
        key.path.substr(0, dot) == "check" || key.path.substr(0, dot) == "test") {
      continue;
    }
    if (key.path.substr(0, dot) != section) {
      section = key.path.substr(0, dot);
      text += '[' + section + "]\n";
    }
    text += std::string(key.path.substr(dot + 1)) + " = " + std::string(key.fallback) + '\n';
  }
  const auto spoken = compile_policy(text);
  ASSERT_NE(silent, nullptr);
  ASSERT_NE(spoken, nullptr);
  const auto& a = silent->settings();
  const auto& b = spoken->settings();
  EXPECT_EQ(a.listen.mode, b.listen.mode);
  EXPECT_EQ(a.listen.speak, b.listen.speak);
  EXPECT_EQ(a.limits.deadline, b.limits.deadline);
  EXPECT_EQ(a.limits.policy_connections, b.limits.policy_connections);
  EXPECT_EQ(a.limits.policy_idle, b.limits.policy_idle);
  EXPECT_EQ(a.limits.journal_queue, b.limits.journal_queue);
  EXPECT_EQ(a.journal.path, b.journal.path);
  EXPECT_EQ(a.log.to, b.log.to);
  EXPECT_EQ(a.log.accepts, b.log.accepts);
}

TEST(Loader, ARuleWithoutAStageStandsWhereConditionAndReasonAllow) {
  const auto policy = compile_policy(R"(
[[rule]]
name = "unknown recipients"
when = 'recipient == "a@example.org"'
reject = "rcpt-unknown"
[[rule]]
name = "size"
when = 'declared_size > 10MB'
reject = "message-too-big"
[[rule]]
name = "network, refused where its reason may first be given"
when = 'client.ip == "192.0.2.1"'
reject = "client-blocked"
[[rule]]
name = "network, accepted at once"
when = 'client.ip == "192.0.2.2"'
accept = "session"
)");
  ASSERT_NE(policy, nullptr);
  EXPECT_THAT(rules_of(*policy),
              ElementsAre("network, accepted at once @connect",
                          "network, refused where its reason may first be given @helo",
                          "size @mail", "unknown recipients @rcpt"));
}

TEST(Loader, RulesOfAStageKeepTheOrderOfTheFiles) {
  const auto result = compile_files({
      {"postern.toml",
       "include = [\"rules/*.toml\", \"last.toml\"]\n[identity]\nhost = \"mx.example.org\"\n"
       "[[rule]]\nname = \"main\"\naccept = \"stage\"\nwhen = 'client.ip == \"192.0.2.9\"'\n"},
      {"last.toml", "[[rule]]\nname = \"last\"\naccept = \"stage\"\n"},
      {"rules/b.toml", "[[rule]]\nname = \"b\"\naccept = \"stage\"\nwhen = 'client.ip in t'\n"},
      {"rules/a.toml",
       "[table.t]\nkind = \"cidr\"\nfile = \"../t\"\n[[rule]]\nname = \"a\"\n"
       "accept = \"stage\"\nwhen = 'client.ip in t'\n"},
      {"rules/../t", "192.0.2.0/24\n"},
      {"rules/notes.txt", "not ours"},
  });
  ASSERT_TRUE(result.ok()) << render(result.problems());
  EXPECT_THAT(rules_of(*result->policy),
              ElementsAre("main @connect", "a @connect", "b @connect", "last @connect"));
  EXPECT_EQ(result->policy->rules()[1].place.file, "rules/a.toml");
  EXPECT_EQ(result->policy->rules()[1].place.line, 4U);
}

TEST(Loader, TableEntriesKnowWhereTheyStand) {
  const auto policy = compile_policy(
      "[table.t]\nkind = \"cidr\"\nentries = [\n  \"192.0.2.0/24\",\n  \"198.51.100.0/24\",\n]\n");
  ASSERT_NE(policy, nullptr);
  const auto hit = policy->tables().find("t")->second->find(*IpAddress::parse("198.51.100.1"));
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->file, "postern.toml");
  EXPECT_EQ(hit->line, 5U);
}

TEST(Loader, ATablesOptionsReachIt) {
  const auto found = [](const std::string& keys, const char* address) {
    const auto policy =
        compile_policy("[table.t]\nkind = \"address\"\nentries = [\"bob@\"]\n" + keys);
    if (policy == nullptr) return std::string("no policy");
    const auto hit = policy->tables().find("t")->second->find(MailAddress::from_envelope(address));
    return hit ? std::string(hit->entry) : std::string("none");
  };
  EXPECT_EQ(found("", "BOB@example.org"), "bob@");
  EXPECT_EQ(found("case = \"ignore\"\n", "BOB@example.org"), "bob@");
  EXPECT_EQ(found("case = \"exact\"\n", "BOB@example.org"), "none");
  EXPECT_EQ(found("", "bob+lists@example.org"), "none");
  EXPECT_EQ(found("delimiter = \"\"\n", "bob+lists@example.org"), "none");
  EXPECT_EQ(found("delimiter = \"+\"\n", "Bob+Lists@example.org"), "bob@");
}

TEST(Loader, TheDigestChangesWithEveryFileAndName) {
  const auto digest = [](const std::string& table, const std::string& name) {
    const auto result =
        compile_files({{"postern.toml",
                        "[identity]\nhost = \"mx.example.org\"\n[table.t]\nkind = \"string\"\n"
                        "file = \"" +
                            name + "\"\n"},
                       {name, table}});
    EXPECT_TRUE(result.ok()) << render(result.problems());
    return result ? result->policy->digest() : std::string();
  };
  EXPECT_EQ(digest("a", "x"), digest("a", "x"));
  EXPECT_NE(digest("a", "x"), digest("b", "x"));
  EXPECT_NE(digest("a", "x"), digest("a", "y"));
  EXPECT_EQ(digest("a", "x").size(), 64U);
}

TEST(Loader, APersonsChoicesReachTheRule) {
  const auto policy = compile_policy(rule(
      "when = 'client.ip == \"192.0.2.1\"'\nstage = \"rcpt\"\nreject = \"client-blocked\"\n"
      "code = \"554 5.7.1\"\ntext = \"We know {client_address} too well.\"\nmode = \"shadow\"\n"
      "unavailable = \"defer\"\n"));
  ASSERT_NE(policy, nullptr);
  const auto& made = policy->rules().front();
  EXPECT_EQ(made.verdict, Verdict::reject);
  ASSERT_NE(made.reason, nullptr);
  EXPECT_EQ(made.reason->id, "client-blocked");
  ASSERT_TRUE(made.form);
  EXPECT_EQ(made.form->text(), "554 5.7.1");
  EXPECT_EQ(made.text, "We know {client_address} too well.");
  EXPECT_EQ(made.mode, RuleMode::shadow);
  EXPECT_EQ(made.unavailable, WhenUnavailable::defer);
  EXPECT_EQ(made.condition.source(), "client.ip == \"192.0.2.1\"");
}

TEST(Loader, ACodeOfTheOtherClassTurnsTheActionItMayStandWith) {
  // The catalogue allows 450 4.7.1 for a reason whose default is permanent.
  EXPECT_EQ(diagnostics_of(rule("stage = \"rcpt\"\nwhen = 'helo == \"x\"'\n"
                                "defer = \"helo-unresolvable\"\ncode = \"450 4.7.1\"\n"))
                .find("error"),
            std::string::npos);
  EXPECT_THAT(diagnostics_of(rule("stage = \"rcpt\"\nwhen = 'helo == \"x\"'\n"
                                  "reject = \"helo-unresolvable\"\ncode = \"450 4.7.1\"\n")),
              HasSubstr("write defer = \"helo-unresolvable\""));
}

TEST(Loader, ATableThatDidNotLoadIsNotAnUnknownNameAsWell) {
  const auto text = diagnostics_of("[table.t]\nkind = \"cidr\"\nfile = \"missing\"\n" +
                                   rule("when = 'client.ip in t'\naccept = \"stage\"\n"));
  EXPECT_THAT(text, HasSubstr("cannot read \"missing\": No such file or directory"));
  EXPECT_EQ(text.find("error:", text.find("error:") + 1), std::string::npos) << text;
}

TEST(Loader, AMissingMainFileIsAProblemOfThatFile) {
  const auto result = compile_files({});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.problems().front().position.file, "postern.toml");
  EXPECT_EQ(result.problems().front().message, "cannot read this file: No such file or directory");
}

TEST(Loader, APatternWithoutFilesIsAWarningAndAMissingFileAnError) {
  EXPECT_THAT(diagnostics_of("include = [\"none/*.toml\"]\n"),
              HasSubstr("warning: no file matches \"none/*.toml\""));
  EXPECT_THAT(diagnostics_of("include = [\"none/a.toml\"]\n"),
              HasSubstr("error: cannot read \"none/a.toml\""));
}

TEST(Loader, AReaderOfSingleFilesWillDoWithoutPatterns) {
  const FileReader reader = [](const std::string& path) -> Result<std::string> {
    if (path != "p") return plain_problem("No such file or directory");
    return std::string("include = [\"*.toml\"]\n[identity]\nhost = \"mx.example.org\"\n");
  };
  const auto result = Policy::compile("p", reader, {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.problems().front().message, "patterns cannot be looked up here");
}

TEST(Loader, ProblemsOfAllFilesComeAtOnceInOrder) {
  const auto result = compile_files({
      {"postern.toml", "include = [\"r.toml\"]\nx = 1\n[identity]\nhost = \"-\"\n"},
      {"r.toml", "[[rule]]\nname = \"a\"\nreject = \"nothing\"\n[[rule]]\nname = \"a\"\n"},
  });
  ASSERT_FALSE(result.ok());
  std::vector<std::string> places;
  for (const auto& problem : result.problems()) {
    places.push_back(problem.position.file + ':' + std::to_string(problem.position.line));
  }
  EXPECT_THAT(places,
              ElementsAre("postern.toml:2", "postern.toml:4", "r.toml:3", "r.toml:4", "r.toml:5"));
}

TEST(Loader, ContentRulesAreNoErrorWithoutAMilterButAWarning) {
  CheckDescription description;
  description.name = "body_check";
  description.values = {"good", "bad"};
  description.earliest = Stage::end_of_headers;
  CheckRegistry checks;
  checks.add(std::make_shared<test::SampleCheck>(description));
  const auto text = "[listen]\npolicy = \"unix:/p\"\n" +
                    rule("when = 'body_check == \"bad\"'\nreject = \"malformed-message\"\n");
  EXPECT_THAT(diagnostics_of(text, checks),
              HasSubstr("warning: this rule needs the message's content"));
}

TEST(Loader, ARuleThatOnlyStandsAtTheEndOfTheHeadersIsAskedAtThePolicyDoorToo) {
  const auto text = "[listen]\npolicy = \"unix:/p\"\n" +
                    rule(
                        "stage = \"end-of-headers\"\nwhen = 'client.ip == \"192.0.2.1\"'\n"
                        "reject = \"policy-reject\"\n");
  EXPECT_THAT(diagnostics_of(text), Not(HasSubstr("content")));
  const auto policy = compile_policy(text);
  ASSERT_NE(policy, nullptr);
  Transaction transaction;
  transaction.door = Door::policy;
  transaction.stage = Stage::end_of_message;
  transaction.client.address = IpAddress::parse("192.0.2.1");
  const auto outcome = evaluate(*policy, transaction, Facts{});
  ASSERT_TRUE(std::holds_alternative<Decision>(outcome));
  EXPECT_EQ(std::get<Decision>(outcome).verdict, Verdict::reject);
}

TEST(Loader, PostmasterAcceptedBeforeRefusalsLeavesNothingToSay) {
  const std::string refusal = rule(
      "when = 'recipient != \"a@example.org\"'\n"
      "reject = \"rcpt-unknown\"\n");
  const std::string tables =
      "[table.open]\nkind = \"address\"\nentries = [\"postmaster@\"]\n"
      "[table.ours]\nkind = \"domain\"\nentries = [\"example.net\"]\n"
      "[table.whole]\nkind = \"address\"\nentries = [\"postmaster@example.com\"]\n";
  EXPECT_THAT(diagnostics_of(refusal), HasSubstr("accepts mail for postmaster"));
  for (const auto* condition : {
           "recipient in open",
           "(recipient.domain in ours or recipient.domain == \"\") and recipient in open",
           "recipient.local matches \"(?i)^postmaster$\"",
           "recipient == \"postmaster@example.edu\" or recipient == \"postmaster\"",
           "recipient in whole or recipient == \"postmaster\"",
           "recipient in open and stage == \"rcpt\"",
           "client.ip in [\"192.0.2.0/24\"] or recipient in open",
       }) {
    EXPECT_THAT(diagnostics_of(tables + "[[rule]]\nname = \"p\"\naccept = \"stage\"\nwhen = '" +
                               condition + "'\n" + refusal),
                Not(HasSubstr("RFC 5321 4.5.1")))
        << condition;
  }
  EXPECT_THAT(
      diagnostics_of("[[rule]]\nname = \"p\"\nstage = \"mail\"\naccept = \"message\"\n" + refusal),
      Not(HasSubstr("postmaster")));
  // What one rule leaves out another one may bring.
  EXPECT_THAT(diagnostics_of(tables +
                             "[[rule]]\nname = \"p\"\naccept = \"stage\"\n"
                             "when = 'recipient.domain in ours and recipient in open'\n"
                             "[[rule]]\nname = \"q\"\naccept = \"stage\"\n"
                             "when = 'recipient == \"postmaster\"'\n" +
                             refusal),
              Not(HasSubstr("RFC 5321 4.5.1")));
}

TEST(Loader, WhatIsReadOfAFileWithAFaultOfSyntaxEndsBeforeTheFaultysSection) {
  // Lines that look like the beginning of a section stand in texts and lists as well.
  const auto result = compile_files({{"postern.toml",
                                      "[identity]\nhost = \"-\"\n"
                                      "[[rule]]\nname = \"a\"\ntext = '''\n[[rule]]\n[x]\n"}});
  ASSERT_FALSE(result.ok());
  ASSERT_EQ(result.problems().size(), 2U);
  EXPECT_EQ(result.problems()[0].message, "\"-\" is not a host name");
  EXPECT_THAT(result.problems()[1].hint,
              HasSubstr("until this is corrected, nothing from line 3 on is checked"));
}

}  // namespace
}  // namespace postern
