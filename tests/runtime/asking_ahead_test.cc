#include "runtime/asking_ahead.h"

#include "checks/standard_checks.h"
#include "support/fake_clock.h"
#include "support/fake_source.h"
#include "support/policy_text.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace postern {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto* zen = "[check.zen]\nkind = \"dnsbl\"\nzone = \"zen.example\"\n";
constexpr auto* listed =
    "[[rule]]\nname = \"listed\"\nstage = \"rcpt\"\nwhen = 'not client.authenticated and zen == "
    "\"listed\"'\nreject = \"dnsbl-listed\"\nunavailable = \"skip\"\n";
constexpr auto* forged =
    "[[rule]]\nname = \"forged\"\nstage = \"rcpt\"\nwhen = 'spf == \"fail\"'\nreject = "
    "\"spf-fail\"\nunavailable = \"skip\"\n";

std::shared_ptr<const Policy> policy_of(const std::string& text) {
  return testing::compile_policy(text);
}

Transaction at_connect() {
  auto transaction = test::ordinary_transaction(Stage::connect);
  transaction.client.address = IpAddress::parse("192.0.2.9");
  transaction.authentication = {};
  return transaction;
}

Question in_zen() { return {QuestionKind::dns, "A", "9.2.0.192.zen.example", QuestionCost::free}; }

class AskingAheadTest : public ::testing::Test {
 protected:
  void begin(const std::string& rules, const Transaction& transaction) {
    policy_ = policy_of(rules);
    ahead_.begin(policy_, transaction);
  }

  test::FakeClock clock_;
  test::FakeSource source_;
  std::shared_ptr<const Policy> policy_;
  AskingAhead ahead_{source_, clock_};
};

TEST_F(AskingAheadTest, AsksAtConnectWhatRulesOfRcptWillWantToKnowOfTheClient) {
  begin(std::string(zen) + listed + forged, at_connect());
  EXPECT_THAT(source_.asked(), ElementsAre(in_zen()));
}

TEST_F(AskingAheadTest, AsksAtMailWhatTheyWillWantToKnowOfTheSender) {
  auto transaction = test::ordinary_transaction(Stage::mail);
  transaction.client.address = IpAddress::parse("192.0.2.9");
  begin(forged, transaction);
  const auto asked = source_.asked();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked.front().kind, QuestionKind::spf);
  EXPECT_EQ(asked.front().subject, "TXT");
}

TEST_F(AskingAheadTest, GoesOnWithWhatFollowsFromAnAnswer) {
  auto transaction = at_connect();
  transaction.client.name = {};
  begin(
      "[[rule]]\nname = \"a\"\nstage = \"rcpt\"\nwhen = 'client.name == \"mail.example.net\"'\n"
      "reject = \"client-blocked\"\nunavailable = \"skip\"\n",
      transaction);
  const auto pointer = source_.asked().at(0);
  source_.answer(pointer, Answer::found({"mail.example.net"}));
  EXPECT_THAT(source_.asked(),
              ElementsAre(pointer, Question{QuestionKind::reverse_dns, "A", "mail.example.net",
                                            QuestionCost::free}));
}

TEST_F(AskingAheadTest, AsksNothingOfAClientThatThisStageAlreadySettles) {
  begin(std::string(zen) +
            "[[rule]]\nname = \"friends\"\nwhen = 'client.ip == \"192.0.2.9\"'\naccept = "
            "\"session\"\n" +
            listed,
        at_connect());
  EXPECT_THAT(source_.asked(), IsEmpty());
}

constexpr auto* friends =
    "[[rule]]\nname = \"friends\"\nstage = \"rcpt\"\nwhen = 'client.ip == \"192.0.2.9\"'\n";

TEST_F(AskingAheadTest, OfFriendsAskedWhatOnlyRulesBehindTheirAcceptAtRcptWanted) {
  for (const auto* scope : {"accept = \"message\"\n", "accept = \"stage\"\n"}) {
    begin(std::string(zen) + friends + scope + listed, at_connect());
    EXPECT_THAT(source_.asked(), IsEmpty()) << scope;
  }
  begin(std::string(zen) + listed + friends + "accept = \"message\"\n", at_connect());
  EXPECT_THAT(source_.asked(), ElementsAre(in_zen()));
}

