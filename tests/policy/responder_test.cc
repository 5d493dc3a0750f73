#include "policy/responder.h"

#include "tests/policy/door_fixture.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <thread>

namespace postern::policy_door::test {
namespace {

using std::chrono_literals::operator""s;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ResponderTest : public DoorTest {
 protected:
  /// The answer, "" for a close without one, or "later".
  std::string ask(std::string_view state, const Attributes& changes = {}) {
    Decoder decoder;
    decoder.feed(policy_request(state, changes));
    const auto answer = std::make_shared<std::string>("later");
    test::ask(responder, *decoder.next(), [answer](std::optional<std::string> octets) {
      EXPECT_EQ(*answer, "later") << "answered twice";
      *answer = octets.value_or("");
    });
    later = answer;
    return *answer;
  }
  std::string ask_about(const std::string& local, Attributes changes = {}) {
    changes.emplace_back("recipient", local + "@test.example");
    return ask("RCPT", changes);
  }

  Responder responder{services()};
  std::shared_ptr<std::string> later;
};

TEST_F(ResponderTest, WhatRcptWillWantToKnowIsAskedAtConnectAndMail) {
  holder.set(policy_of(
      "[check.zen]\nkind = \"dnsbl\"\nzone = \"zen.example\"\n[[rule]]\nname = \"listed\"\n"
      "stage = \"rcpt\"\nwhen = 'zen == \"listed\"'\nreject = \"dnsbl-listed\"\n"
      "unavailable = \"skip\"\n"));
  ask("CONNECT");
  const auto asked = source.asked();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_TRUE(asked.front().key.ends_with(".zen.example")) << asked.front().key;
  ask("EHLO");
  EXPECT_EQ(source.asked().size(), 1U);
  ask("MAIL");
  EXPECT_EQ(source.asked().size(), 2U);
  ask_about("bob");
  EXPECT_EQ(source.asked().size(), 2U);  // the toy rules ask nothing themselves
}

TEST_F(ResponderTest, ARefusalGoesOutWithItsReferenceAndIsRecordedAsSent) {
  const auto answer = ask_about("policy-reject");
  EXPECT_THAT(answer, StartsWith("action=550 5.7.1 "));
  const auto records = journal.records();
  ASSERT_EQ(records.size(), 1U);
  const auto& record = records[0];
  EXPECT_EQ(record.kind, RecordKind::decision);
  ASSERT_TRUE(record.sent);
  EXPECT_EQ(record.sent->answer + "\n\n", answer);
  ASSERT_EQ(record.sent->expected.size(), 1U);
  EXPECT_EQ("action=" + record.sent->expected[0], record.sent->answer);
  EXPECT_EQ(record.sent->spoken, Stage::rcpt);
  EXPECT_EQ(record.host, "mx1.example.org");
  EXPECT_FALSE(record.engine.empty());
  EXPECT_EQ(record.policy_digest, holder.get()->digest());
  EXPECT_FALSE(record.transaction.reference.empty());
  EXPECT_THAT(answer, HasSubstr(record.transaction.reference.text()));
  EXPECT_EQ(record.transaction.time, clock.system());
  EXPECT_EQ(record.transaction.recipient.value().local(), "policy-reject");
  EXPECT_EQ(policy_counters.requests, 1U);
  EXPECT_EQ(policy_counters.refusals, 1U);
}

TEST_F(ResponderTest, PassAndAcceptAreDunnoNeverOk) {
  EXPECT_EQ(ask_about("bob"), "action=DUNNO\n\n");
  EXPECT_EQ(ask_about("accept"), "action=DUNNO\n\n");
  ASSERT_EQ(journal.records().size(), 2U);
  EXPECT_EQ(journal.records()[0].decision.verdict, Verdict::pass);
  EXPECT_EQ(journal.records()[1].decision.verdict, Verdict::accept);
  EXPECT_EQ(journal.records()[1].sent->answer, "action=DUNNO");
  EXPECT_EQ(policy_counters.refusals, 0U);
}

TEST_F(ResponderTest, TheEndOfAMessageIsRecordedThoughItPasses) {
  EXPECT_EQ(ask("END-OF-MESSAGE"), "action=DUNNO\n\n");
  ASSERT_EQ(journal.records().size(), 1U);
  EXPECT_EQ(journal.records()[0].decision.verdict, Verdict::pass);
}

TEST_F(ResponderTest, AShadowRuleThatWouldActIsRecorded) {
  EXPECT_EQ(ask_about("shadow"), "action=DUNNO\n\n");
  EXPECT_EQ(journal.records().size(), 1U);
}

TEST_F(ResponderTest, StatesWeDoNotDecideAreDunnoAtOnce) {
  for (const auto* state : {"VRFY", "ETRN", "XCLIENT", "TURN", ""}) {
    EXPECT_EQ(ask(state, {{"recipient", "policy-reject@test.example"}}), "action=DUNNO\n\n");
  }
  EXPECT_THAT(rules.seen(), IsEmpty());
  EXPECT_THAT(journal.records(), IsEmpty());
}

TEST_F(ResponderTest, TheSameRequestAgainGetsTheSameAnswerAndAShortRecord) {
  const auto first = ask_about("policy-reject");
  clock.advance(1s);
  EXPECT_EQ(ask_about("policy-reject"), first);
  EXPECT_EQ(rules.seen().size(), 1U);
  const auto records = journal.records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].kind, RecordKind::repeat);
  EXPECT_EQ(records[1].transaction.reference, records[0].transaction.reference);
  EXPECT_EQ(records[1].sent, records[0].sent);
}

