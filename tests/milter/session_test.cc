#include "milter/session.h"

#include "milter/session_fixture.h"

#include <gmock/gmock.h>

namespace postern::milter_door {
namespace {

using Session = test::SessionFixture;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

test::ToyRule unknown_recipient(const std::string& address) {
  return {"unknown users",
          Stage::rcpt,
          [address](const Transaction& t) {
            return t.recipient.is_told() && t.recipient.value().text() == address;
          },
          Verdict::reject,
          "rcpt-unknown",
          {},
          {}};
}

test::ToyRule blocked_client() {
  return {"blocked networks",
          Stage::connect,
          [](const Transaction& t) {
            return t.client.address && t.client.address->text() == "198.51.100.9";
          },
          Verdict::reject,
          "client-blocked",
          {},
          {}};
}

test::ToyRule sender_rule() {
  return {"unwanted senders",
          Stage::mail,
          [](const Transaction& t) {
            return t.sender.is_told() && t.sender.value().text() == "bad@example.org";
          },
          Verdict::reject,
          "sender-blocked",
          {},
          {}};
}

TEST_F(Session, AsksAheadWhenTheClientAndWhenTheSenderIsKnown) {
  std::vector<Transaction> asked;
  ask_ahead = [&](const Transaction& transaction) { asked.push_back(transaction); };
  begin();
  greet();
  rcpt("<ann@example.net>");
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].stage, Stage::connect);
  EXPECT_EQ(asked[0].client.address->text(), "192.0.2.7");
  EXPECT_FALSE(asked[0].sender.is_told());
  EXPECT_EQ(asked[1].stage, Stage::mail);
  EXPECT_EQ(asked[1].sender.value().text(), "a@example.org");
  EXPECT_EQ(asked[1].helo.value(), "mail.example.org");
}

TEST_F(Session, RefusesOneRecipientAndLeavesTheOthersAlone) {
  policy.rules = {unknown_recipient("nobody@example.net")};
  begin();
  greet();
  EXPECT_EQ(rcpt("<ann@example.net>"), Status::proceed);
  EXPECT_FALSE(link.reply);
  EXPECT_EQ(rcpt("<nobody@example.net>"), Status::reject);
  ASSERT_TRUE(link.reply);
  EXPECT_EQ(link.reply->code, "550");
  EXPECT_EQ(rcpt("<bob@example.net>"), Status::proceed);
  EXPECT_EQ(end(), Status::proceed);

  const auto all = records.all();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[1].decision.verdict, Verdict::reject);
  EXPECT_EQ(all[1].transaction.recipient.value().text(), "nobody@example.net");
  const auto& message = all[3].transaction;
  EXPECT_EQ(message.stage, Stage::end_of_message);
  EXPECT_EQ(message.recipient_count.value(), 2);
  ASSERT_EQ(message.recipients.value().size(), 2U);
  EXPECT_EQ(message.recipients.value()[0].address.text(), "ann@example.net");
  EXPECT_EQ(message.recipients.value()[1].address.text(), "bob@example.net");
  EXPECT_FALSE(message.recipient.is_told());
}

TEST_F(Session, KeepsTheRecipientLaterOnlyWhenThereIsExactlyOne) {
  begin();
  greet();
  rcpt("<ann@example.net>");
  end();
  EXPECT_TRUE(is(records.all().at(0).transaction.recipient, "ann@example.net"));
}

TEST_F(Session, RecordsTheBytesThatWereSent) {
  policy.rules = {unknown_recipient("nobody@example.net")};
  policy.rules[0].text = "Only 50% of the truth is known";
  begin();
  greet();
  rcpt("<nobody@example.net>");
  const auto all = records.all();
  ASSERT_EQ(all.size(), 1U);
  ASSERT_TRUE(all[0].sent);
  const auto& sent = *all[0].sent;
  EXPECT_EQ(sent.spoken, Stage::rcpt);
  EXPECT_THAT(sent.answer, HasSubstr("50%% of"));
  EXPECT_THAT(sent.expected.at(0), HasSubstr("50% of"));
  std::string given;
  for (std::size_t i = 0; i < link.reply->lines.size(); ++i) {
    given += link.reply->code + (i + 1 < link.reply->lines.size() ? "-" : " ") +
             link.reply->enhanced + " " + link.reply->lines[i];
    if (i + 1 < link.reply->lines.size()) given += "\r\n";
  }
  EXPECT_EQ(sent.answer, given);
  EXPECT_EQ(sent.expected, link.reply->expected);
  EXPECT_THAT(sent.expected.at(0), HasSubstr(all[0].transaction.reference.text()));
}