TEST_F(AskingAheadTest, AsksBehindAnAcceptThatMayNotActOrIsOfAnotherStageAlone) {
  const auto helo = std::string(friends).replace(std::string(friends).find("rcpt"), 4, "helo");
  std::size_t asked = 0;
  for (const auto& rule :
       {friends + std::string("accept = \"message\"\nmode = \"shadow\"\n"),
        friends + std::string("accept = \"message\"\nmode = \"10%\"\n"),
        friends + std::string("tag = \"friend\"\n"), helo + "accept = \"stage\"\n"}) {
    begin(zen + rule + listed, at_connect());
    EXPECT_EQ(source_.asked().size(), ++asked) << rule;
  }
}

TEST_F(AskingAheadTest, AsksBehindALaterRuleThatMayStillNotDecide) {
  const auto asked_behind = [&](const std::string& rule) {
    const auto before = source_.asked().size();
    begin(std::string(zen) + "[[rule]]\nname = \"first\"\nstage = \"rcpt\"\n" + rule + listed,
          at_connect());
    return source_.asked().size() - before;
  };
  const std::string here = "when = 'client.ip == \"192.0.2.9\"'\n";
  EXPECT_EQ(asked_behind("when = 'client.ip == \"192.0.2.8\"'\naccept = \"message\"\n"), 1U);
  EXPECT_EQ(asked_behind("when = 'not client.authenticated'\naccept = \"message\"\n"), 1U);
  EXPECT_EQ(asked_behind(here + "accept = \"message\"\nmode = \"shadow\"\n"), 1U);
  EXPECT_EQ(asked_behind(here + "accept = \"message\"\nmode = \"50%\"\n"), 1U);
  EXPECT_EQ(asked_behind(here + "score = { spam = 1 }\n"), 1U);
}

TEST_F(AskingAheadTest, AsksNothingForARuleThatSaysNoAlready) {
  auto transaction = test::ordinary_transaction(Stage::mail);
  transaction.client.address = IpAddress::parse("192.0.2.9");
  transaction.authentication.user = std::string("bob");
  begin(std::string(zen) + listed, transaction);
  EXPECT_THAT(source_.asked(), Not(Contains(in_zen())));
}

TEST_F(AskingAheadTest, AListThatOnlyAScoreWeighsWasNotEvenKnownToAskDns) {
  const std::string rules =
      "[check.zen]\nkind = \"dnsbl\"\nzone = \"zen.example\"\nweight = 3\n"
      "[[rule]]\nname = \"weighs\"\nstage = \"rcpt\"\nscore = { spam = \"{zen.weight}\" }\n"
      "[[rule]]\nname = \"spam\"\nstage = \"rcpt\"\nwhen = 'score.spam >= 3'\nreject = "
      "\"policy-reject\"\nunavailable = \"skip\"\n";
  begin(rules, at_connect());
  EXPECT_TRUE(AskingAhead::is_wanted(*policy_));
  EXPECT_THAT(source_.asked(), ElementsAre(in_zen()));
}

TEST_F(AskingAheadTest, LeavesWhatIsCachedAlone) {
  source_.answer_at_once(in_zen(), Answer::nothing());
  begin(std::string(zen) + listed, at_connect());
  ahead_.begin(policy_, at_connect());
  clock_.advance(std::chrono::hours(1));
  ahead_.tick();
  EXPECT_EQ(source_.asked().size(), 2U);
}

TEST_F(AskingAheadTest, EndsAtTheDeadlineWhetherOrNotAnAnswerCame) {
  begin(std::string(zen) + listed, at_connect());
  clock_.advance(std::chrono::hours(1));
  ahead_.tick();
  source_.answer(in_zen(), Answer::found({"127.0.0.2"}));
  EXPECT_EQ(source_.asked().size(), 1U);
}

TEST(AskingAhead, IsWantedOfAPolicyThatAsksDnsAndDoesNotForbidIt) {
  const std::string rules = std::string(zen) + listed;
  EXPECT_TRUE(AskingAhead::is_wanted(*policy_of(rules)));
  EXPECT_FALSE(AskingAhead::is_wanted(*policy_of("[dns]\nprefetch = false\n" + rules)));
  EXPECT_FALSE(AskingAhead::is_wanted(*policy_of("")));
}

}  // namespace
}  // namespace postern