TEST_F(ResponderTest, AnotherListGetsTheSameDecisionInItsOwnForm) {
  const auto at_recipient = ask_about("rcpt-unknown", {{"policy_context", "recipient"}});
  const auto at_client = ask_about("rcpt-unknown", {{"policy_context", "client"}});
  EXPECT_THAT(at_recipient, StartsWith("action=550 5.1.1 "));
  EXPECT_THAT(at_client, StartsWith("action=550 5."));
  EXPECT_THAT(at_client, ::testing::Not(HasSubstr(" 5.1.")));
  EXPECT_EQ(rules.seen().size(), 1U);
  const auto records = journal.records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].transaction.reference, records[0].transaction.reference);
  EXPECT_EQ(records[1].sent->answer + "\n\n", at_client);
}

TEST_F(ResponderTest, ARepeatedPassIsDecidedOnceAndRecordedAsARepeat) {
  ask_about("bob", {{"policy_context", "client"}});
  ask_about("bob", {{"policy_context", "recipient"}});
  EXPECT_EQ(rules.seen().size(), 1U);
  const auto records = journal.records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].kind, RecordKind::decision);
  EXPECT_EQ(records[1].kind, RecordKind::repeat);
}

TEST_F(ResponderTest, AnotherMessageSenderOrClientIsAnotherRequest) {
  ask_about("policy-reject");
  ask_about("policy-reject", {{"instance", "437b.6b009e9b.c35ad.1"}});
  ask_about("policy-reject", {{"sender", "x@example.org"}});
  ask_about("policy-reject", {{"client_address", "192.0.2.8"}});
  EXPECT_EQ(rules.seen().size(), 4U);
  for (const auto& record : journal.records()) EXPECT_EQ(record.kind, RecordKind::decision);
}

TEST_F(ResponderTest, AMessageKeepsThePolicyItBeganWith) {
  const auto old = holder.get()->digest();
  ask_about("bob");
  holder.set(policy_of("[limits]\npolicy_connections = 7\n"));
  ask_about("policy-reject");
  ask_about("policy-reject", {{"instance", "437b.6b009e9b.c35ad.1"}});
  const auto records = journal.records();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].policy_digest, old);
  EXPECT_EQ(records[1].policy_digest, old);
  EXPECT_EQ(records[2].policy_digest, holder.get()->digest());
  EXPECT_NE(records[1].policy_digest, records[2].policy_digest);
}

TEST_F(ResponderTest, RecipientsAreToldWhenWeSawThemAll) {
  ask_about("bob");
  ask_about("policy-reject");
  ask_about("settle");
  ask_about("accept");
  ask("DATA", {{"recipient", ""}, {"recipient_count", "3"}});
  const auto recipients = rules.seen().back().recipients;
  ASSERT_TRUE(recipients.is_told());
  ASSERT_EQ(recipients.value().size(), 3U);
  EXPECT_EQ(recipients.value()[0].address.local(), "bob");
  EXPECT_FALSE(recipients.value()[0].settled);
  EXPECT_EQ(recipients.value()[1].address.local(), "settle");
  EXPECT_TRUE(recipients.value()[1].settled);
  EXPECT_EQ(recipients.value()[1].settled_by, "settle");
  EXPECT_FALSE(recipients.value()[2].settled);
}

