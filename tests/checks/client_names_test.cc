#include "checks/client_names.h"

#include "checks/iprev.h"
#include "checks/iprev_check.h"
#include "checks/rdns_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace postern {
namespace {

using State = ClientName::State;
using ::testing::IsEmpty;

constexpr auto* reversed = "9.2.0.192.in-addr.arpa";

Transaction from(const std::string& client) {
  Transaction transaction;
  transaction.door = Door::policy;
  transaction.client.address = IpAddress::parse(client);
  return transaction;
}

Question of(const std::string& type, const std::string& name) {
  return {QuestionKind::reverse_dns, type, name, QuestionCost::free};
}

TEST(ClientNames, ThatTheMailServerToldNeedNoQuestion) {
  auto transaction = from("192.0.2.9");
  transaction.client.name = std::string("mail.example.net");
  transaction.client.reverse_name = std::string("dhcp-9.example.net");
  EXPECT_EQ(confirmed_client_name(transaction, {}).name, "mail.example.net");
  EXPECT_EQ(reverse_client_name(transaction, {}).name, "dhcp-9.example.net");
}

TEST(ClientNames, ThatTheMailServerCallsAbsentAreNone) {
  auto transaction = from("192.0.2.9");
  transaction.client.name = Told<std::string>::absent();
  transaction.client.reverse_name = Told<std::string>::absent();
  EXPECT_EQ(confirmed_client_name(transaction, {}).state, State::none);
  EXPECT_EQ(reverse_client_name(transaction, {}).state, State::none);
}

TEST(ClientNames, AreAskedOfDnsStepByStepWhereNobodyToldThem) {
  const auto transaction = from("192.0.2.9");
  Facts facts;
  auto name = confirmed_client_name(transaction, facts);
  ASSERT_EQ(name.state, State::open);
  EXPECT_THAT(name.questions, ::testing::ElementsAre(of("PTR", reversed)));
  EXPECT_EQ(reverse_client_name(transaction, facts).questions, name.questions);

  facts.add(of("PTR", reversed), Answer::found({"Forged.Example.ORG.", "mail.example.net."}));
  EXPECT_EQ(reverse_client_name(transaction, facts).name, "forged.example.org");
  name = confirmed_client_name(transaction, facts);
  ASSERT_EQ(name.state, State::open);
  EXPECT_THAT(name.questions,
              ::testing::ElementsAre(of("A", "forged.example.org"), of("A", "mail.example.net")));

  facts.add(of("A", "forged.example.org"), Answer::found({"198.51.100.1"}));
  facts.add(of("A", "mail.example.net"), Answer::found({"192.0.2.9"}));
  name = confirmed_client_name(transaction, facts);
  EXPECT_EQ(name.state, State::found);
  EXPECT_EQ(name.name, "mail.example.net");
}

TEST(ClientNames, AreNoneWhereDnsKnowsNoneOrNoneLeadsBack) {
  const auto transaction = from("192.0.2.9");
  Facts nothing;
  nothing.add(of("PTR", reversed), Answer::nothing());
  EXPECT_EQ(confirmed_client_name(transaction, nothing).state, State::none);
  EXPECT_EQ(reverse_client_name(transaction, nothing).state, State::none);

  Facts forged;
  forged.add(of("PTR", reversed), Answer::found({"mail.example.com."}));
  forged.add(of("A", "mail.example.com"), Answer::found({"198.51.100.1"}));
  EXPECT_EQ(confirmed_client_name(transaction, forged).state, State::none);
  EXPECT_EQ(reverse_client_name(transaction, forged).name, "mail.example.com");
}

TEST(ClientNames, AreUnavailableAndNeverNoneWhereDnsDoesNotAnswer) {
  const auto transaction = from("192.0.2.9");
  Facts silent;
  silent.add(of("PTR", reversed), Answer::unavailable("timeout"));
  for (const auto& name :
       {confirmed_client_name(transaction, silent), reverse_client_name(transaction, silent)}) {
    EXPECT_EQ(name.state, State::unavailable);
    EXPECT_EQ(name.cause, "timeout");
  }
  Facts half;
  half.add(of("PTR", reversed), Answer::found({"mail.example.com."}));
  half.add(of("A", "mail.example.com"), Answer::unavailable("servfail"));
  EXPECT_EQ(confirmed_client_name(transaction, half).state, State::unavailable);
}

TEST(ClientNames, ASecondNameTookThePlaceOfTheFirstWhenThatCouldNotBeLookedAt) {
  const auto transaction = from("192.0.2.9");
  Facts facts;
  facts.add(of("PTR", reversed), Answer::found({"mail.example.com.", "line-9.pool.example."}));
  facts.add(of("A", "line-9.pool.example"), Answer::found({"192.0.2.9"}));
  auto trouble = facts;
  trouble.add(of("A", "mail.example.com"), Answer::unavailable({}));
  EXPECT_EQ(confirmed_client_name(transaction, trouble).state, State::unavailable);
  EXPECT_THAT(RdnsCheck().evaluate(transaction, trouble).values,
              ::testing::ElementsAre("temperror"));
  EXPECT_THAT(IprevCheck().evaluate(transaction, trouble).values, ::testing::ElementsAre("pass"));

  facts.add(of("A", "mail.example.com"), Answer::found({"192.0.2.9"}));
  EXPECT_EQ(confirmed_client_name(transaction, facts).name, "mail.example.com");
  EXPECT_THAT(RdnsCheck().evaluate(transaction, facts).values, ::testing::ElementsAre("named"));
}

TEST(ClientNames, CannotBeAskedWithoutAnAddress) {
  Transaction transaction;
  transaction.door = Door::policy;
  const auto name = confirmed_client_name(transaction, {});
  EXPECT_EQ(name.state, State::unavailable);
  EXPECT_THAT(name.questions, IsEmpty());
}

}  // namespace
}  // namespace postern
