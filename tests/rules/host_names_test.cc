// Conditions on the client's host names: told by the mail server, or asked of DNS (semantics 16).

#include "postern/decision.h"
#include "postern/policy.h"
#include "rules/condition.h"
#include "rules/table_look_ups.h"
#include "support/policy_text.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>

namespace postern {
namespace {

using test::ordinary_transaction;

Transaction without_names() {
  auto transaction = ordinary_transaction(Stage::rcpt);
  transaction.client.address = IpAddress::parse("192.0.2.9");
  transaction.client.name = {};
  transaction.client.reverse_name = {};
  return transaction;
}

Question pointer() {
  return {QuestionKind::reverse_dns, "PTR", "9.2.0.192.in-addr.arpa", QuestionCost::free};
}
Question address_of(const std::string& name) {
  return {QuestionKind::reverse_dns, "A", name, QuestionCost::free};
}

Facts named(const std::string& name) {
  Facts facts;
  facts.add(pointer(), Answer::found({name}));
  facts.add(address_of(name), Answer::found({"192.0.2.9"}));
  return facts;
}
Facts nameless() {
  Facts facts;
  facts.add(pointer(), Answer::nothing());
  return facts;
}
Facts silent() {
  Facts facts;
  facts.add(pointer(), Answer::unavailable("timeout"));
  return facts;
}

ConditionOutcome outcome(std::string_view source, const Transaction& transaction,
                         const Facts& facts) {
  const auto compiled = Condition::compile(source, {});
  if (const auto* problems = std::get_if<std::vector<ExpressionProblem>>(&compiled)) {
    ADD_FAILURE() << source << ": " << problems->front().message;
    return {};
  }
  const auto& condition = std::get<Condition>(compiled);
  const auto result = condition.evaluate(transaction, facts);
  EXPECT_EQ(result.truth, condition.truth(transaction, facts)) << source;
  return result;
}
Truth truth(std::string_view source, const Facts& facts) {
  return outcome(source, without_names(), facts).truth;
}

TEST(HostNames, ThatTheMailServerDidNotTellAreAskedOfDns) {
  for (const auto* source : {"client.name == 'mail.example.net'", "client.name within 'org'",
                             "client.name.org_domain == 'example.net'", "client.reverse_name == ''",
                             "helo == client.name"}) {
    const auto open = outcome(source, without_names(), {});
    EXPECT_EQ(open.truth, Truth::unknown) << source;
    EXPECT_THAT(open.questions, ::testing::ElementsAre(pointer())) << source;
  }
  const auto facts = named("mail.example.net");
  EXPECT_EQ(truth("client.name == 'mail.example.net'", facts), Truth::yes);
  EXPECT_EQ(truth("client.name.org_domain == 'example.net'", facts), Truth::yes);
  EXPECT_EQ(truth("client.reverse_name ends_with '.example.net'", facts), Truth::yes);
  EXPECT_EQ(truth("client.name within 'example.org'", facts), Truth::no);
  EXPECT_EQ(truth("client.name == client.reverse_name", facts), Truth::yes);
}

TEST(HostNames, ThatDoNotExistAreEmpty) {
  EXPECT_EQ(truth("client.name == ''", nameless()), Truth::yes);
  EXPECT_EQ(truth("client.reverse_name == ''", nameless()), Truth::yes);
  EXPECT_EQ(truth("client.name != 'a.example'", nameless()), Truth::yes);
  EXPECT_EQ(truth("client.name within 'example'", nameless()), Truth::no);
  EXPECT_EQ(truth("client.name == client.reverse_name", nameless()), Truth::no);
}

TEST(HostNames, ThatCannotBeLearnedAreUnavailable) {
  for (const auto* source : {"client.name == ''", "client.name != 'a.example'",
                             "not client.reverse_name == 'a.example'", "helo == client.name"}) {
    const auto result = outcome(source, without_names(), silent());
    EXPECT_EQ(result.truth, Truth::unavailable) << source;
    EXPECT_EQ(result.cause_kind, QuestionKind::reverse_dns) << source;
    EXPECT_THAT(result.cause, ::testing::HasSubstr("timeout")) << source;
  }
}

TEST(HostNames, FromDnsStandInTheEvidenceWithWhereTheyAreFrom) {
  const auto result =
      outcome("client.name == 'mail.example.net'", without_names(), named("mail.example.net"));
  ASSERT_EQ(result.evidence.size(), 1U);
  EXPECT_EQ(result.evidence.front().name, "client.name");
  EXPECT_EQ(result.evidence.front().value, "mail.example.net");
  EXPECT_EQ(result.evidence.front().source.note, "from reverse DNS");
}

TEST(HostNames, OfTwoNamesTheFirstThatIsMissingIsTheCauseInWhateverOrderAnswersCome) {
  auto transaction = without_names();
  transaction.helo = {};
  // HELO is not told either, but what DNS will say of the client's name comes first.
  EXPECT_EQ(outcome("client.name == helo", transaction, {}).truth, Truth::unknown);
  EXPECT_EQ(outcome("client.name == helo", transaction, silent()).cause_kind,
            QuestionKind::reverse_dns);
  EXPECT_EQ(outcome("client.name == helo", transaction, nameless()).cause_kind,
            QuestionKind::upstream);
}

TEST(HostNames, FromDnsDecidedAndTheReplySaidThatTheClientIsUnknown) {
  const auto policy = testing::compile_policy(
      "[identity]\nhost = \"mx1.example.org\"\n"
      "[[rule]]\nname = \"pools\"\nstage = \"rcpt\"\nwhen = 'client.name within \"example.net\"'\n"
      "reject = \"client-blocked\"\ntext = \"We take no mail from {client_name}.\"\n");
  const auto text = [&](const Transaction& transaction) {
    const auto made = evaluate(*policy, transaction, named("mail.example.net"));
    const auto* decision = std::get_if<Decision>(&made);
    return decision != nullptr && decision->reply ? decision->reply->text().sentence
                                                  : std::string();
  };
  EXPECT_THAT(text(without_names()), ::testing::HasSubstr("no mail from mail.example.net."));
  auto told = without_names();
  told.client.name = std::string("other.example.net");
  EXPECT_THAT(text(told), ::testing::HasSubstr("no mail from other.example.net."));
}

TEST(HostNames, FromDnsAreLookedUpInTablesForTheRecordToo) {
  const auto policy = testing::compile_policy(
      "[table.friends]\nkind = \"domain\"\nentries = [\".example.net\"]\n"
      "[[rule]]\nname = \"friends\"\nwhen = 'client.name in friends'\naccept = \"message\"\n");
  auto facts = named("mail.example.net");
  answer_from_tables(*policy, without_names(), facts);
  const Question question{QuestionKind::table, "friends", "mail.example.net", QuestionCost::free};
  ASSERT_NE(facts.find(question), nullptr);
  EXPECT_EQ(facts.find(question)->state, Answer::State::value);
}

}  // namespace
}  // namespace postern