TEST_F(ResponderTest, RecipientsAreNotToldWhenTheCountDiffers) {
  ask_about("bob");
  ask_about("eve");
  ask("DATA", {{"recipient", ""}, {"recipient_count", "3"}});
  EXPECT_EQ(rules.seen().back().recipients.state(),
            Told<std::vector<AcceptedRecipient>>::State::not_told);
}

TEST_F(ResponderTest, TheOnlyRecipientIsToldWhenWeSawItThoughAnotherWasRefusedElsewhere) {
  ask_about("bob");
  ask_about("eve");
  ask("DATA", {{"recipient", "eve@test.example"}});
  ASSERT_TRUE(rules.seen().back().recipients.is_told());
  EXPECT_EQ(rules.seen().back().recipients.value().at(0).address.local(), "eve");
  ask("END-OF-MESSAGE", {{"recipient", "new@test.example"}});
  EXPECT_FALSE(rules.seen().back().recipients.is_told());
}

TEST_F(ResponderTest, ADeferralThatMayYieldSaysSo) {
  const auto answer = ask_about("greylisted");
  EXPECT_THAT(answer, StartsWith("action=DEFER_IF_PERMIT 4.7.0 "));
  ASSERT_EQ(journal.records().size(), 1U);
  const auto sent = *journal.records()[0].sent;
  EXPECT_THAT(sent.expected.at(0), StartsWith("450 4.7.0 "));
  EXPECT_FALSE(sent.condition.empty());
}

TEST_F(ResponderTest, AVerdictWithoutAReplyHereIsDunnoAndTheRecordSaysSo) {
  const auto reasons = all_reasons();
  const auto mute = std::find_if(reasons.begin(), reasons.end(), [](const Reason& reason) {
    return usable_in_rule(reason) && !form_at(reason, std::nullopt, ReplyStage::helo);
  });
  ASSERT_NE(mute, reasons.end());
  EXPECT_EQ(ask("EHLO", {{"helo_name", std::string(mute->id) + ".example"}}), "action=DUNNO\n\n");
  const auto records = journal.records();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].decision.reason, &*mute);
  EXPECT_EQ(records[0].sent->answer, "action=DUNNO");
  EXPECT_FALSE(records[0].sent->condition.empty());
  EXPECT_EQ(policy_counters.refusals, 0U);
}

TEST_F(ResponderTest, AFailingEvaluationIsNotAnswered) {
  EXPECT_EQ(ask_about("fail"), "");
  EXPECT_EQ(policy_counters.failures, 1U);
  EXPECT_EQ(policy_counters.refusals, 0U);
  EXPECT_THAT(journal.records(), IsEmpty());
}

TEST_F(ResponderTest, WithoutAPolicyNothingIsAnswered) {
  holder.set(nullptr);
  EXPECT_EQ(ask_about("bob"), "");
  EXPECT_EQ(policy_counters.failures, 1U);
}

TEST_F(ResponderTest, ManyFailuresAreOneLineASecondAndACount) {
  const auto lines_of = [&](int requests) {
    ::testing::internal::CaptureStderr();
    for (int i = 0; i < requests; ++i) EXPECT_EQ(ask_about("fail"), "");
    return ::testing::internal::GetCapturedStderr();
  };
  const auto first = lines_of(500);
  EXPECT_EQ(std::count(first.begin(), first.end(), '\n'), 1) << first;
  clock.advance(1s);
  const auto second = lines_of(2);
  EXPECT_EQ(std::count(second.begin(), second.end(), '\n'), 1) << second;
  EXPECT_THAT(second, HasSubstr("(499 like it were not logged)"));
  EXPECT_EQ(policy_counters.failures, 502U) << "each is counted all the same";
}

TEST_F(ResponderTest, TheQueueIdIsJoinedToTheInstanceOnce) {
  ask_about("policy-reject");
  ask_about("bob", {{"queue_id", "4F1C22A0B1"}});
  ask_about("eve", {{"queue_id", "4F1C22A0B1"}});
  ask("DATA", {{"recipient", ""}, {"recipient_count", "2"}});
  std::vector<Record> joins;
  for (const auto& record : journal.records()) {
    if (record.kind == RecordKind::join) joins.push_back(record);
  }
  ASSERT_EQ(joins.size(), 1U);
  EXPECT_EQ(joins[0].transaction.instance, "437b.6b009e9b.c35ad.0");
  EXPECT_EQ(joins[0].transaction.queue_id, "4F1C22A0B1");
  EXPECT_FALSE(joins[0].sent);
}

