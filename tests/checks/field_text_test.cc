#include "checks/field_text.h"

#include "checks/iprev_check.h"
#include "checks/list_check.h"
#include "checks/login_result.h"
#include "checks/spf_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace postern {
namespace {

TEST(FieldText, QuotesWhatIsNoToken) {
  EXPECT_EQ(field_value("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(field_value("2001:db8::1"), "\"2001:db8::1\"");
  EXPECT_EQ(field_value("a=b"), "\"a=b\"");
  EXPECT_EQ(field_value(""), "\"\"");
  EXPECT_EQ(quoted_string("he said \"no\\\"\r\n\xc3\xa4"), "\"he said \\\"no\\\\\\\"????\"");
  EXPECT_EQ(field_comment("a) b(\\\n"),
            "(a? b?"
            "?"
            "?)");
}

TEST(FieldText, WritesMailboxesAsTheStandardSpellsThem) {
  EXPECT_EQ(mailbox_value("bob", "example.org"), "bob@example.org");
  EXPECT_EQ(mailbox_value("bounce_1+x=y", "example.org"), "bounce_1+x=y@example.org");
  EXPECT_EQ(mailbox_value("john \"q\" smith", "example.org"),
            "\"john \\\"q\\\" smith\"@example.org");
  EXPECT_EQ(mailbox_value("a..b", "example.org"), "\"a..b\"@example.org");
  EXPECT_EQ(mailbox_value("", "example.org"), "example.org");
  EXPECT_EQ(mailbox_value("j\xc3\xb6rg", "example.org"), "example.org");
  EXPECT_EQ(mailbox_value(std::string(65, 'a'), "example.org"), "example.org");
  EXPECT_EQ(mailbox_value("bob", "[192.0.2.1]"), "\"bob@[192.0.2.1]\"");
  EXPECT_EQ(mailbox_value("bob", "under_score.example"), "\"bob@under_score.example\"");
  EXPECT_EQ(mailbox_value("bob", "localhost"), "\"bob@localhost\"");
  EXPECT_EQ(mailbox_value("bob", "example.org\r\nX: y"), "\"bob@example.org??X: y\"");
}

Transaction transaction_of(const char* client = "192.0.2.7") {
  Transaction transaction;
  transaction.stage = Stage::mail;
  transaction.client.address = IpAddress::parse(client);
  transaction.client.name = std::string("mail.example.com");
  transaction.helo = std::string("mail.example.com");
  transaction.sender = MailAddress::from_envelope("<a@example.com>");
  return transaction;
}

Question dns(QuestionKind kind, std::string type, std::string name) {
  return {kind, std::move(type), std::move(name), QuestionCost::free};
}

std::string results(const Check& check, const Transaction& transaction, const Facts& facts = {}) {
  const auto text = check.field_text(FieldForm::authentication_results, transaction, facts);
  if (text.state == FieldText::State::open) return "open";
  return text.state == FieldText::State::told ? text.text : "nothing";
}

const SpfCheck spf("spf", {SpfIdentity::mail_from, {}, "mx1.example.org"});
const SpfCheck spf_helo("spf_helo", {SpfIdentity::helo, {}, "mx1.example.org"});

TEST(FieldOfSpf, TellsTheResultWhenItIsSureAndNotBefore) {
  const auto transaction = transaction_of();
  Facts facts;
  EXPECT_EQ(results(spf, transaction, facts), "open");
  facts.add(dns(QuestionKind::spf, "TXT", "example.com"), Answer::found({"v=spf1 a -all"}));
  EXPECT_EQ(results(spf, transaction, facts), "open");
  facts.add(dns(QuestionKind::spf, "A", "example.com"), Answer::found({"192.0.2.7"}));
  EXPECT_EQ(results(spf, transaction, facts), "spf=pass smtp.mailfrom=example.com");
  EXPECT_EQ(spf.field_text(FieldForm::received_spf, transaction, facts).text,
            "pass (domain example.com designates 192.0.2.7 as permitted sender) "
            "receiver=mx1.example.org; identity=mailfrom; client-ip=192.0.2.7; "
            "helo=mail.example.com; envelope-from=\"a@example.com\"; mechanism=a");
}

TEST(FieldOfSpf, ReceivedSpfSaidThatAClientThatGreetedWithItsAddressHadSaidNothing) {
  auto transaction = transaction_of();
  transaction.helo = std::string("[192.0.2.7]");
  Facts facts;
  facts.add(dns(QuestionKind::spf, "TXT", "example.com"), Answer::found({"v=spf1 -all"}));
  EXPECT_THAT(spf.field_text(FieldForm::received_spf, transaction, facts).text,
              ::testing::HasSubstr("; helo=\"[192.0.2.7]\"; envelope-from="));
}

TEST(FieldOfSpf, DoesNotWaitForTheDomainsExplanation) {
  Facts facts;
  facts.add(dns(QuestionKind::spf, "TXT", "example.com"),
            Answer::found({"v=spf1 -all exp=why.example.com"}));
  EXPECT_EQ(results(spf, transaction_of(), facts), "spf=fail smtp.mailfrom=example.com");
}

TEST(FieldOfSpf, OfTheNullSenderNamesTheHeloDomain) {
  auto transaction = transaction_of();
  transaction.sender = MailAddress();
  Facts facts;
  facts.add(dns(QuestionKind::spf, "TXT", "mail.example.com"), Answer::nothing());
  EXPECT_EQ(results(spf, transaction, facts), "spf=none smtp.mailfrom=mail.example.com");
  EXPECT_EQ(results(spf_helo, transaction, facts), "spf=none smtp.helo=mail.example.com");
}

TEST(FieldOfSpf, SaysNothingOfWhatIsNotThere) {
  auto transaction = transaction_of();
  transaction.helo = Told<std::string>::absent();
  EXPECT_EQ(results(spf_helo, transaction), "nothing");
  transaction.helo = std::string("[192.0.2.7]");
  EXPECT_EQ(results(spf_helo, transaction), "spf=none");
  transaction.client.address.reset();
  EXPECT_EQ(results(spf, transaction), "nothing");
}

TEST(FieldOfSpf, OfAnAnswerThatNeverComesIsTemperror) {
  Facts facts;
  facts.add(dns(QuestionKind::spf, "TXT", "example.com"), Answer::unavailable("deadline"));
  EXPECT_EQ(results(spf, transaction_of(), facts),
            "spf=temperror reason=\"deadline at TXT of example.com\" smtp.mailfrom=example.com");
}

TEST(FieldOfIprev, NamesTheAddress) {
  const IprevCheck iprev;
  EXPECT_EQ(results(iprev, transaction_of()), "iprev=pass policy.iprev=192.0.2.7");
  auto transaction = transaction_of("2001:db8::7");
  transaction.client.name = {};
  Facts facts;
  EXPECT_EQ(results(iprev, transaction, facts), "open");
  const auto open = iprev.field_text(FieldForm::authentication_results, transaction, facts);
  facts.add(open.questions.front(), Answer::nothing());
  EXPECT_EQ(results(iprev, transaction, facts), "iprev=permerror policy.iprev=\"2001:db8::7\"");
  EXPECT_FALSE(iprev.speaks(FieldForm::received_spf));
}

ListSettings list_of(ListSettings::Kind kind) {
  ListSettings settings;
  settings.kind = kind;
  settings.zone = "friends.example";
  settings.codes = {*dns_list_codes("127.0.*.1", "low"), *dns_list_codes("127.0.*.2", "medium")};
  return settings;
}

TEST(FieldOfAList, SpeaksAsRfc8904Does) {
  const ListCheck list("friends", list_of(ListSettings::Kind::allow));
  auto transaction = transaction_of("8.8.8.8");
  const auto said = [&](const Answer& answer) {
    Facts facts;
    facts.add(dns(QuestionKind::dns, "A", "8.8.8.8.friends.example"), answer);
    return results(list, transaction, facts);
  };
  EXPECT_EQ(results(list, transaction), "open");
  EXPECT_EQ(said(Answer::nothing()), "dnswl=none dns.zone=friends.example");
  EXPECT_EQ(said(Answer::found({"127.0.10.1"})),
            "dnswl=pass dns.zone=friends.example policy.ip=127.0.10.1");
  EXPECT_EQ(said(Answer::found({"127.0.10.1", "127.0.11.2"})),
            "dnswl=pass dns.zone=friends.example policy.ip=\"127.0.10.1,127.0.11.2\"");
  EXPECT_EQ(said(Answer::found({"127.0.0.255"})), "dnswl=permerror dns.zone=friends.example");
  EXPECT_EQ(said(Answer::found({"198.51.100.1"})), "dnswl=permerror dns.zone=friends.example");
  EXPECT_EQ(said(Answer::unavailable("timeout")), "dnswl=temperror dns.zone=friends.example");
  transaction.client.address = IpAddress::parse("10.0.0.1");
  EXPECT_EQ(results(list, transaction), "nothing");
}

TEST(FieldOfAList, DoesNotTellAZoneThatATitleStandsFor) {
  auto settings = list_of(ListSettings::Kind::allow);
  settings.zone = "secretkey.friends.example";
  settings.title = "Friends (of ours)";
  Facts facts;
  facts.add(dns(QuestionKind::dns, "A", "8.8.8.8.secretkey.friends.example"), Answer::nothing());
  EXPECT_EQ(results(ListCheck("friends", settings), transaction_of("8.8.8.8"), facts),
            "dnswl=none (Friends ?of ours?)");
}

TEST(FieldOfAList, OfBlockListsAndDomainsThereIsNoWord) {
  EXPECT_FALSE(ListCheck("zen", list_of(ListSettings::Kind::block))
                   .speaks(FieldForm::authentication_results));
  auto domains = list_of(ListSettings::Kind::allow);
  domains.subject = ListSubject::sender_domain;
  EXPECT_FALSE(ListCheck("domains", domains).speaks(FieldForm::authentication_results));
}

TEST(FieldOfALogin, NamesTheUserOfWhoeverHasLoggedIn) {
  const LoginResult login;
  auto transaction = transaction_of();
  EXPECT_EQ(results(login, transaction), "nothing");
  transaction.authentication.user = Told<std::string>::absent();
  EXPECT_EQ(results(login, transaction), "nothing");
  transaction.authentication = {std::string("bob@example.org"), std::string("PLAIN")};
  EXPECT_EQ(results(login, transaction), "auth=pass (plain) smtp.auth=bob@example.org");
  transaction.authentication = {std::string("odd one; spf=pass"), std::string("X)(")};
  EXPECT_EQ(results(login, transaction),
            "auth=pass (x?"
            "?) smtp.auth=\"odd one; spf=pass\"");
  transaction.authentication = {std::string("j\xc3\xb6rg"), {}};
  EXPECT_EQ(results(login, transaction), "auth=pass");
}

}  // namespace
}  // namespace postern
