// Rules that rest on DNS, played in a world of their own: the [[test]] sections of a policy hold.
#include "kit/run_tests.h"
#include "kit/test_report.h"
#include "support/policy_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace postern {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* rules = R"(
[identity]
host = "mx1.example.org"

[check.zen]
kind   = "dnsbl"
zone   = "zen.example"
title  = "ZEN"
listed = { "127.0.0.2-3" = "spam", "127.0.0.4-7" = "exploited", "127.0.0.10-11" = "policy" }
lookup = "https://zen.example/q/{value}"

[check.friends]
kind   = "dnswl"
zone   = "friends.example"
listed = { "127.0.*.0" = "none", "127.0.*.1" = "low", "127.0.*.2" = "medium", "127.0.*.3" = "high" }

[check.domains]
kind = "dnsbl"
zone = "dbl.example"
of   = "sender.domain"

[check.strict_spf]
kind = "spf"
void_lookups = 0

[check.helo_check]
ours = ["mx1.example.org", "192.0.2.25"]

[[rule]]
name   = "friends"
stage  = "rcpt"
when   = 'friends in ["medium", "high"]'
accept = "message"

[[rule]]
name   = "listed clients"
stage  = "rcpt"
when   = 'zen in ["spam", "exploited"]'
reject = "dnsbl-listed"
code   = "554 5.7.1"

[[rule]]
name   = "listed domains"
stage  = "rcpt"
when   = 'domains == "listed"'
reject = "dnsbl-listed"

[[rule]]
name   = "forged senders"
stage  = "rcpt"
when   = 'spf == "fail" and not client.authenticated'
reject = "spf-fail"
unavailable = "defer"

[[rule]]
name   = "forged by name"
stage  = "rcpt"
when   = 'helo_check == "ours" or spf_helo == "fail"'
reject = "helo-forged"

[[rule]]
name   = "one lookup for nothing is too many"
stage  = "rcpt"
mode   = "shadow"
when   = 'strict_spf == "permerror"'
reject = "spf-permerror"

[[rule]]
name   = "senders that cannot be answered"
stage  = "rcpt"
when   = 'sender_domain in ["null-mx", "bogus-mx", "nonexistent"]'
reject = "sender-domain-bad"

[[rule]]
name   = "hosts without names"
stage  = "rcpt"
when   = 'iprev == "permerror" and rdns == "none"'
reject = "client-no-rdns"

[[rule]]
name   = "lines of customers"
stage  = "rcpt"
when   = 'rdns == "generic"'
defer  = "reputation-defer"

[[rule]]
name   = "no way on"
stage  = "rcpt"
when   = 'recipient_domain == "null-mx"'
reject = "rcpt-domain-null-mx"
)";

/// `told` and `dns` are of a [[test]]; the rest makes the mail pass where they do not say
/// otherwise.
std::string test_of(const std::string& told, const std::string& dns, const std::string& expect) {
  return "[[test]]\nname = \"it\"\nstage = \"rcpt\"\n" + told + "dns = { " + dns +
         " }\nexpect = { " + expect + " }\n";
}

constexpr const char* usual =
    "client = { ip = \"192.0.2.1\", name = \"mail.example.com\" }\nhelo = \"mail.example.com\"\n"
    "sender = \"a@example.com\"\nrecipient = \"bob@example.org\"\n";
constexpr const char* usual_dns =
    R"("example.com MX" = "10 mail.example.com", "mail.example.com A" = "192.0.2.1", )"
    R"("example.com TXT" = "v=spf1 mx -all")";

std::string with(const std::string& more) { return std::string(usual_dns) + ", " + more; }

/// What fails, as people read it; empty: nothing.
std::string failures_of(const std::string& test, std::string* reply = nullptr) {
  const auto compiled = testing::compile_files({{"postern.toml", rules + test}});
  if (!compiled) return render(compiled.problems());
  const auto results = run_tests(compiled->policy, compiled->policy->tests(), {});
  if (reply != nullptr) {
    const auto& one = compiled->policy->tests().front();
    const auto played = play_end(one.scene, one.world, *compiled->policy);
    if (played.decision.reply) {
      const auto& text = played.decision.reply->text();
      *reply = text.sentence + '|' + text.quote + '|' + text.help;
    }
  }
  return all_passed(results) ? "" : failure_text(results.front());
}

TEST(DnsChecks, MailThatEverythingSpeaksForPasses) {
  EXPECT_EQ(failures_of(test_of(usual, usual_dns,
                                "verdict = \"pass\", evidence = { spf = \"pass\", zen = \"clear\", "
                                "iprev = \"pass\", sender_domain = \"good\", helo_check = "
                                "\"name\" }")),
            "");
}

