#include "milter/session_fixture.h"
#include "support/policy_text.h"

#include <gmock/gmock.h>

namespace postern::milter_door {
namespace {

using Session = test::SessionFixture;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

test::ToyRule rule_of(Verdict verdict, std::vector<Effect> effects, std::string note = {}) {
  test::ToyRule rule{"changes", Stage::mail, [](const Transaction&) { return true; }, verdict, {},
                     {},        {}};
  rule.effects = std::move(effects);
  rule.note = std::move(note);
  return rule;
}

Effect header(std::string name, std::string value) {
  return {EffectKind::add_header, "changes", std::move(name), std::move(value), {}};
}
Effect other(EffectKind kind, std::string value) {
  return {kind, "changes", {}, std::move(value), {}};
}
Effect removal(std::string name) {
  return {EffectKind::remove_header, "changes", std::move(name), {}, {}};
}

class SessionEffects : public Session {
 protected:
  Status run(std::vector<test::ToyRule> rules) {
    policy.rules = std::move(rules);
    begin();
    greet();
    EXPECT_EQ(rcpt("<bob@example.net>"), Status::proceed);
    EXPECT_EQ(rcpt("<Ann@example.net>"), Status::proceed);
    session->header("Subject", "one");
    session->header("SUBJECT", "two");
    session->header("To", "bob");
    return end();
  }
  std::vector<EffectFate> last_fates() const { return records.all().back().sent->effects; }
};

TEST_F(SessionEffects, PutsHeaderFieldsOnTopInTheOrderOfTheRules) {
  EXPECT_EQ(run({rule_of(Verdict::pass, {header("X-A", "a"), header("X-B", "b")})}),
            Status::proceed);
  EXPECT_THAT(link.edits, ElementsAre("insert X-B:b", "insert X-A:a"));
  EXPECT_THAT(last_fates(),
              ElementsAre(EffectFate{EffectState::done, ""}, EffectFate{EffectState::done, ""}));
  const auto at_rcpt = records.all().front();
  ASSERT_THAT(at_rcpt.sent->effects, SizeIs(2));
  EXPECT_EQ(at_rcpt.sent->effects[0].state, EffectState::waiting);
}

TEST_F(SessionEffects, WritesTheSpaceItselfWhereTheMtaLeavesItToTheFilter) {
  policy.content = true;
  run({rule_of(Verdict::pass, {header("X-A", "a")})});
  EXPECT_THAT(link.edits, ElementsAre("insert X-A: a"));
}

TEST_F(SessionEffects, RemovesEveryFieldOfANameFromTheLastOn) {
  run({rule_of(Verdict::pass, {removal("Subject"), header("Subject-Was", "gone")})});
  EXPECT_THAT(link.edits,
              ElementsAre("delete Subject 2", "delete Subject 1", "insert Subject-Was:gone"));
}

TEST_F(SessionEffects, RedirectsToTheNewAddressBeforeItTakesTheOthersOut) {
  run({rule_of(Verdict::accept, {other(EffectKind::redirect, "x@example.org"),
                                 other(EffectKind::bcc, "y@example.org")})});
  EXPECT_THAT(link.edits, ElementsAre("add <x@example.org>", "remove <bob@example.net>",
                                      "remove <Ann@example.net>", "add <y@example.org>"));
}

TEST_F(SessionEffects, KeepsARecipientWhoIsTheNewOne) {
  run({rule_of(Verdict::pass, {other(EffectKind::redirect, "ann@example.net")})});
  EXPECT_THAT(link.edits, ElementsAre("add <ann@example.net>", "remove <bob@example.net>"));
}

TEST_F(SessionEffects, HoldsAndDropsAtTheEndOnly) {
  EXPECT_EQ(run({rule_of(Verdict::quarantine, {header("X-A", "a")}, "odd")}), Status::proceed);
  const auto record = records.all().back();
  const auto note = "odd (ref " + record.transaction.reference.text() + ")";
  EXPECT_THAT(link.edits, ElementsAre("hold " + note, "insert X-A:a"));
  EXPECT_EQ(record.sent->answer, "quarantine " + note);
  link.edits.clear();
  EXPECT_EQ(run({rule_of(Verdict::discard, {other(EffectKind::tag, "gone")}, "odd")}),
            Status::discard);
  EXPECT_THAT(link.edits, IsEmpty());
  EXPECT_EQ(records.all().back().sent->answer, "discard");
  EXPECT_EQ(counters.refusals, 1U);
}

TEST_F(SessionEffects, GoesOnWithoutAHeaderFieldThatTheMtaRefuses) {
  link.refused_edit = "insert X-A";
  EXPECT_EQ(run({rule_of(Verdict::pass, {header("X-A", "a"), header("X-B", "b")})}),
            Status::proceed);
  EXPECT_THAT(last_fates(),
              ElementsAre(EffectFate{EffectState::failed, "the mail server refused it"},
                          EffectFate{EffectState::done, ""}));
  EXPECT_EQ(counters.failures, 1U);
}

TEST_F(SessionEffects, PutsOffWhatCannotBeHeldOrRedirected) {
  link.refused_edit = "hold";
  EXPECT_EQ(run({rule_of(Verdict::quarantine, {}, "odd")}), Status::tempfail);
  EXPECT_EQ(records.all().back().decision.reason->id, "internal-error");
  for (const auto* refused : {"add <x", "remove <bob"}) {
    link.refused_edit = refused;
    EXPECT_EQ(run({rule_of(Verdict::pass, {other(EffectKind::redirect, "x@example.org")})}),
              Status::tempfail);
  }
}

TEST_F(SessionEffects, AMessageDoesNotInheritWhatWasCountedInTheOneBefore) {
  run({rule_of(Verdict::pass, {removal("Subject")})});
  link.edits.clear();
  mail();
  EXPECT_EQ(rcpt("<eve@example.net>"), Status::proceed);
  session->header("Subject", "one");
  EXPECT_EQ(end(), Status::proceed);
  EXPECT_THAT(link.edits, ElementsAre("delete Subject 1"));
}

TEST_F(SessionEffects, TakesResultsOutThatOnlyClaimToBeOursFromTheLastOn) {
  policy.authserv_ids = {"mx1.example.org"};
  policy.rules = {rule_of(Verdict::pass, {header("Authentication-Results",
                                                 "mx1.example.org; spf=pass smtp.mailfrom=a.b")})};
  begin();
  greet();
  EXPECT_EQ(rcpt("<bob@example.net>"), Status::proceed);
  session->header("Authentication-Results", " mx1.example.org; spf=pass");
  session->header("AUTHENTICATION-results", "mx1.example.net; none");
  session->header("Authentication-Results", "(x)\n\t\"MX1.Example.ORG\"\n\t1; none");
  session->header("Subject", "mx1.example.org; none");
  EXPECT_EQ(end(), Status::proceed);
  EXPECT_THAT(link.edits,
              ElementsAre("delete Authentication-Results 3", "delete Authentication-Results 1",
                          "insert Authentication-Results:mx1.example.org; spf=pass "
                          "smtp.mailfrom=a.b"));
  EXPECT_EQ(records.all().back().sent->forged_results, 2U);
}

TEST_F(SessionEffects, TakesForgedResultsOutWhateverTheRulesSay) {
  policy.authserv_ids = {"mx1.example.org"};
  policy.rules = {};
  begin();
  for (int message = 0; message < 2; ++message) {
    greet();
    EXPECT_EQ(rcpt("<bob@example.net>"), Status::proceed);
    session->header("Authentication-Results", "mx1.example.org; spf=pass");
    EXPECT_EQ(end(), Status::proceed);
    EXPECT_THAT(link.edits, ElementsAre("delete Authentication-Results 1"));
    link.edits.clear();
  }
  link.refused_edit = "delete";
  greet();
  EXPECT_EQ(rcpt("<bob@example.net>"), Status::proceed);
  session->header("Authentication-Results", "mx1.example.org; spf=pass");
  EXPECT_EQ(end(), Status::proceed);
  EXPECT_EQ(records.all().back().sent->forged_results, 0U);
  EXPECT_EQ(counters.failures, 1U);
}

TEST_F(SessionEffects, WhereARuleRemovesAllResultsTheForgedOnesGoWithThem) {
  policy.authserv_ids = {"mx1.example.org"};
  policy.remove = "authentication-results";
  policy.rules = {rule_of(Verdict::pass, {removal("Authentication-Results")})};
  begin();
  greet();
  EXPECT_EQ(rcpt("<bob@example.net>"), Status::proceed);
  session->header("Authentication-Results", "mx1.example.org; spf=pass");
  session->header("Authentication-Results", "mx1.example.net; spf=pass");
  EXPECT_EQ(end(), Status::proceed);
  EXPECT_THAT(link.edits,
              ElementsAre("delete Authentication-Results 2", "delete Authentication-Results 1"));
}

TEST_F(SessionEffects, FoldsLongResultsWhereOneEnds) {
  policy.rules = {rule_of(Verdict::pass,
                          {header("Authentication-Results",
                                  "mx1.example.org; auth=pass smtp.auth=\"a; \\\"b; c\"; spf=pass "
                                  "smtp.mailfrom=example.com; iprev=pass policy.iprev=192.0.2.7"),
                           header("X-Long", "kept; as it is; " + std::string(80, 'x'))})};
  begin();
  greet();
  EXPECT_EQ(rcpt("<bob@example.net>"), Status::proceed);
  EXPECT_EQ(end(), Status::proceed);
  EXPECT_THAT(link.edits, ElementsAre("insert X-Long:kept; as it is; " + std::string(80, 'x'),
                                      "insert Authentication-Results:mx1.example.org;\n\t"
                                      "auth=pass smtp.auth=\"a; \\\"b; c\";\n\t"
                                      "spf=pass smtp.mailfrom=example.com;\n\t"
                                      "iprev=pass policy.iprev=192.0.2.7"));
}

TEST_F(SessionEffects, SaysWhenAnAnswerCouldNotBeDelayed) {
  auto rule =
      rule_of(Verdict::pass, {{EffectKind::delay, "changes", {}, {}, std::chrono::seconds(5)}});
  rule.stage = Stage::rcpt;
  std::vector<std::chrono::milliseconds> asked;
  pause = [&](std::chrono::milliseconds duration) {
    asked.push_back(duration);
    return asked.size() == 1;
  };
  policy.rules = {rule};
  begin();
  greet();
  EXPECT_EQ(rcpt("<bob@example.net>"), Status::proceed);
  EXPECT_EQ(rcpt("<eve@example.net>"), Status::proceed);
  EXPECT_THAT(asked, ElementsAre(std::chrono::seconds(5), std::chrono::seconds(5)));
  EXPECT_EQ(records.all()[0].sent->effects[0].state, EffectState::done);
  EXPECT_EQ(records.all()[1].sent->effects[0].state, EffectState::failed);
  EXPECT_EQ(counters.undelayed, 1U);
}

std::uint32_t actions_of(const std::string& rule) {
  const auto policy = postern::testing::compile_policy(
      "[identity]\nhost = \"mx1.example.org\"\n[[rule]]\nname = \"r\"\n" + rule);
  return negotiate(Plan::of(*policy), 0x1ff, 0x1fffff).actions & ~action_set_symbols;
}

TEST(NegotiateEffects, AsksOnlyForWhatARuleMayNeed) {
  EXPECT_EQ(actions_of("accept = 'message'\ntag = 'a'"), 0U);
  EXPECT_EQ(actions_of("add_header = 'X-A: b'"), action::add_headers);
  EXPECT_EQ(actions_of("remove_header = 'X-A'"), action::change_headers);
  EXPECT_EQ(actions_of("authentication_results = 'spf'"),
            action::add_headers | action::change_headers);
  EXPECT_EQ(actions_of("authentication_results = 'spf'\nmode = 'shadow'"), 0U);
  EXPECT_EQ(actions_of("received_spf = 'spf'"), action::add_headers);
  EXPECT_EQ(actions_of("bcc = 'a@example.org'"), action::add_recipients);
  EXPECT_EQ(actions_of("redirect = 'a@example.org'"),
            action::add_recipients | action::delete_recipients);
  EXPECT_EQ(actions_of("quarantine = 'odd'"), action::quarantine);
  EXPECT_EQ(actions_of("quarantine = 'odd'\nmode = 'shadow'"), 0U);
}

TEST(NegotiateEffects, SeesTheHeadersWhenSomeAreToGo) {
  Plan plan;
  EXPECT_TRUE(negotiate(plan, 0x1ff, 0x1fffff).has(step::no_headers));
  plan.authserv_ids = {"mx1.example.org"};
  EXPECT_FALSE(negotiate(plan, 0x1ff, 0x1fffff).has(step::no_headers));
  plan.to_remove = {"subject"};
  const auto agreed = negotiate(plan, 0x1ff, 0x1fffff);
  EXPECT_FALSE(agreed.has(step::no_headers));
  EXPECT_TRUE(agreed.has(step::no_reply_header));
  EXPECT_TRUE(agreed.has(step::no_body));
}

}  // namespace
}  // namespace postern::milter_door
