#include "journal/replay_report.h"

#include "journal/address_eraser.h"
#include "reply/render.h"
#include "support/golden.h"
#include "support/policy_text.h"
#include "support/sample_check.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

const std::string today = R"([identity]
host = "mx1.example.org"
contact = "postmaster@example.org"

[[rule]]
name = "friends"
stage = "rcpt"
when = 'sender.domain == "friends.example"'
accept = "message"

[[rule]]
name = "blocked"
stage = "rcpt"
when = 'sender.domain == "bad.example"'
reject = "sender-blocked"

[[rule]]
name = "marked"
when = 'sender.local == "news"'
add_header = "X-News: yes"
)";

const std::string tomorrow = R"([identity]
host = "mx1.example.org"
contact = "postmaster@example.org"

[[rule]]
name = "good friends"
stage = "rcpt"
when = 'sender.domain == "friends.example"'
accept = "message"

[[rule]]
name = "strangers"
stage = "rcpt"
when = 'sender.domain == "stranger.example"'
reject = "sender-blocked"

[[rule]]
name = "slow ones"
stage = "rcpt"
when = 'sender.domain == "slow.example"'
defer = "policy-defer"

[[rule]]
name = "looked up"
stage = "rcpt"
when = 'sender.domain == "odd.example" and sample_dns == "bad"'
reject = "sender-blocked"
)";

Record decided(const Policy& policy, std::string_view sender, unsigned sequence) {
  Record record;
  record.transaction = test::ordinary_transaction(Stage::rcpt);
  record.transaction.sender = MailAddress::from_envelope("<" + std::string(sender) + ">");
  record.transaction.reference = Reference::make(record.transaction.time, 3, sequence);
  record.policy_digest = policy.digest();
  record.decision = std::get<Decision>(evaluate(policy, record.transaction, record.facts));
  return record;
}

class ReplayReports : public ::testing::Test {
 protected:
  void add(std::string_view sender, int times = 1) {
    for (int i = 0; i < times; ++i) report_.add(*after_, decided(*before_, sender, sequence_++));
  }

  std::shared_ptr<const Policy> before_ = testing::compile_policy(today);
  std::shared_ptr<const Policy> after_ = testing::compile_policy(tomorrow, test::sample_checks());
  ReplayReport report_;
  unsigned sequence_ = 1;
};

TEST_F(ReplayReports, ThePolicyOfTheRecordsChangesNothing) {
  for (const char* sender : {"a@friends.example", "b@bad.example", "news@x.example"}) {
    report_.add(*before_, decided(*before_, sender, sequence_++));
  }
  EXPECT_EQ(report_.counts().equal, 3U);
  EXPECT_EQ(report_.counts().changed, 0U);
  EXPECT_THAT(report_.groups(), IsEmpty());
}

TEST_F(ReplayReports, TellWhatIsRefusedPutOffAndLetInAnew) {
  add("a@stranger.example", 5);
  add("b@slow.example", 2);
  add("c@bad.example");
  add("d@example.net");
  const auto& counts = report_.counts();
  EXPECT_EQ(counts.decisions, 9U);
  EXPECT_EQ(counts.equal, 1U);
  EXPECT_EQ(counts.changed, 8U);
  EXPECT_EQ(counts.new_rejects, 5U);
  EXPECT_EQ(counts.new_defers, 2U);
  EXPECT_EQ(counts.let_in, 1U);
  const auto groups = report_.groups();
  ASSERT_THAT(groups, SizeIs(3));
  EXPECT_EQ(groups[0].count, 5U);
  EXPECT_EQ(groups[0].outcome_before, "pass");
  EXPECT_EQ(groups[0].outcome_after, "reject 550 5.7.1 sender-blocked");
  EXPECT_EQ(groups[0].rule_after, "strangers");
  EXPECT_THAT(groups[0].examples, SizeIs(3)) << "the first three are enough";
  EXPECT_EQ(groups[0].examples[0].sender, "a@stranger.example");
}