TEST_F(Session, LeavesRoomForTheAddressThatSendmailPutsInFront) {
  const std::string address =
      "<" + std::string(60, 'x') + "@" + std::string(240, 'y') + ".example>";
  policy.rules = {unknown_recipient(address.substr(1, address.size() - 2))};
  begin();
  greet();
  ASSERT_EQ(rcpt(address), Status::reject);
  EXPECT_LE(address.size() + 4 + link.reply->expected.at(0).size(), 510U);
}

TEST_F(Session, SpeaksAConnectVerdictAtRcptForEachRecipient) {
  policy.rules = {blocked_client(), sender_rule()};
  begin();
  EXPECT_EQ(connect("198.51.100.9"), Status::no_reply);
  EXPECT_EQ(helo(), Status::no_reply);
  EXPECT_EQ(mail(), Status::proceed);
  EXPECT_EQ(records.count(), 0U);
  EXPECT_EQ(rcpt("<ann@example.net>"), Status::reject);
  EXPECT_NE(link.take_codes(), "");
  EXPECT_EQ(rcpt("<bob@example.net>"), Status::reject);
  EXPECT_NE(link.take_codes(), "");
  ASSERT_EQ(records.count(), 2U);
  const auto record = records.all()[0];
  EXPECT_EQ(record.decision.rule->stage, Stage::connect);
  EXPECT_EQ(record.sent->spoken, Stage::rcpt);
}

TEST_F(Session, SpeaksAtConnectOnlyWhenToldToAndThenOnly421Or554) {
  policy.rules = {blocked_client()};
  policy.speak = Speak::stage;
  begin();
  EXPECT_EQ(connect("198.51.100.9"), Status::reject);
  EXPECT_EQ(link.reply->code, "554");
}

TEST_F(Session, SpeaksASenderVerdictAtMail) {
  policy.rules = {sender_rule()};
  begin();
  connect();
  helo();
  EXPECT_EQ(mail("<bad@example.org>"), Status::reject);
  EXPECT_NE(link.take_codes(), "");
  EXPECT_EQ(records.all().at(0).sent->spoken, Stage::mail);
  EXPECT_EQ(mail("<good@example.org>"), Status::proceed);
  EXPECT_EQ(rcpt("<ann@example.net>"), Status::proceed);
}

TEST_F(Session, DoesNotDecideWhereNoRuleStands) {
  policy.rules = {{"late",
                   Stage::data,
                   [](const Transaction&) { return false; },
                   Verdict::reject,
                   "spam",
                   {},
                   {}}};
  begin();
  greet();
  rcpt("<ann@example.net>");
  EXPECT_EQ(counters.requests, 0U);
  EXPECT_EQ(session->data(link), Status::proceed);
  EXPECT_EQ(counters.requests, 1U);
  EXPECT_EQ(session->end_of_headers(link), Status::proceed);
  EXPECT_EQ(counters.requests, 1U);
  end();
  EXPECT_EQ(counters.requests, 2U);
}

