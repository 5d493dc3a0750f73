// Points that a map's entries give: which entry counts, what is missing, what a changed table may
// hold, and how a trail tells of it.

#include "postern/decision.h"
#include "postern/policy.h"
#include "support/policy_text.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace postern {
namespace {

using testing::compile_files;
using ::testing::ElementsAre;
using testing::Files;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto head = R"(
[identity]
host = "mx1.example.org"
contact = "postmaster@example.org"
[table.doubts]
kind = "map"
keys = "domain"
file = "doubts"
)";
constexpr auto test_of_5 = R"(
[[rule]]
name = "test"
stage = "rcpt"
when = 'score.spam >= 5'
reject = "policy-reject"
)";

class PointsOfAMap : public ::testing::Test {
 protected:
  PointsOfAMap() { files_["doubts"] = "spam.example 6\nodd.example 2.5\nfriend.example -3\n"; }

  /// A policy of one rule that adds what `doubts` says, before the test.
  void compile(const std::string& when, const std::string& more = {}) {
    files_["postern.toml"] = std::string(head) + more + "[[rule]]\nname = \"adds\"\nwhen = '" +
                             when + "'\nscore = { spam = \"{map.doubts}\" }\n" + test_of_5;
    const auto compiled = compile_files(files_);
    ASSERT_TRUE(compiled.ok()) << render(compiled.problems());
    policy_ = compiled->policy;
  }

  static Transaction from(std::string_view domain) {
    auto transaction = test::ordinary_transaction(Stage::rcpt);
    transaction.sender = MailAddress::from_envelope("a@" + std::string(domain));
    return transaction;
  }

  Decision decide(const Transaction& transaction, const Facts& facts = {}) const {
    auto outcome = evaluate(*policy_, transaction, facts);
    if (auto* decision = std::get_if<Decision>(&outcome)) return std::move(*decision);
    ADD_FAILURE() << "open";
    return {};
  }

  static Facts without_reverse_dns() {
    Facts facts;
    facts.add({QuestionKind::reverse_dns, "PTR", "7.2.0.192.in-addr.arpa", QuestionCost::free},
              Answer::unavailable("timeout"));
    return facts;
  }

  static const TrailEntry& entry(const Decision& decision, std::string_view name) {
    static const TrailEntry none;
    for (const auto& each : decision.trail) {
      if (each.rule.name == name) return each;
    }
    ADD_FAILURE() << "no entry of " << name;
    return none;
  }

  static std::string sum(const Decision& decision) {
    for (const auto& each : entry(decision, "test").evidence) {
      if (each.name == "score.spam") return each.value;
    }
    return "none";
  }

  Files files_;
  std::shared_ptr<const Policy> policy_;
};

TEST_F(PointsOfAMap, AreThoseOfTheEntryThatWasFound) {
  compile("sender.domain in doubts");
  EXPECT_EQ(decide(from("spam.example")).verdict, Verdict::reject);
  EXPECT_EQ(sum(decide(from("spam.example"))), "6");
  EXPECT_EQ(sum(decide(from("odd.example"))), "2.5");
  EXPECT_EQ(sum(decide(from("friend.example"))), "-3");
  EXPECT_EQ(sum(decide(from("else.example"))), "0");
}

TEST_F(PointsOfAMap, StandInTheTrailWithTheirEntryAndItsLine) {
  compile("sender.domain in doubts");
  const auto decision = decide(from("odd.example"));
  const auto& adds = entry(decision, "adds");
  EXPECT_THAT(adds.effects, ElementsAre("add 2.5 to score.spam"));
  ASSERT_FALSE(adds.evidence.empty());
  const auto& found = adds.evidence.back();
  EXPECT_EQ(found.name, "doubts");
  EXPECT_EQ(found.value, "odd.example");
  EXPECT_EQ(found.source.file, "doubts");
  EXPECT_EQ(found.source.line, 2U);
  EXPECT_EQ(found.source.mapped, "2.5");
  const auto lowered = decide(from("friend.example"));
  EXPECT_THAT(entry(lowered, "adds").effects, ElementsAre("take 3 from score.spam"));
  const auto nothing = decide(from("else.example"));
  EXPECT_EQ(entry(nothing, "adds").truth, Truth::no);
  EXPECT_THAT(entry(nothing, "adds").effects, ElementsAre("add {map.doubts} to score.spam"));
}

TEST_F(PointsOfAMap, CountWithoutTheLookUpHavingBeenReached) {
  compile("client.port > 0 or sender.domain in doubts");
  const auto decision = decide(from("spam.example"));
  EXPECT_EQ(decision.verdict, Verdict::reject);
  EXPECT_EQ(entry(decision, "adds").evidence.back().source.line, 1U);
  const auto nothing = decide(from("else.example"));
  EXPECT_EQ(sum(nothing), "0");
  EXPECT_EQ(entry(nothing, "adds").truth, Truth::yes);
  EXPECT_THAT(entry(nothing, "adds").effects, IsEmpty());
}

TEST_F(PointsOfAMap, OfAKeyThatIsNotToldMayBeAnyOfTheMap) {
  compile("client.port > 0 or client.name in doubts");
  auto transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.client.name = Told<std::string>();
  const auto decision = decide(transaction, without_reverse_dns());
  EXPECT_EQ(sum(decision), "-3 to 6");
  EXPECT_EQ(entry(decision, "test").truth, Truth::unavailable);
  EXPECT_EQ(entry(decision, "test").cause, "score.spam: rule \"adds\": client.name: timeout");
  EXPECT_EQ(decision.verdict, Verdict::pass);
}