TEST_F(ReplayReports, AnotherRuleForTheSameOutcomeIsNoChange) {
  add("a@friends.example");
  EXPECT_EQ(report_.counts().other_rule, 1U);
  EXPECT_EQ(report_.counts().changed, 0U);
  ASSERT_THAT(report_.groups(), SizeIs(1));
  EXPECT_EQ(report_.groups()[0].rule_after, "good friends");
}

TEST_F(ReplayReports, AnEffectThatIsNoLongerCarriedOutIsAChange) {
  add("news@example.net");
  EXPECT_EQ(report_.counts().changed, 1U);
  EXPECT_EQ(report_.groups()[0].outcome_before, "pass + add_header X-News");
  EXPECT_EQ(report_.groups()[0].outcome_after, "pass");
}

TEST_F(ReplayReports, WhatWasNeverAskedIsNotGuessed) {
  add("a@odd.example", 2);
  EXPECT_EQ(report_.counts().undecided, 2U);
  EXPECT_EQ(report_.counts().equal, 0U);
  EXPECT_THAT(report_.lacking(), ElementsAre(Pair("dns sample_dns", 2U)));
  EXPECT_THAT(report_.undecided(), SizeIs(2));
}

TEST_F(ReplayReports, ARecordWhoseVerdictWasAlteredIsAContradiction) {
  auto record = decided(*before_, "b@bad.example", 1);
  record.decision.verdict = Verdict::accept;
  report_.add(*before_, record);
  EXPECT_EQ(report_.counts().contradictions, 1U);
  EXPECT_EQ(report_.counts().equal, 0U);
  ASSERT_THAT(report_.contradictions(), SizeIs(1));
  EXPECT_EQ(report_.contradictions()[0].differences[0].what, "verdict");
}

TEST_F(ReplayReports, TheSamePolicyFromAnotherPathChangesNothing) {
  auto record = decided(*before_, "b@bad.example", 1);
  ASSERT_TRUE(record.decision.rule);
  record.decision.rule->file = "/etc/postern/postern.toml";
  for (auto& entry : record.decision.trail) entry.rule.file = "/etc/postern/postern.toml";
  report_.add(*before_, record);
  EXPECT_EQ(report_.counts().equal, 1U);
  record.decision.rule->line += 1;
  report_.add(*before_, record);
  EXPECT_EQ(report_.counts().contradictions, 1U);
}

TEST_F(ReplayReports, WhatWasErasedIsNeitherForgedNorDecidedAnew) {
  auto line = to_json(decided(*before_, "b@bad.example", 1));
  const auto eraser = AddressEraser::parse("b@bad.example", {});
  ASSERT_TRUE(eraser && eraser->edit(line));
  const auto record = record_from_json(line);
  ASSERT_TRUE(record) << render(record.problems());
  report_.add(*before_, *record);
  report_.add(*after_, *record);
  EXPECT_EQ(report_.counts().contradictions, 0U);
  EXPECT_EQ(report_.counts().changed, 0U);
  EXPECT_EQ(report_.counts().undecided, 2U);
}

TEST_F(ReplayReports, AnswersThatWereErasedAreNeitherForgedNorDecidedAnew) {
  auto record = decided(*before_, "b@bad.example", 1);
  record.transaction.client.name = std::string("x");
  record.decision.note = "told by bob@elsewhere.example";
  auto line = to_json(record);
  const auto eraser = AddressEraser::parse("bob@elsewhere.example", {});
  ASSERT_TRUE(eraser && eraser->edit(line));
  const auto read = record_from_json(line);
  ASSERT_TRUE(read) << render(read.problems());
  report_.add(*before_, *read);
  EXPECT_EQ(report_.counts().contradictions, 0U);
  EXPECT_EQ(report_.counts().undecided, 1U);
}

TEST_F(ReplayReports, AQuestionThatHadAnotherKeyWithTheNameInItIsNoContradiction) {
  auto record = decided(*before_, "b@bad.example", 1);
  record.policy_digest = after_->digest();
  record.transaction.sender = MailAddress::from_unquoted("~0123456789abcdef@odd.example");
  report_.add(*after_, record);
  EXPECT_EQ(report_.counts().contradictions, 0U);
  EXPECT_EQ(report_.counts().undecided, 1U);
}