TEST_F(Session, AnAcceptedRecipientGoesOnAndIsRecordedAsSettled) {
  policy.rules = {{"partners",
                   Stage::rcpt,
                   [](const Transaction& t) { return is(t.recipient, "ann@example.net"); },
                   Verdict::accept,
                   {},
                   {},
                   AcceptScope::message}};
  begin();
  greet();
  EXPECT_EQ(rcpt("<ann@example.net>"), Status::proceed);
  EXPECT_EQ(rcpt("<bob@example.net>"), Status::proceed);
  ASSERT_EQ(records.count(), 2U);
  EXPECT_EQ(records.all()[0].decision.verdict, Verdict::accept);
  EXPECT_EQ(records.all()[0].sent->answer, "continue");
  end();
  const auto recipients = records.all().at(2).transaction.recipients.value();
  ASSERT_EQ(recipients.size(), 2U);
  EXPECT_TRUE(recipients[0].settled);
  EXPECT_EQ(recipients[0].settled_by, "partners");
  EXPECT_FALSE(recipients[1].settled);
}

TEST_F(Session, AnAcceptOfTheStageAloneSettlesNothing) {
  policy.rules = {{"partners",
                   Stage::rcpt,
                   [](const Transaction&) { return true; },
                   Verdict::accept,
                   {},
                   {},
                   AcceptScope::stage}};
  begin();
  greet();
  rcpt("<ann@example.net>");
  end();
  EXPECT_FALSE(records.all().back().transaction.recipients.value().at(0).settled);
}

// ---- Nothing leaks ---------------------------------------------------------------------------

TEST_F(Session, ForgetsTheMessageAtRset) {
  policy.rules = {unknown_recipient("nobody@example.net")};
  begin();
  greet();
  rcpt("<ann@example.net>");
  session->abort();
  EXPECT_EQ(mail("<second@example.org>"), Status::no_reply);
  rcpt("<bob@example.net>");
  end();
  const auto message = records.all().back().transaction;
  EXPECT_EQ(message.sender.value().text(), "second@example.org");
  ASSERT_EQ(message.recipients.value().size(), 1U);
  EXPECT_EQ(message.recipients.value()[0].address.text(), "bob@example.net");
  EXPECT_EQ(message.helo.value(), "mail.example.org");
}

TEST_F(Session, ForgetsTheMessageWhenTheNextBeginsWithoutRset) {
  begin();
  greet();
  rcpt("<ann@example.net>");
  link.macros["{mail_addr}"] = "first";
  mail("<first@example.org>");
  link.macros.erase("{mail_addr}");
  mail("<second@example.org>");
  rcpt("<bob@example.net>");
  end();
  const auto message = records.all().at(0).transaction;
  EXPECT_EQ(message.sender.value().text(), "second@example.org");
  EXPECT_EQ(message.recipients.value().size(), 1U);
  EXPECT_EQ(message.macros.count("mail_addr"), 0U);
}

TEST_F(Session, ASecondMessageHasItsOwnQueueIdAndSize) {
  policy.content = true;
  begin();
  greet();
  link.macros["i"] = "FIRST";
  rcpt("<ann@example.net>");
  session->header("Subject", " one");
  session->body(100);
  end();
  // Postfix names no queue id before the first recipient; libmilter may still hold the old one.
  mail("<second@example.org>");
  rcpt("<bob@example.net>");
  link.macros["i"] = "SECOND";
  session->body(7);
  end();
  const auto all = records.all();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].transaction.queue_id, "FIRST");
  EXPECT_EQ(all[0].transaction.size.value(), 100 + 14 + 2);
  EXPECT_EQ(all[1].transaction.queue_id, "SECOND");
  EXPECT_EQ(all[1].transaction.size.value(), 7 + 2);
}

TEST_F(Session, StartTlsVoidsTheOldHeloAndBringsTheNewFacts) {
  begin();
  connect();
  helo("before.example");
  session->abort();
  link.macros["{tls_version}"] = "TLSv1.3";
  link.macros["{cipher_bits}"] = "256";
  helo("after.example");
  mail();
  // Postfix stops telling about TLS after DATA; what was told stays.
  link.macros.clear();
  rcpt("<ann@example.net>");
  end();
  const auto message = records.all().at(0).transaction;
  EXPECT_EQ(message.helo.value(), "after.example");
  EXPECT_EQ(message.tls.version.value(), "TLSv1.3");
  EXPECT_EQ(message.tls.bits.value(), 256);
}