TEST(DnsChecks, ListsSayWhatTheirCodesMeanAndRepliesWhereToLook) {
  std::string reply;
  EXPECT_EQ(failures_of(
                test_of(usual,
                        with(R"("1.2.0.192.zen.example A" = ["127.0.0.4", "127.0.0.10"],)"
                             R"("1.2.0.192.zen.example TXT" = "caught; see https://zen.example")"),
                        "reply = \"554 5.7.1\", rule = \"listed clients\", evidence = { zen = "
                        "\"exploited, policy\" }"),
                &reply),
            "");
  EXPECT_EQ(reply,
            "Client host [192.0.2.1] is blocked using ZEN. It lists 192.0.2.1.|ZEN says \"caught, "
            "see https-//zen.example\"|See https://zen.example/q/192.0.2.1");
}

TEST(DnsChecks, ARefusalNamesTheListThatItRestsOn) {
  const std::string more = R"(
[check.last]
kind = "dnsbl"
zone = "last.example"
title = "LAST"
[[rule]]
name   = "nobody vouches"
stage  = "rcpt"
when   = 'not friends == "high" and (zen == "spam" or last == "listed")'
reject = "dnsbl-listed"
)";
  std::string reply;
  EXPECT_EQ(failures_of(more + test_of(usual,
                                       with(R"("1.2.0.192.friends.example A" = "127.0.5.1",)"
                                            R"("1.2.0.192.zen.example A" = "127.0.0.10",)"
                                            R"("1.2.0.192.zen.example TXT" = "a line of ours",)"
                                            R"("1.2.0.192.last.example A" = "127.0.0.2")"),
                                       "rule = \"nobody vouches\""),
                        &reply),
            "");
  EXPECT_EQ(reply, "Client host [192.0.2.1] is blocked using LAST. It lists 192.0.2.1.||");
}

TEST(DnsChecks, ACodeThatNoMeaningFitsIsNoWordAgainstAFriend) {
  EXPECT_EQ(failures_of(test_of(usual,
                                with(R"("1.2.0.192.friends.example A" = "127.0.0.255",)"
                                     R"("1.2.0.192.zen.example A" = "127.0.0.2")"),
                                "verdict = \"defer\", reply = \"451 4.4.3\"")),
            "")
      << "so the list says that we may not ask";
}

TEST(DnsChecks, AnExplanationThatIsNotToBeHadLeavesAFailAFail) {
  EXPECT_EQ(failures_of(test_of("client = { ip = \"192.0.2.1\" }\nhelo = \"mail.example.com\"\n"
                                "sender = \"a@example.net\"\nrecipient = \"bob@example.org\"\n",
                                with(R"("example.net TXT" = "v=spf1 exp=e.example.net -all",)"
                                     R"("e.example.net TXT" = "you are %{p}",)"
                                     R"("1.2.0.192.in-addr.arpa PTR" = "TIMEOUT")"),
                                "rule = \"forged senders\", reply = \"550 5.7.23\"")),
            "");
}

TEST(DnsChecks, AListsOwnWordsAreNotWaitedForInVain) {
  EXPECT_EQ(failures_of(test_of(usual,
                                with(R"("1.2.0.192.zen.example A" = "127.0.0.2",)"
                                     R"("1.2.0.192.zen.example TXT" = "TIMEOUT")"),
                                "rule = \"listed clients\"")),
            "");
}

TEST(DnsChecks, WhatNoListAnswersIsNoListing) {
  for (const auto* code : {"127.255.255.254", "127.0.0.1", "203.0.113.1", "SERVFAIL", "TIMEOUT"}) {
    EXPECT_EQ(failures_of(
                  test_of(usual, with("\"1.2.0.192.zen.example A\" = \"" + std::string(code) + '"'),
                          "verdict = \"pass\"")),
              "")
        << code;
  }
}

TEST(DnsChecks, AFriendOfItsListIsNotAskedForMore) {
  EXPECT_EQ(failures_of(test_of(usual,
                                with(R"("1.2.0.192.friends.example A" = "127.0.17.3",)"
                                     R"("1.2.0.192.zen.example A" = "127.0.0.2")"),
                                "verdict = \"accept\", evidence = { friends = \"high\" }")),
            "");
}

TEST(DnsChecks, AListThatCannotBeAskedMayHaveLetItIn) {
  EXPECT_EQ(failures_of(test_of(usual,
                                with(R"("1.2.0.192.friends.example A" = "SERVFAIL",)"
                                     R"("1.2.0.192.zen.example A" = "127.0.0.2")"),
                                "verdict = \"defer\", reply = \"451 4.4.3\"")),
            "");
}

TEST(DnsChecks, ListsOfDomainsAreAskedAboutTheSenders) {
  EXPECT_EQ(failures_of(test_of(usual, with(R"("example.com.dbl.example A" = "127.0.1.2")"),
                                "verdict = \"pass\"")),
            "")
      << "beyond 127.0.0.254 a code means what somebody has told";
  EXPECT_EQ(failures_of(test_of(usual, with(R"("example.com.dbl.example A" = "127.0.0.2")"),
                                "rule = \"listed domains\"")),
            "");
}