TEST_F(ReplayReports, WhatALaterStageMayRefuseIsNotLetIn) {
  const auto later = testing::compile_policy(
      "[identity]\nhost = \"mx1.example.org\"\n\n[[rule]]\nname = \"at data\"\nstage = \"data\"\n"
      "when = 'sender.domain == \"bad.example\"'\ndiscard = \"unwanted\"\nacknowledge_loss = "
      "true\n");
  ASSERT_NE(later, nullptr);
  auto record = decided(*before_, "b@bad.example", 1);
  ASSERT_EQ(record.decision.verdict, Verdict::reject);
  report_.add(*later, record);
  EXPECT_EQ(report_.counts().changed, 1U);
  EXPECT_EQ(report_.counts().let_in, 0U);
  EXPECT_EQ(report_.counts().let_on, 1U);
}

TEST_F(ReplayReports, ADiscardInPlaceOfARefusalAndMailThatIsHeldAreChangesOfTheirOwn) {
  const auto add = [this](const char* action) {
    const auto policy = testing::compile_policy(
        std::string("[identity]\nhost = \"mx1.example.org\"\n\n[[rule]]\nname = \"x\"\n"
                    "stage = \"data\"\nwhen = 'sender.domain == \"bad.example\"'\n") +
        action);
    ASSERT_NE(policy, nullptr) << action;
    Record record;
    record.transaction = test::ordinary_transaction(Stage::data);
    record.transaction.sender = MailAddress::from_envelope("<a@bad.example>");
    record.policy_digest = "other";
    record.decision.verdict = Verdict::pass;
    report_.add(*policy, record);
    record.decision.verdict = Verdict::reject;
    report_.add(*policy, record);
  };
  add("discard = \"unwanted\"\nacknowledge_loss = true\n");
  EXPECT_EQ(report_.counts().new_rejects, 2U);
  add("quarantine = \"unwanted\"\n");
  EXPECT_EQ(report_.counts().new_holds, 1U);
}

TEST_F(ReplayReports, AnotherVersionsWordsAreNoForgery) {
  auto record = decided(*before_, "b@bad.example", 1);
  ReplyText text = record.decision.reply->text();
  text.sentence = "As an older version had it.";
  const auto reply =
      Reply::make(record.decision.reply->stage(), record.decision.reply->form(), text);
  ASSERT_TRUE(reply) << render(reply.problems());
  record.decision.reply = *reply;
  report_.add(*before_, record);
  EXPECT_EQ(report_.counts().contradictions, 1U);
  record.engine = "0.0.9";
  report_.add(*before_, record);
  EXPECT_EQ(report_.counts().contradictions, 1U);
  EXPECT_EQ(report_.counts().equal, 1U);
}

TEST_F(ReplayReports, TellWhichListsTheyLack) {
  EXPECT_EQ(lacking_text({QuestionKind::dns, "A", "7.2.0.192.zen.example"}),
            "dns A in zen.example");
  EXPECT_EQ(lacking_text({QuestionKind::dns, "A",
                          "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
                          "zen.example"}),
            "dns A in zen.example");
  EXPECT_EQ(lacking_text({QuestionKind::dns, "MX", "a.b.c.d.example.org"}), "dns MX");
  EXPECT_EQ(lacking_text({QuestionKind::dns, "A", ""}), "dns A");
}

TEST_F(ReplayReports, TellWhichGatesAreOpen) {
  add("a@stranger.example");
  const auto json =
      to_json(report_, {{"new-rejects", "1 newly refused for good"}, {"undecided", ""}});
  EXPECT_THAT(json, ::testing::HasSubstr(
                        R"("gates":[{"gate":"new-rejects","open":false,"why":"1 newly refused )"
                        R"(for good"},{"gate":"undecided","open":true}])"));
}