TEST_F(Session, ALoginIsReadAtEachMailAndKeptForThatMessage) {
  begin();
  connect();
  helo();
  link.macros["{auth_authen}"] = "ann";
  mail();
  link.macros.clear();
  rcpt("<x@example.net>");
  end();
  mail();
  rcpt("<x@example.net>");
  end();
  const auto all = records.all();
  EXPECT_EQ(all.at(0).transaction.authentication.user.value(), "ann");
  EXPECT_TRUE(all.at(1).transaction.authentication.user.is_absent());
}

TEST_F(Session, ASecondEhloBeginsTheMessageAnew) {
  begin();
  greet();
  rcpt("<ann@example.net>");
  helo("again.example");
  mail();
  rcpt("<bob@example.net>");
  end();
  EXPECT_EQ(records.all().at(0).transaction.recipients.value().size(), 1U);
  EXPECT_EQ(records.all().at(0).transaction.helo.value(), "again.example");
}

TEST_F(Session, KnowsThatNoHeloWasSaid) {
  begin();
  connect();
  mail();
  rcpt("<ann@example.net>");
  end();
  EXPECT_TRUE(records.all().at(0).transaction.helo.is_absent());
}

TEST_F(Session, SessionsHaveTagsOfTheirOwn) {
  begin();
  const auto first = session->tag();
  begin();
  EXPECT_NE(first, session->tag());
  EXPECT_EQ(first.size(), 11U);
}

// ---- Queue id, size, local users -------------------------------------------------------------

TEST_F(Session, JoinsEarlierRecordsToTheQueueIdOnceWhenItAppears) {
  policy.rules = {unknown_recipient("nobody@example.net")};
  begin();
  greet();
  rcpt("<nobody@example.net>");
  rcpt("<ann@example.net>");
  EXPECT_EQ(records.count(), 2U);
  link.macros["i"] = "4BQxyz";
  rcpt("<bob@example.net>");
  end();
  const auto all = records.all();
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].transaction.queue_id, "");
  EXPECT_EQ(all[2].kind, RecordKind::join);
  EXPECT_EQ(all[2].transaction.queue_id, "4BQxyz");
  EXPECT_EQ(all[2].transaction.session, all[0].transaction.session);
  for (const auto i : {3U, 4U}) {
    EXPECT_EQ(all[i].kind, RecordKind::decision);
    EXPECT_EQ(all[i].transaction.queue_id, "4BQxyz");
  }
}

TEST_F(Session, AJoinUsedToBeWrittenForAMessageOfWhichNothingWasKept) {
  policy.rules = {unknown_recipient("nobody@example.net")};
  for (const auto kept : {Kept::nothing, Kept::line, Kept::record}) {
    std::vector<Record> joins;
    submit = [&, kept](const Record& record) {
      if (record.kind == RecordKind::join) joins.push_back(record);
      return kept;
    };
    begin();
    greet();
    rcpt("<ann@example.net>");
    link.macros["i"] = "4BQxyz";
    rcpt("<bob@example.net>");
    end();
    link.macros.clear();
    ASSERT_EQ(joins.size(), kept == Kept::nothing ? 0U : 1U);
    for (const auto& join : joins) EXPECT_EQ(join.of_decision, kept);
  }
}

TEST_F(Session, ADecisionThatIsStillOpenCountsForTheJoinOnceItIsKept) {
  policy.rules = {unknown_recipient("nobody@example.net")};
  std::vector<std::function<void(Outcome)>> open;
  decide = [&](const Transaction& transaction, Facts, std::function<void(Outcome)> closed) {
    open.push_back(std::move(closed));
    return policy.decide(transaction);
  };
  for (const auto kept : {Kept::nothing, Kept::record}) {
    std::vector<Record> joins;
    submit = [&, kept](const Record& record) {
      if (record.kind == RecordKind::join) joins.push_back(record);
      return kept;
    };
    begin();
    greet();
    rcpt("<ann@example.net>");
    for (const auto& close : std::exchange(open, {})) close({});
    link.macros["i"] = "4BQxyz";
    rcpt("<bob@example.net>");
    session->abort();
    link.macros.clear();
    EXPECT_EQ(joins.size(), kept == Kept::nothing ? 0U : 1U);
  }
}