TEST_F(ResponderTest, AnAnswerFromElsewhereComesLaterAndExactlyOnce) {
  EXPECT_EQ(ask_about("ask"), "later");
  std::thread answering(
      [this] { source.answer(ObedientRules::question(), Answer::found({"yes"})); });
  answering.join();
  EXPECT_THAT(*later, StartsWith("action=550 5.7.1 "));
  source.answer(ObedientRules::question(), Answer::nothing());
  EXPECT_EQ(journal.records().size(), 1U);
}

TEST_F(ResponderTest, TheDeadlineAnswersForASourceThatIsSilent) {
  EXPECT_EQ(ask_about("ask"), "later");
  clock.advance(8s);
  driver.tick();
  EXPECT_EQ(*later, "action=DUNNO\n\n");
}

TEST_F(ResponderTest, MailThatPassesLeavesNoRecordWhenNobodyWantsIt) {
  holder.set(policy_of("[journal]\naccepts = \"none\"\n[log]\naccepts = false\n"));
  EXPECT_EQ(ask_about("bob"), "action=DUNNO\n\n");
  EXPECT_EQ(ask_about("bob"), "action=DUNNO\n\n");
  EXPECT_THAT(journal.records(), IsEmpty()) << "neither the pass nor its repeat";
  EXPECT_THAT(ask_about("policy-reject"), StartsWith("action=550 "));
  ASSERT_EQ(journal.records().size(), 1U);
  EXPECT_EQ(journal.records()[0].detail, RecordDetail::full);
}

class WithoutRecordsOfAccepts : public ResponderTest {
 protected:
  /// Postfix's ways with a message of two recipients: each asked about by two lists, the queue id
  /// known from the second on.
  void ask_by_two_lists(const std::string& first, const std::string& second) {
    ask_about(first, {{"policy_context", "client"}});
    ask_about(first, {{"policy_context", "recipient"}});
    ask_about(second, {{"policy_context", "client"}, {"queue_id", "4F1C22A0B1"}});
    ask_about(second, {{"policy_context", "recipient"}, {"queue_id", "4F1C22A0B1"}});
  }
  static std::vector<RecordKind> kinds(const std::vector<Record>& records) {
    std::vector<RecordKind> kinds;
    for (const auto& record : records) kinds.push_back(record.kind);
    return kinds;
  }

  static constexpr auto decision = RecordKind::decision;
  static constexpr auto repeat = RecordKind::repeat;
  static constexpr auto join = RecordKind::join;
  const std::string none = "[journal]\naccepts = \"none\"\n";
  const std::string quiet = none + "[log]\naccepts = false\n";
};

TEST_F(WithoutRecordsOfAccepts, RepeatsAndJoinsOfPassesUsedToBeRecorded) {
  holder.set(policy_of(none));
  ask_by_two_lists("bob", "accept");
  EXPECT_THAT(journal.records(), IsEmpty());
  EXPECT_THAT(kinds(journal.lines()), ElementsAre(decision, repeat, join, decision, repeat))
      << "the log, which has a line of each pass, still ties them to the queue id";
}

TEST_F(WithoutRecordsOfAccepts, AShadowRuleThatSaidNoUsedToLeaveRepeatsAndJoins) {
  // The real rules: a decision without its trail does not tell what a shadow rule says.
  const std::string rule =
      "[[rule]]\nname = \"in shadow\"\nstage = \"rcpt\"\nwhen = 'recipient.local == \"eve\"'\n"
      "reject = \"policy-reject\"\nmode = \"shadow\"\n"
      "[[rule]]\nname = \"welcome\"\nstage = \"rcpt\"\nwhen = 'recipient.local == \"sue\"'\n"
      "accept = \"stage\"\n";
  Driver real(source, clock);
  Services with_rules{holder, references,      real,           ahead, journal,
                      clock,  milter_counters, policy_counters};
  responder = Responder(with_rules);
  holder.set(policy_of(quiet + rule));
  ask_by_two_lists("bob", "sue");
  EXPECT_THAT(journal.records(), IsEmpty());
  EXPECT_THAT(journal.lines(), IsEmpty());
  // What it says yes to is recorded, and so is all that belongs to it.
  ask_about("eve", {{"instance", "another"}});
  ask_about("eve", {{"instance", "another"}});
  ask_about("bob", {{"instance", "another"}, {"queue_id", "4F1C22A0B2"}});
  EXPECT_THAT(kinds(journal.records()), ElementsAre(decision, repeat, join));
  EXPECT_EQ(journal.records()[0].decision.trail.size(), 1U);
  EXPECT_EQ(journal.records()[1].transaction.reference, journal.records()[0].transaction.reference);
}