TEST_F(PointsOfAMap, OfAKeyThatHasToBeAskedForWereTakenForOnesThatNobodyCanLearn) {
  compile("client.port > 0 or client.name in doubts");
  auto transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.client.name = Told<std::string>();
  const auto open = evaluate(*policy_, transaction, {});
  const auto* more = std::get_if<NeedsMore>(&open);
  ASSERT_NE(more, nullptr);
  ASSERT_EQ(more->questions.size(), 1U);
  EXPECT_EQ(more->questions.front().subject, "PTR");
}

TEST_F(PointsOfAMap, ThatMayLowerTheSumSoftenARefusal) {
  compile("client.port > 0 or client.name in doubts",
          "[[rule]]\nname = \"bad\"\nscore = { spam = 6 }\n");
  auto transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.client.name = std::string("friend.example");
  EXPECT_EQ(decide(transaction).verdict, Verdict::pass);
  transaction.client.name = Told<std::string>();
  const auto decision = decide(transaction, without_reverse_dns());
  EXPECT_EQ(decision.verdict, Verdict::defer);
  EXPECT_EQ(decision.softened_by, "adds");
}

TEST_F(PointsOfAMap, OfSeveralRecipientsAreThoseOfTheFirstThatIsListed) {
  files_["doubts"] = "carol@example.org 6\nbob@example.org 2.5\n";
  files_["postern.toml"] =
      "[identity]\nhost = \"mx1.example.org\"\ncontact = \"postmaster@example.org\"\n"
      "[table.doubts]\nkind = \"map\"\nkeys = \"address\"\nfile = \"doubts\"\n"
      "[[rule]]\nname = \"adds\"\nwhen = 'recipients in doubts'\n"
      "score = { spam = \"{map.doubts}\" }\n"
      "[[rule]]\nname = \"test\"\nwhen = 'score.spam >= 5'\nreject = \"policy-reject\"\n";
  const auto compiled = compile_files(files_);
  ASSERT_TRUE(compiled.ok()) << render(compiled.problems());
  policy_ = compiled->policy;
  auto transaction = test::ordinary_transaction(Stage::end_of_message);
  transaction.recipient = {};
  transaction.recipient_count = std::int64_t{3};
  std::vector<AcceptedRecipient> recipients(3);
  recipients[0].address = MailAddress::from_envelope("alice@example.org");
  recipients[1].address = MailAddress::from_envelope("bob@example.org");
  recipients[2].address = MailAddress::from_envelope("carol@example.org");
  transaction.recipients = recipients;
  EXPECT_EQ(sum(decide(transaction)), "2.5");
}

TEST_F(PointsOfAMap, AreThoseOfTheRecordInAReplay) {
  compile("sender.domain in doubts");
  const Question question{QuestionKind::table, "doubts", "spam.example", QuestionCost::free};
  Facts recorded;
  recorded.add(question, Answer::found({"spam.example", "1.5"}));
  EXPECT_EQ(sum(decide(from("spam.example"), recorded)), "1.5");
  Facts nonsense;
  nonsense.add(question, Answer::found({"spam.example", "lots"}));
  EXPECT_EQ(sum(decide(from("spam.example"), nonsense)), "0");
  Facts gone;
  gone.add(question, Answer::unavailable("no longer known"));
  const auto decision = decide(from("spam.example"), gone);
  EXPECT_EQ(sum(decision), "-3 to 6");
  EXPECT_EQ(entry(decision, "test").truth, Truth::unavailable);
}

TEST_F(PointsOfAMap, ChangeWithItsFileAndABadValueKeepsTheOld) {
  compile("sender.domain in doubts");
  const CheckRegistry none;
  const auto refresh = [&] {
    return Policy::with_table_file(policy_, "doubts", testing::memory_reader(files_), none);
  };
  files_["doubts"] = "odd.example 6\n";
  const auto newer = refresh();
  ASSERT_TRUE(newer.ok()) << render(newer.problems());
  policy_ = *newer;
  EXPECT_EQ(decide(from("odd.example")).verdict, Verdict::reject);
  EXPECT_EQ(decide(from("spam.example")).verdict, Verdict::pass);
  files_["doubts"] = "spam.example 1\nodd.example six\n";
  const auto bad = refresh();
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(render(bad.problems()),
              HasSubstr("doubts:2:1: error: \"six\" is no number that can be added to a score"));
}

TEST_F(PointsOfAMap, MayGoToSeveralScores) {
  files_["postern.toml"] = std::string(head) +
                           "[[rule]]\nname = \"adds\"\nwhen = 'sender.domain in doubts'\n"
                           "score = { spam = \"{map.doubts}\", seen = 1, all = "
                           "\"{map.doubts}\" }\n"
                           "[[rule]]\nname = \"test\"\nstage = \"rcpt\"\n"
                           "when = 'score.spam == 2.5 and score.all == 2.5 and score.seen == 1'\n"
                           "reject = \"policy-reject\"\n";
  const auto compiled = compile_files(files_);
  ASSERT_TRUE(compiled.ok()) << render(compiled.problems());
  policy_ = compiled->policy;
  const auto decision = decide(from("odd.example"));
  EXPECT_EQ(decision.verdict, Verdict::reject);
  EXPECT_THAT(entry(decision, "adds").effects,
              ElementsAre("add 2.5 to score.spam", "add 1 to score.seen", "add 2.5 to score.all"));
}

}  // namespace
}  // namespace postern
