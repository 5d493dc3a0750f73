#include "checks/standard_checks.h"

#include "checks/generic_name.h"
#include "checks/helo_check.h"
#include "checks/list_check.h"
#include "kit/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace postern {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using State = CheckOutcome::State;

Transaction transaction_of(const std::string& client) {
  Transaction transaction;
  transaction.stage = Stage::rcpt;
  transaction.client.address = IpAddress::parse(client);
  transaction.helo = std::string("mail.example.com");
  transaction.sender = MailAddress::from_envelope("<a@example.com>");
  transaction.recipient = MailAddress::from_envelope("<b@example.org>");
  return transaction;
}

std::shared_ptr<const Check> standard(const std::string& name) {
  CheckRegistry checks;
  add_standard_checks(checks, "MX1.Example.org.");
  return checks.find(name);
}

ListCheck list_of(ListSubject subject) {
  ListSettings settings;
  settings.zone = "list.example";
  settings.subject = subject;
  return ListCheck("list", settings);
}

TEST(StandardChecks, HaveNoValueWhereThereIsNoClient) {
  auto local = transaction_of("192.0.2.1");
  local.client.address.reset();
  for (const auto* name : {"spf", "spf_helo", "iprev", "rdns", "helo_check", "helo_dns"}) {
    const auto outcome = standard(name)->evaluate(local, {});
    EXPECT_EQ(outcome.state, State::value) << name;
    EXPECT_THAT(outcome.values, IsEmpty()) << name;
  }
  EXPECT_THAT(list_of(ListSubject::client_ip).evaluate(local, {}).values, IsEmpty());
}

TEST(StandardChecks, CannotSayWhatTheMailServerDidNotTell) {
  auto untold = transaction_of("192.0.2.1");
  untold.helo = Told<std::string>();
  untold.sender = Told<MailAddress>();
  for (const auto* name : {"spf", "spf_helo", "helo_check", "helo_dns", "sender_domain"}) {
    EXPECT_EQ(standard(name)->evaluate(untold, {}).state, State::unavailable) << name;
  }
  untold.sender = MailAddress();
  EXPECT_EQ(standard("spf")->evaluate(untold, {}).state, State::unavailable)
      << "of a bounce, the HELO name is asked about";
}

TEST(StandardChecks, AskNothingAboutAddressesInPlaceOfNames) {
  auto literal = transaction_of("192.0.2.1");
  literal.helo = std::string("[192.0.2.1]");
  literal.sender = MailAddress::from_envelope("<a@[192.0.2.1]>");
  EXPECT_THAT(standard("spf")->evaluate(literal, {}).values, ElementsAre("none"));
  EXPECT_THAT(standard("spf_helo")->evaluate(literal, {}).values, ElementsAre("none"));
  EXPECT_THAT(standard("helo_dns")->evaluate(literal, {}).values, ElementsAre("none"));
  EXPECT_THAT(standard("sender_domain")->evaluate(literal, {}).values, ElementsAre("good"));
  literal.sender = MailAddress::from_envelope("<a@[10.0.0.1]>");
  EXPECT_THAT(standard("sender_domain")->evaluate(literal, {}).values, ElementsAre("bogus-mx"));
}

TEST(StandardChecks, TheDetailOfANullMxIsTheDomain) {
  const auto told = transaction_of("192.0.2.1");
  const auto& domain = told.sender.value().domain();
  Facts facts;
  facts.add({QuestionKind::sender_dns, "MX", domain, QuestionCost::free}, Answer::found({"0 ."}));
  const auto words = standard("sender_domain")->words(told, facts);
  ASSERT_EQ(words.size(), 1U);
  EXPECT_EQ(words.front().second, domain);
}

TEST(StandardChecks, WhoComesFromWhereItConnectsToMayHaveOurName) {
  auto same = transaction_of("198.51.100.7");
  same.helo = std::string("mx1.example.org");
  const HeloCheck check("helo_check", {{"mx1.example.org"}, {}});
  EXPECT_THAT(check.evaluate(same, {}).values, ElementsAre("name", "ours"));
  same.server_address = "198.51.100.7";
  EXPECT_THAT(check.evaluate(same, {}).values, ElementsAre("name"));
}

TEST(StandardChecks, ANameThatTheMailServerConfirmedNeedsNoQuestion) {
  auto named = transaction_of("192.0.2.1");
  named.client.name = std::string("host-192-0-2-1.example.net");
  EXPECT_THAT(standard("iprev")->evaluate(named, {}).values, ElementsAre("pass"));
  EXPECT_THAT(standard("rdns")->evaluate(named, {}).values, ElementsAre("generic"));
}

TEST(StandardChecks, AMissingAnswerNeverLooksWorseThanTheAnswer) {
  const auto transaction = transaction_of("192.0.2.1");
  const auto fact = [](Facts& facts, QuestionKind kind, const char* type, const char* name,
                       Answer answer) {
    facts.add({kind, type, name, QuestionCost::free}, std::move(answer));
  };
  Facts facts;
  fact(facts, QuestionKind::spf, "TXT", "example.com", Answer::found({"v=spf1 ptr -all"}));
  fact(facts, QuestionKind::spf, "PTR", "1.2.0.192.in-addr.arpa", Answer::unavailable("servfail"));
  EXPECT_THAT(standard("spf")->evaluate(transaction, facts).values, ElementsAre("temperror"));
  const auto helo = QuestionKind::helo_dns;
  fact(facts, helo, "A", "mail.example.com", Answer::unavailable("servfail"));
  fact(facts, helo, "AAAA", "mail.example.com", Answer::found({"2001:db8::1"}));
  fact(facts, helo, "MX", "mail.example.com", Answer::nothing());
  EXPECT_THAT(standard("helo_dns")->evaluate(transaction, facts).values, ElementsAre("temperror"));
}