TEST_F(WithoutRecordsOfAccepts, RefusalsAreRecordedWithTheirRepeatsAndJoin) {
  holder.set(policy_of(quiet));
  ask_by_two_lists("policy-reject", "bob");
  EXPECT_THAT(kinds(journal.records()), ElementsAre(decision, repeat, join));
  EXPECT_THAT(journal.lines(), IsEmpty());
}

TEST_F(WithoutRecordsOfAccepts, AShadowRuleThatAnswersLateDecidesWhetherThereIsARecord) {
  holder.set(policy_of(quiet));
  EXPECT_EQ(ask_about("wonder"), "action=DUNNO\n\n");
  EXPECT_EQ(ask_about("wonder"), "action=DUNNO\n\n") << "nothing is there to be repeated yet";
  EXPECT_THAT(journal.records(), IsEmpty());
  source.answer(ObedientRules::question(), Answer::found({"yes"}));
  ask_about("wonder");
  ask_about("bob", {{"queue_id", "4F1C22A0B1"}});
  EXPECT_THAT(kinds(journal.records()), ElementsAre(decision, repeat, join));
}

TEST_F(WithoutRecordsOfAccepts, AShadowRuleThatSaysNoLateLeavesNothing) {
  holder.set(policy_of(quiet));
  ask_about("wonder");
  source.answer(ObedientRules::question(), Answer::nothing());
  ask_about("wonder");
  ask_about("bob", {{"queue_id", "4F1C22A0B1"}});
  EXPECT_THAT(journal.records(), IsEmpty());
  EXPECT_THAT(journal.lines(), IsEmpty());
}

TEST_F(ResponderTest, AnAnswerAfterTheResponderIsGoneIsHarmless) {
  std::string answer = "none";
  {
    Responder brief(services());
    Decoder decoder;
    decoder.feed(policy_request("RCPT", {{"recipient", "ask@test.example"}}));
    test::ask(brief, *decoder.next(), [&](std::optional<std::string> octets) { answer = *octets; });
  }
  source.answer(ObedientRules::question(), Answer::nothing());
  EXPECT_EQ(answer, "action=DUNNO\n\n");
}

TEST_F(ResponderTest, EveryReasonAtEveryStateAndListIsSomethingPostfixUnderstands) {
  int asked = 0;
  unsigned unanswered = 0;
  for (const auto& reason : all_reasons()) {
    for (const auto* state : {"CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END-OF-MESSAGE"}) {
      for (const auto* context : {"", "client", "helo", "sender", "recipient", "data", "end"}) {
        const auto word = std::string(reason.id);
        const auto answer = ask(state, {{"recipient", word + "@" + std::string(250, 'x')},
                                        {"helo_name", word + ".example"},
                                        {"policy_context", context},
                                        {"instance", std::to_string(++asked)}});
        // A refusal without a reply cannot come from a policy that loaded; it is never let through.
        if (answer.empty()) {
          ++unanswered;
          ASSERT_THAT(state, ::testing::AnyOf("MAIL", "RCPT", "DATA", "END-OF-MESSAGE"));
          continue;
        }
        ASSERT_THAT(answer, ::testing::EndsWith("\n\n")) << word << ' ' << state << ' ' << context;
        ASSERT_TRUE(encode_answer(answer.substr(7, answer.size() - 9))) << answer;
      }
    }
  }
  EXPECT_GT(asked, 4000);
  EXPECT_EQ(policy_counters.failures, unanswered);
  EXPECT_GT(policy_counters.refusals, 1000U);
}

}  // namespace
}  // namespace postern::policy_door::test
