// Trouble of our own never becomes a permanent refusal, and never somebody else's reply.
#include "milter/session.h"
#include "milter/session_fixture.h"

#include <gmock/gmock.h>

#include <stdexcept>

namespace postern::milter_door {
namespace {

using SessionTrouble = test::SessionFixture;
using testing::HasSubstr;

Decision broken(const Transaction&, Facts, const std::function<void(Outcome)>&) {
  throw std::runtime_error("a bug");
}

test::ToyRule rule_at(Stage stage) {
  return {"any", stage, [](const Transaction&) { return true; }, Verdict::reject, "policy-reject",
          {},    {}};
}

TEST_F(SessionTrouble, IsAnsweredAtRcptWithATemporaryReplyAndAReference) {
  policy.rules = {rule_at(Stage::rcpt)};
  decide = broken;
  begin();
  greet();
  EXPECT_EQ(rcpt("<ann@example.net>"), Status::tempfail);
  ASSERT_TRUE(link.reply);
  EXPECT_EQ(link.reply->code, "451");
  EXPECT_EQ(link.reply->enhanced, "4.3.0");
  const auto all = records.all();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].decision.reason->id, "internal-error");
  EXPECT_EQ(all[0].transaction.recipient.value().text(), "ann@example.net");
  EXPECT_THAT(link.reply->lines.at(0), HasSubstr("ref " + all[0].transaction.reference.text()));
  EXPECT_EQ(counters.failures, 1U);
}

TEST_F(SessionTrouble, AtEveryStageThatSpeaksIsTemporary) {
  policy.speak = Speak::stage;
  policy.rules = {rule_at(Stage::mail), rule_at(Stage::rcpt), rule_at(Stage::data),
                  rule_at(Stage::end_of_headers), rule_at(Stage::end_of_message)};
  decide = broken;
  begin();
  connect();
  helo();
  EXPECT_EQ(mail(), Status::tempfail);
  EXPECT_EQ(link.take_codes(), "451 4.3.0");
  EXPECT_EQ(session->data(link), Status::tempfail);
  EXPECT_EQ(link.take_codes(), "451 4.3.0");
  EXPECT_EQ(session->end_of_headers(link), Status::tempfail);
  EXPECT_EQ(link.take_codes(), "451 4.3.0");
  EXPECT_EQ(end(), Status::tempfail);
  EXPECT_EQ(link.take_codes(), "451 4.3.0");
}

TEST_F(SessionTrouble, AtConnectIsRememberedAndSpokenAtRcptForTheWholeSession) {
  policy.speak = Speak::stage;
  policy.rules = {rule_at(Stage::connect)};
  bool fails = true;
  decide = [&](const Transaction&, Facts facts, const std::function<void(Outcome)>& closed) {
    if (fails) throw std::runtime_error("a bug");
    closed({Decision{}, std::move(facts), {}, {}});
    return Decision{};
  };
  begin();
  EXPECT_EQ(connect(), Status::proceed);
  EXPECT_FALSE(link.reply);
  fails = false;
  helo();
  mail();
  EXPECT_EQ(rcpt("<ann@example.net>"), Status::tempfail);
  mail();
  EXPECT_EQ(rcpt("<ann@example.net>"), Status::tempfail);
}

TEST_F(SessionTrouble, OfOneRecipientIsNotThatOfTheNext) {
  policy.rules = {rule_at(Stage::rcpt)};
  decide = [&](const Transaction& t, Facts facts, const std::function<void(Outcome)>& closed) {
    if (is(t.recipient, "ann@example.net")) throw std::runtime_error("a bug");
    closed({Decision{}, std::move(facts), {}, {}});
    return Decision{};
  };
  begin();
  greet();
  EXPECT_EQ(rcpt("<ann@example.net>"), Status::tempfail);
  EXPECT_EQ(rcpt("<bob@example.net>"), Status::proceed);
}