TEST(StandardChecks, OurOwnNameIsKnownInAnySpelling) {
  auto ours = transaction_of("192.0.2.1");
  ours.helo = std::string("mx1.EXAMPLE.org");
  EXPECT_THAT(standard("helo_check")->evaluate(ours, {}).values, ElementsAre("name", "ours"));
}

TEST(StandardChecks, OneThatIsThereAlreadyStays) {
  CheckRegistry checks;
  ListSettings settings;
  settings.zone = "list.example";
  checks.add(std::make_shared<const ListCheck>("spf", settings));
  add_standard_checks(checks, "mx1.example.org");
  EXPECT_THAT(checks.find("spf")->description().values, ElementsAre("listed", "clear"));
}

TEST(ListCheck, AsksForTheWordsOfAListOnlyWhenSomethingIsListed) {
  const auto list = list_of(ListSubject::client_ip);
  const auto transaction = transaction_of("192.0.2.1");
  Facts facts;
  auto outcome = list.evaluate(transaction, facts);
  ASSERT_EQ(outcome.state, State::open);
  const Question address{QuestionKind::dns, "A", "1.2.0.192.list.example", QuestionCost::free};
  EXPECT_THAT(outcome.questions, ElementsAre(address));
  Facts clear;
  clear.add(address, Answer::nothing());
  EXPECT_THAT(list.evaluate(transaction, clear).values, ElementsAre("clear"));
  facts.add(address, Answer::found({"127.0.0.2"}));
  outcome = list.evaluate(transaction, facts);
  ASSERT_EQ(outcome.state, State::open);
  EXPECT_EQ(outcome.questions.front().subject, "TXT");
}

TEST(ListCheck, LeavesAddressesOfNoUseInTheInternetAlone) {
  for (const auto* client : {"127.0.0.1", "10.1.2.3", "::1", "fe80::1"}) {
    EXPECT_THAT(list_of(ListSubject::client_ip).evaluate(transaction_of(client), {}).values,
                ElementsAre("clear"))
        << client;
  }
  ListSettings settings;
  settings.zone = "list.example";
  settings.families = ListSettings::Families::v4;
  EXPECT_THAT(ListCheck("list", settings).evaluate(transaction_of("2001:db8::1"), {}).values,
              ElementsAre("clear"));
}

TEST(ListCheck, LooksUpTheNameThatDnsConfirmsWhereTheMailServerToldNone) {
  const auto list = list_of(ListSubject::client_name);
  const auto transaction = transaction_of("192.0.2.1");
  World world;
  const auto add = [&](const char* question, const char* record) {
    DnsResult result;
    result.kind = DnsResult::Kind::records;
    result.records = {record};
    const auto read = dns_question(question);
    EXPECT_FALSE(world.dns.add(std::get<DnsQuestion>(read), result));
  };
  add("1.2.0.192.in-addr.arpa PTR", "mail.example.com");
  add("mail.example.com A", "192.0.2.1");
  add("mail.example.com.list.example A", "127.0.0.2");
  Facts facts;
  CheckOutcome outcome;
  for (int rounds = 0; rounds < 10; ++rounds) {
    outcome = list.evaluate(transaction, facts);
    if (outcome.state != State::open) break;
    for (const auto& question : outcome.questions) facts.add(question, world.answer(question));
  }
  EXPECT_THAT(outcome.values, ElementsAre("listed"));
  EXPECT_THAT(list.words(transaction, facts),
              ElementsAre(std::pair("list", "list.example"),
                          std::pair("listed_value", "mail.example.com")));
}

TEST(ListCheck, PutsWhatIsListedIntoAnAddressWithoutHarm) {
  ListSettings settings;
  settings.zone = "list.example";
  settings.subject = ListSubject::sender_domain;
  settings.lookup = "https://list.example/q?d={value}";
  settings.words = ListSettings::Words::not_asked;
  const ListCheck list("list", settings);
  auto transaction = transaction_of("192.0.2.1");
  transaction.sender = MailAddress::from_unquoted("a@x&y={value}.example");
  Facts facts;
  const auto open = list.evaluate(transaction, facts);
  ASSERT_EQ(open.state, State::open);
  facts.add(open.questions.front(), Answer::found({"127.0.0.2"}));
  const auto words = list.words(transaction, facts);
  EXPECT_EQ(words.back(),
            (std::pair<std::string, std::string>("see",
                                                 "https://list.example/q?d=x%26y%3D%7Bvalue"
                                                 "%7D.example")));
}

TEST(GenericNames, AreMadeOfTheAddressOrSpeakOfLinesOfCustomers) {
  const auto v4 = *IpAddress::parse("192.0.2.17");
  for (const auto* name :
       {"192-0-2-17.example.net", "17.2.0.192.example.net", "host-2-0-192.example.net",
        "c0000211.example.net", "ip192000002017.example.net", "dyn17.example.net",
        "dsl-7.example.net", "p5.dhcp.example.net"}) {
    EXPECT_TRUE(is_generic_name(name, v4)) << name;
  }
  for (const auto* name : {"mail.example.net", "mail17.example.net", "mx1.2.example.net",
                           "dynamics.example.net", "pool.example.net", "o2.email.example.net"}) {
    EXPECT_FALSE(is_generic_name(name, v4)) << name;
  }
  const auto v6 = *IpAddress::parse("2001:db8::1234:5678");
  EXPECT_TRUE(is_generic_name("2001-db8--1234-5678.example.net", v6));
  EXPECT_FALSE(is_generic_name("mail.example.net", v6));
}

}  // namespace
}  // namespace postern