TEST_F(ReplayReports, AnswersOfTodayAreCountedApartFromTheRecorded) {
  ReplayOptions options;
  std::size_t asked = 0;
  options.ask_now = [&asked](const std::vector<Question>& questions) {
    asked += questions.size();
    return std::vector<Answer>(questions.size(), Answer::found({"bad"}));
  };
  ReplayReport report(options);
  report.add(*after_, decided(*before_, "a@odd.example", 1));
  report.add(*after_, decided(*before_, "a@stranger.example", 2));
  EXPECT_EQ(asked, 1U);
  EXPECT_EQ(report.counts().decisions, 2U);
  EXPECT_EQ(report.counts().undecided, 0U);
  EXPECT_EQ(report.counts().changed, 1U);
  EXPECT_EQ(report.counts().today.changed, 1U);
  EXPECT_EQ(report.counts().today.new_rejects, 1U);
  const auto groups = report.groups();
  ASSERT_THAT(groups, SizeIs(2));
  EXPECT_EQ(groups[0].basis, ReplayBasis::recorded);
  EXPECT_EQ(groups[1].basis, ReplayBasis::today);
  EXPECT_EQ(groups[1].rule_after, "looked up");
  testing::expect_golden("journal/replay-report-today.txt", to_text(report));
  testing::expect_golden("journal/replay-report-today.json", to_json(report));
}

TEST_F(ReplayReports, ACostlyQuestionIsNotAskedAgain) {
  const auto policy = testing::compile_policy(
      "[[rule]]\nname = \"counted\"\nstage = \"rcpt\"\nwhen = 'sample_costly == \"high\"'\n"
      "reject = \"sender-blocked\"\n",
      test::sample_checks());
  ReplayOptions options;
  options.ask_now = [](const std::vector<Question>& questions) {
    ADD_FAILURE() << "it would count once more";
    return std::vector<Answer>(questions.size(), Answer::found({"low"}));
  };
  ReplayReport report(options);
  report.add(*policy, decided(*before_, "a@odd.example", 1));
  EXPECT_EQ(report.counts().undecided, 1U);
}

TEST_F(ReplayReports, TroubleOfOurOwnWasNoPolicysDecision) {
  auto record = decided(*before_, "a@stranger.example", 1);
  record.decision.verdict = Verdict::defer;
  record.decision.reason = find_reason("internal-error");
  report_.add(*before_, record);
  report_.add(*after_, record);
  report_.verify(record);
  EXPECT_EQ(report_.counts().in_trouble, 3U);
  EXPECT_EQ(report_.counts().contradictions, 0U);
  EXPECT_EQ(report_.counts().changed, 0U);
}

TEST_F(ReplayReports, WithoutThePolicyOfItsDayARecordCannotBeVerified) {
  report_.verify(decided(*before_, "a@stranger.example", 1));
  EXPECT_EQ(report_.counts().undecided, 1U);
  EXPECT_THAT(report_.lacking(), SizeIs(1));
}

TEST_F(ReplayReports, WhatTheNetworkSaidIsCleanOnATerminal) {
  add("\"\x1b[31m\"@stranger.example");
  EXPECT_EQ(to_text(report_).find('\x1b'), std::string::npos);
}

TEST_F(ReplayReports, ReadAsExpected) {
  add("a@stranger.example", 1234);
  add("b@slow.example", 2);
  add("c@bad.example");
  add("a@friends.example");
  add("news@example.net");
  add("a@odd.example", 4);
  add("d@example.net", 3);
  auto record = decided(*after_, "a@friends.example", sequence_++);
  record.decision.rule->name = "altered";
  report_.add(*after_, record);
  testing::expect_golden("journal/replay-report.txt", to_text(report_));
  testing::expect_golden("journal/replay-report.json", to_json(report_));
}

Record with_hidden_sender(const Policy& policy, const AddressMask& mask, std::string_view sender) {
  auto record = decided(policy, sender, 1);
  const auto& open = record.transaction.sender.value();
  record.transaction.sender =
      MailAddress::from_unquoted(mask.local(open.local()) + '@' + open.domain());
  return record;
}