TEST_F(SessionTrouble, ARefusalWithoutAReplyIsTemporary) {
  policy.rules = {rule_at(Stage::rcpt)};
  // The last is what the driver says when it could not evaluate.
  for (const auto verdict : {Verdict::reject, Verdict::defer}) {
    decide = [verdict](const Transaction&, Facts, const std::function<void(Outcome)>& closed) {
      Decision decision;
      decision.verdict = verdict;  // without a reply
      closed({decision, {}, {}, {}});
      return decision;
    };
    begin();
    greet();
    EXPECT_EQ(rcpt("<ann@example.net>"), Status::tempfail) << to_text(verdict);
    EXPECT_EQ(link.take_codes(), "451 4.3.0");
  }
}

TEST_F(SessionTrouble, AReplyThatTheLibraryRefusesBecomesTheMtasTemporaryFailure) {
  policy.rules = {rule_at(Stage::rcpt)};
  begin();
  greet();
  link.refuses_replies = true;
  EXPECT_EQ(rcpt("<ann@example.net>"), Status::tempfail);
  ASSERT_EQ(records.count(), 1U);
  EXPECT_EQ(records.all()[0].sent->answer, "tempfail");
  EXPECT_EQ(counters.failures, 1U);
}

TEST_F(SessionTrouble, EveryRefusalHasJustSetItsOwnReply) {
  policy.rules = {{"first only",
                   Stage::rcpt,
                   [](const Transaction& t) { return is(t.recipient, "ann@example.net"); },
                   Verdict::reject,
                   "rcpt-unknown",
                   {},
                   {}},
                  {"second",
                   Stage::rcpt,
                   [](const Transaction& t) { return is(t.recipient, "bob@example.net"); },
                   Verdict::defer,
                   "greylisted",
                   {},
                   {}}};
  begin();
  greet();
  EXPECT_EQ(rcpt("<ann@example.net>"), Status::reject);
  EXPECT_EQ(link.reply->code.substr(0, 1), "5");
  link.reply.reset();
  EXPECT_EQ(rcpt("<bob@example.net>"), Status::tempfail);
  ASSERT_TRUE(link.reply);
  EXPECT_EQ(link.reply->code.substr(0, 1), "4");
}

TEST_F(SessionTrouble, ASessionMadeInTheMiddleIsNoLocalSubmission) {
  policy.rules = {{"strangers",
                   Stage::rcpt,
                   [](const Transaction& t) { return t.client.address.has_value(); },
                   Verdict::reject,
                   "client-blocked",
                   {},
                   {}}};
  begin();
  mail();
  EXPECT_EQ(rcpt("<ann@example.net>"), Status::tempfail) << "who connected is not known";
  EXPECT_EQ(link.take_codes(), "451 4.3.0");
  EXPECT_EQ(end(), Status::tempfail);

  begin();
  session->connect("localhost", nullptr, link);
  mail();
  EXPECT_EQ(rcpt("<ann@example.net>"), Status::proceed) << "told: a local submission";
}

TEST_F(SessionTrouble, ASessionMadeInTheMiddleIsNeverRefusedForGood) {
  policy.speak = Speak::stage;
  policy.rules = {rule_at(Stage::helo), rule_at(Stage::mail), rule_at(Stage::data),
                  rule_at(Stage::end_of_message)};
  begin();
  EXPECT_EQ(helo(), Status::proceed);
  EXPECT_EQ(mail(), Status::tempfail);
  EXPECT_EQ(session->data(link), Status::tempfail);
  EXPECT_EQ(end(), Status::tempfail);
  begin();
  EXPECT_EQ(session->data(link), Status::tempfail);
  EXPECT_EQ(rcpt("<ann@example.net>"), Status::tempfail);
}

TEST_F(SessionTrouble, OpenSessionsAreCounted) {
  begin();
  EXPECT_EQ(counters.open, 1U);
  session.reset();
  EXPECT_EQ(counters.open, 0U);
  EXPECT_EQ(counters.sessions, 1U);
}

}  // namespace
}  // namespace postern::milter_door