TEST_F(Session, DoesNotJoinTheNextMessageToAnEarlierRefusal) {
  policy.rules = {unknown_recipient("nobody@example.net")};
  begin();
  greet();
  rcpt("<nobody@example.net>");
  session->abort();
  mail();
  link.macros["i"] = "4BQxyz";
  rcpt("<ann@example.net>");
  end();
  for (const auto& record : records.all()) EXPECT_EQ(record.kind, RecordKind::decision);
}

TEST_F(Session, TakesTheSizeFromSendmailWhenTheBodyIsNotSent) {
  begin();
  greet();
  rcpt("<ann@example.net>");
  end();
  link.macros["{msg_size}"] = "4321";
  mail();
  rcpt("<ann@example.net>");
  end();
  EXPECT_FALSE(records.all().at(0).transaction.size.is_told());
  EXPECT_EQ(records.all().at(1).transaction.size.value(), 4321);
}

TEST_F(Session, TellsTheCoreThatALocalUserHasNoAddress) {
  policy.rules = {unknown_recipient("nobody@example.net")};
  begin();
  session->connect("localhost", nullptr, link);
  helo();
  mail();
  rcpt("<ann@example.net>");
  end();
  EXPECT_FALSE(records.all().at(0).transaction.client.address);
}

TEST_F(Session, SpeaksLaterWhatTheStageHasNoCodeFor) {
  policy.rules = {{"early",
                   Stage::connect,
                   [](const Transaction&) { return true; },
                   Verdict::reject,
                   "policy-reject",
                   {},
                   {}}};
  policy.speak = Speak::stage;
  decide = [this](const Transaction& t, Facts facts, const std::function<void(Outcome)>& closed) {
    auto decision = policy.decide(t);
    if (t.stage == Stage::connect) decision.reply.reset();
    closed({decision, std::move(facts), {}, {}});
    return decision;
  };
  begin();
  EXPECT_EQ(connect(), Status::proceed);
  helo();
  mail();
  EXPECT_EQ(rcpt("<ann@example.net>"), Status::reject);
}

TEST_F(Session, CarriesFactsToTheNextDecisionOfTheMessageAndNotToTheNextMessage) {
  const Question question{QuestionKind::sample, "count", "ann", QuestionCost::costly};
  std::vector<bool> known;
  decide = [&](const Transaction&, Facts facts, const std::function<void(Outcome)>& closed) {
    known.push_back(facts.find(question) != nullptr);
    facts.add(question, Answer::found({"1"}));
    closed({Decision{}, facts, {}, {}});
    return Decision{};
  };
  policy.rules = {unknown_recipient("nobody@example.net")};
  begin();
  greet();
  rcpt("<ann@example.net>");
  rcpt("<bob@example.net>");
  end();
  mail();
  rcpt("<ann@example.net>");
  EXPECT_THAT(known, ElementsAre(false, true, true, false));
}

TEST_F(Session, WritesARecordOnlyWhenItsLastQuestionIsClosed) {
  std::function<void(Outcome)> close_later;
  decide = [&](const Transaction& t, Facts, std::function<void(Outcome)> closed) {
    close_later = std::move(closed);
    return policy.decide(t);
  };
  policy.rules = {unknown_recipient("nobody@example.net")};
  begin();
  greet();
  EXPECT_EQ(rcpt("<nobody@example.net>"), Status::reject);
  EXPECT_EQ(records.count(), 0U);
  auto decision = policy.decide(Transaction{});
  decision.trail.resize(1);
  session.reset();
  close_later({decision, {}, std::chrono::microseconds(7), {}});
  ASSERT_EQ(records.count(), 1U);
  EXPECT_EQ(records.all()[0].decision.trail.size(), 1U);
  EXPECT_EQ(records.all()[0].elapsed.count(), 7);
}

}  // namespace
}  // namespace postern::milter_door