TEST_F(ReplayReports, HashedAddressesAreComparedAndWhatCannotBeToldIsListed) {
  const auto mask = AddressMask::hashed("key");
  const auto marked = testing::compile_policy(today);
  const auto inside = testing::compile_policy(R"([identity]
host = "mx1.example.org"

[[rule]]
name = "inside"
stage = "rcpt"
when = 'sender.domain == "x.example" and sender.local matches "^n"'
reject = "sender-blocked"
)");
  ASSERT_NE(inside, nullptr);
  ReplayOptions options;
  options.addresses = mask;
  ReplayReport report(options);
  report.add(*marked, with_hidden_sender(*marked, mask, "news@x.example"));
  report.add(*marked, with_hidden_sender(*marked, mask, "b@bad.example"));
  EXPECT_EQ(report.counts().equal, 2U);
  report.add(*inside, with_hidden_sender(*inside, mask, "news@x.example"));
  EXPECT_EQ(report.counts().undecided, 1U);
  EXPECT_THAT(report.lacking(), ElementsAre(Pair("sender.local (rule \"inside\")", 1U)));
  report.add(*inside, with_hidden_sender(*inside, mask, "news@y.example"));
  EXPECT_EQ(report.counts().equal, 3U);
  EXPECT_EQ(report.counts().contradictions, 0U);
  // A verdict that somebody has changed shows as in any record.
  auto forged = with_hidden_sender(*marked, mask, "b@bad.example");
  forged.decision.verdict = Verdict::pass;
  report.add(*marked, forged);
  EXPECT_EQ(report.counts().contradictions, 1U);
}

/// A refusal at Postfix's policy protocol with what was sent.
Record sent_by_policy(const Policy& policy, unsigned sequence) {
  auto record = decided(policy, "b@bad.example", sequence);
  record.transaction.door = Door::policy;
  const auto answer = render_for_policy(*record.decision.reply, *record.decision.reason,
                                        PolicyContext::recipient, 40);
  record.sent = SentReply{"action=" + answer.action, {answer.expected}, "", Stage::rcpt, {}};
  return record;
}

TEST_F(ReplayReports, WhatTheClientSawCouldBeAlteredUnseen) {
  report_.add(*before_, sent_by_policy(*before_, 1));
  ASSERT_EQ(report_.counts().equal, 1U);
  auto code = sent_by_policy(*before_, 2);
  code.sent->answer.replace(7, 3, "551");
  code.sent->expected.front().replace(0, 3, "551");
  auto text = sent_by_policy(*before_, 3);
  text.sent->expected.front() += " Pay first.";
  text.sent->answer += " Pay first.";
  auto half = sent_by_policy(*before_, 4);
  half.sent->answer += " Pay first.";
  auto stage = sent_by_policy(*before_, 5);
  stage.sent->spoken = Stage::mail;
  auto invented = decided(*before_, "d@example.net", 6);
  invented.transaction.door = Door::milter;
  invented.sent = SentReply{"550 5.7.1 No.", {"550 5.7.1 No."}, "", Stage::rcpt, {}};
  unsigned found = 0;
  for (const auto& altered : {code, text, half, stage, invented}) {
    report_.add(*before_, altered);
    EXPECT_EQ(report_.counts().contradictions, ++found) << to_json(altered);
  }
}

TEST_F(ReplayReports, WhatAMilterSentFollowsFromTheDecision) {
  auto record = decided(*before_, "b@bad.example", 1);
  record.transaction.door = Door::milter;
  const auto reply = render_for_milter(*record.decision.reply, 30);
  std::string answer;
  for (const auto& line : wire_lines(reply)) answer += (answer.empty() ? "" : "\r\n") + line;
  record.sent = SentReply{answer, reply.expected, "", Stage::rcpt, {}};
  report_.add(*before_, record);
  EXPECT_EQ(report_.counts().equal, 1U);
  record.sent->expected.back() += " Pay first.";
  report_.add(*before_, record);
  EXPECT_EQ(report_.counts().contradictions, 1U);
}

}  // namespace
}  // namespace postern