TEST(DnsChecks, AnSpfFailIsRefusedInTheWordsOfTheDomain) {
  std::string reply;
  EXPECT_EQ(failures_of(test_of(usual,
                                R"("example.com MX" = "10 mail.example.com",)"
                                R"("mail.example.com A" = "192.0.2.1", "example.com TXT" = )"
                                R"("v=spf1 ip4:198.51.100.1 -all exp=why.example.com",)"
                                R"("why.example.com TXT" = "%{i} is not ours")",
                                "reply = \"550 5.7.23\", evidence = { spf = \"fail\" }"),
                        &reply),
            "");
  EXPECT_EQ(reply,
            "SPF check failed because example.com does not let [192.0.2.1] send.|example.com says "
            "\"192.0.2.1 is not ours\"|");
}

TEST(DnsChecks, TroubleOfSpfPutsOffAndIsSaidSo) {
  EXPECT_EQ(failures_of(test_of(usual,
                                R"("example.com MX" = "10 mail.example.com",)"
                                R"("mail.example.com A" = "192.0.2.1",)"
                                R"("example.com TXT" = "TIMEOUT")",
                                "verdict = \"defer\", reply = \"451 4.7.24\"")),
            "");
}

TEST(DnsChecks, WhoCallsItselfAsWeDoIsRefused) {
  for (const auto* name : {"mx1.example.org", "[192.0.2.25]"}) {
    EXPECT_EQ(failures_of(test_of("client = { ip = \"192.0.2.1\", name = \"mail.example.com\" }\n"
                                  "helo = \"" +
                                      std::string(name) +
                                      "\"\nsender = \"a@example.com\"\n"
                                      "recipient = \"bob@example.org\"\n",
                                  usual_dns, "rule = \"forged by name\"")),
              "")
        << name;
  }
}

TEST(DnsChecks, AHeloNameThatDeniesTheClientIsForged) {
  EXPECT_EQ(failures_of(test_of(usual, with(R"("mail.example.com TXT" = "v=spf1 -all")"),
                                "rule = \"forged by name\"")),
            "");
}

TEST(DnsChecks, LookupsForNothingMayBeForbidden) {
  EXPECT_EQ(failures_of(test_of(usual,
                                R"("example.com MX" = "10 mail.example.com",)"
                                R"("mail.example.com A" = "192.0.2.1",)"
                                R"("example.com TXT" = "v=spf1 a:none.example.com mx -all")",
                                "verdict = \"pass\", shadow = [\"one lookup for nothing is too "
                                "many\"]")),
            "");
}

TEST(DnsChecks, SendersThatNobodyCanAnswerAreRefused) {
  for (const auto* mx :
       {R"("example.com MX" = "0 .")", R"("example.com A" = "10.0.0.1")",
        R"("example.com MX" = "10 nowhere.example")", R"("example.com MX" = "NXDOMAIN")"}) {
    EXPECT_EQ(failures_of(test_of(usual, mx, "rule = \"senders that cannot be answered\"")), "")
        << mx;
  }
  EXPECT_EQ(failures_of(test_of("client = { ip = \"192.0.2.1\", name = \"mail.example.com\" }\n"
                                "helo = \"mail.example.com\"\nsender = \"\"\n"
                                "recipient = \"bob@example.org\"\n",
                                "", "verdict = \"pass\"")),
            "")
      << "bounces have no sender to be answered";
}

TEST(DnsChecks, NamesAreAskedForWhereTheMailServerTellsNone) {
  const std::string nameless =
      "client = { ip = \"192.0.2.1\" }\nhelo = \"mail.example.com\"\nsender = \"a@example.com\"\n"
      "recipient = \"bob@example.org\"\n";
  EXPECT_EQ(failures_of(test_of(nameless, usual_dns, "rule = \"hosts without names\"")), "");
  EXPECT_EQ(
      failures_of(test_of(nameless, with(R"("1.2.0.192.in-addr.arpa PTR" = "mail.example.com")"),
                          "verdict = \"pass\", evidence = { iprev = \"pass\", rdns = \"named\" }")),
      "");
  EXPECT_EQ(failures_of(test_of(
                nameless, with(R"("1.2.0.192.in-addr.arpa PTR" = "dyn-192-0-2-1.example.net")"),
                "rule = \"lines of customers\", evidence = { rdns = \"generic, "
                "unconfirmed\" }")),
            "");
  EXPECT_EQ(failures_of(test_of(nameless, with(R"("1.2.0.192.in-addr.arpa PTR" = "SERVFAIL")"),
                                "verdict = \"pass\"")),
            "")
      << "trouble is no answer";
}

TEST(DnsChecks, RecipientsThatTakeNoMailAreRefused) {
  EXPECT_EQ(
      failures_of(test_of(usual, with(R"("example.org MX" = "0 .")"), "rule = \"no way on\"")), "");
}

/// A world in which most things are in order, and some are not, as chance has it.
World random_world(std::mt19937& random) {
  const auto one_of = [&](std::vector<std::vector<std::string>> choices) {
    return choices[random() % choices.size()];
  };
  World world;
  const auto add = [&](const char* question, std::vector<std::string> records) {
    if (records.empty()) return;
    DnsResult result;
    result.kind = DnsResult::Kind::records;
    result.records = std::move(records);
    EXPECT_FALSE(world.dns.add(std::get<DnsQuestion>(dns_question(question)), std::move(result)));
  };
  add("1.2.0.192.in-addr.arpa PTR",
      one_of({{}, {"mail.example.com"}, {"dyn1.example.net", "mail.example.com"}}));
  add("mail.example.com A", one_of({{}, {"192.0.2.1"}, {"198.51.100.1"}}));
  add("mail.example.com AAAA", one_of({{}, {"2001:db8::1"}}));
  add("dyn1.example.net A", one_of({{}, {"192.0.2.1"}}));
  add("example.com MX", one_of({{}, {"0 ."}, {"10 mail.example.com", "20 dyn1.example.net"}}));
  add("example.com TXT",
      one_of({{},
              {"v=spf1 ptr:example.com -all"},
              {"v=spf1 include:_spf.example.com mx -all"},
              {"v=spf1 exists:%{p}.example.com redirect=_spf.example.com"},
              {"v=spf1 a:mail.example.com a:none.example.com ?all", "v=spf1 -all"}}));
  add("_spf.example.com TXT",
      one_of({{}, {"v=spf1 a:dyn1.example.net -all"}, {"v=spf1 bad:term -all"}}));
  add("mail.example.com TXT", one_of({{}, {"v=spf1 a -all"}}));
  add("mail.example.com.example.com A", one_of({{}, {"127.0.0.2"}}));
  add("1.2.0.192.zen.example A", one_of({{}, {}, {"127.0.0.2"}, {"127.255.255.254"}}));
  add("1.2.0.192.friends.example A", one_of({{}, {}, {"127.0.5.3"}, {"127.0.5.1"}}));
  add("example.com.dbl.example A", one_of({{}, {}, {"127.0.0.9"}}));
  add("example.org MX", one_of({{}, {}, {"0 ."}}));
  return world;
}

Decision decision_in(const Policy& policy, const Transaction& transaction, const World& world,
                     const std::function<bool()>& is_lost) {
  Facts facts;
  for (;;) {
    auto outcome = evaluate(policy, transaction, facts);
    if (auto* decision = std::get_if<Decision>(&outcome)) return std::move(*decision);
    for (const auto& question : std::get<NeedsMore>(outcome).questions) {
      facts.add(question, is_lost() ? Answer::unavailable("lost") : world.answer(question));
    }
  }
}

TEST(DnsChecks, LostAnswersNeverBringARefusalForGoodThatAllAnswersWouldNot) {
  const auto policy = testing::compile_policy(std::string(rules));
  ASSERT_TRUE(policy);
  const auto is_permanent = [](const Decision& decision) {
    return decision.reply && decision.reply->code().first_digit() == 5;
  };
  std::mt19937 random(5);  // always the same worlds
  int refused = 0;
  int spared = 0;
  for (int i = 0; i < 500; ++i) {
    const auto world = random_world(random);
    Transaction transaction;
    transaction.stage = Stage::rcpt;
    transaction.client.address = IpAddress::parse("192.0.2.1");
    transaction.authentication.user = Told<std::string>::absent();
    transaction.helo = std::string(random() % 4 == 0 ? "mx1.example.org" : "mail.example.com");
    transaction.sender = MailAddress::from_envelope(random() % 4 == 0 ? "<>" : "<a@example.com>");
    transaction.recipient = MailAddress::from_envelope("<bob@example.org>");
    const auto whole = decision_in(*policy, transaction, world, [] { return false; });
    if (is_permanent(whole)) ++refused;
    for (int masks = 0; masks < 4; ++masks) {
      const auto part = decision_in(*policy, transaction, world, [&] { return random() % 4 == 0; });
      if (is_permanent(whole) && !is_permanent(part)) ++spared;
      ASSERT_TRUE(!is_permanent(part) || is_permanent(whole))
          << "world " << i << ": " << part.rule->name;
    }
  }
  EXPECT_GT(refused, 50);
  EXPECT_GT(spared, 50) << "losing answers made no difference, so nothing was tested";
}

}  // namespace
}  // namespace postern
