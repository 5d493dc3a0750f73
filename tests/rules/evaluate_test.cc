#include "postern/decision.h"
#include "postern/policy.h"
#include "rules/refusal.h"
#include "rules/walk.h"
#include "support/rules.h"
#include "support/sample_check.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace postern {
namespace {

using test::accepting;
using test::deferring;
using test::in_shadow;
using test::ordinary_transaction;
using test::rejecting;
using test::rule;
using test::sample_question;
using test::when_unavailable;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto yes_a = "sample_a == 'bad'";
constexpr auto yes_b = "sample_b == 'bad'";
constexpr auto costly = "sample_costly == 'high'";

template <typename... Rules>
std::vector<Rule> list(Rules... rules) {
  std::vector<Rule> all;
  (all.push_back(std::move(rules)), ...);
  return all;
}

Rule at_rcpt(std::string_view name, std::string_view condition) {
  return rule(name, Stage::rcpt, condition);
}
Rule blocked(std::string_view name, std::string_view condition) {
  return rejecting(at_rcpt(name, condition), "policy-reject");
}
Rule put_off(std::string_view name, std::string_view condition) {
  return deferring(at_rcpt(name, condition), "greylisted");
}
Rule welcome(std::string_view name, std::string_view condition) {
  return accepting(at_rcpt(name, condition));
}

std::variant<Decision, NeedsMore> ask(
    const std::vector<Rule>& rules, const Facts& facts = {},
    const Transaction& transaction = ordinary_transaction(Stage::rcpt)) {
  return walk::evaluate(rules, test::identity(), transaction, facts);
}

Decision decide(const std::vector<Rule>& rules, const Facts& facts = {},
                const Transaction& transaction = ordinary_transaction(Stage::rcpt)) {
  auto result = ask(rules, facts, transaction);
  if (auto* decision = std::get_if<Decision>(&result)) return std::move(*decision);
  ADD_FAILURE() << "not decided";
  return {};
}

std::vector<std::string> subjects(const std::vector<Question>& questions) {
  std::vector<std::string> names;
  for (const auto& question : questions) names.push_back(question.subject);
  return names;
}

std::vector<std::string> open(const std::vector<Rule>& rules, const Facts& facts = {}) {
  const auto result = ask(rules, facts);
  const auto* more = std::get_if<NeedsMore>(&result);
  return more ? subjects(more->questions) : std::vector<std::string>{"decided"};
}

class World {
 public:
  World& says(const std::string& check, const std::string& value,
              QuestionKind kind = QuestionKind::sample) {
    facts_.add(sample_question(check, kind), Answer::found({value}));
    return *this;
  }
  World& fails(const std::string& check, QuestionKind kind = QuestionKind::sample) {
    facts_.add(sample_question(check, kind), Answer::unavailable("timeout"));
    return *this;
  }
  operator const Facts&() const { return facts_; }

 private:
  Facts facts_;
};

/// "name:truth" and, in brackets, the note, of each rule of the trail.
std::vector<std::string> trail(const Decision& decision) {
  std::vector<std::string> texts;
  for (const auto& entry : decision.trail) {
    auto text = entry.rule.name + ":" + std::string(to_text(entry.truth));
    if (entry.note != TrailNote::none) text += " (" + std::string(to_text(entry.note)) + ")";
    texts.push_back(std::move(text));
  }
  return texts;
}

Transaction local_submission(Stage stage) {
  auto transaction = ordinary_transaction(stage);
  transaction.client = Client{};
  return transaction;
}

Transaction to_two(Stage stage, bool first_settled, bool second_settled) {
  auto transaction = ordinary_transaction(stage);
  transaction.recipient = Told<MailAddress>();
  transaction.recipients =
      std::vector<AcceptedRecipient>{{MailAddress::from_envelope("bob@example.org"),
                                      first_settled,
                                      first_settled ? "for bob" : "",
                                      {}},
                                     {MailAddress::from_envelope("eve@example.org"),
                                      second_settled,
                                      second_settled ? "for eve" : "",
                                      {}}};
  return transaction;
}

TEST(Evaluate, PassesWhenNoRuleMatches) {
  const auto decision = decide(list(blocked("one", "tls")));
  EXPECT_EQ(decision.verdict, Verdict::pass);
  EXPECT_FALSE(decision.rule);
  EXPECT_FALSE(decision.reply);
  EXPECT_THAT(trail(decision), ElementsAre("one:no"));
  EXPECT_EQ(decide({}).verdict, Verdict::pass);
}

TEST(Evaluate, LetsTheFirstMatchDecide) {
  const auto decision =
      decide(list(blocked("one", "tls"), blocked("two", ""), welcome("three", "")));
  EXPECT_EQ(decision.verdict, Verdict::reject);
  EXPECT_EQ(decision.rule->name, "two");
  EXPECT_EQ(decision.reason->id, "policy-reject");
  EXPECT_THAT(trail(decision), ElementsAre("one:no", "two:yes", "three:no (not reached)"));
}

TEST(Evaluate, SpeaksTheReasonsReplyWithTheReference) {
  auto refusal = blocked("two", "");
  refusal.text = "Mail from {client_address} is not wanted here.";
  const auto decision = decide(list(std::move(refusal)));
  ASSERT_TRUE(decision.reply);
  EXPECT_EQ(decision.reply->form().text(), "550 5.7.1");
  EXPECT_EQ(decision.reply->stage(), ReplyStage::rcpt);
  EXPECT_EQ(decision.reply->text().sentence, "Mail from 192.0.2.7 is not wanted here.");
  EXPECT_EQ(decision.reply->text().reference,
            "ref " + ordinary_transaction(Stage::rcpt).reference.text());
}

TEST(Evaluate, UsesTheAdministratorsChoiceOfCode) {
  auto refusal = blocked("two", "");
  refusal.form = ReplyForm::parse("554 5.7.1");
  const auto decision = decide(list(std::move(refusal)));
  ASSERT_TRUE(decision.reply);
  EXPECT_EQ(decision.reply->form().text(), "554 5.7.1");
}

TEST(Evaluate, KeepsAVerdictThatCannotBeSpokenYet) {
  // The greeting knows 421 and 554 alone, and this reason neither.
  const auto rules = list(rejecting(rule("early", Stage::connect, ""), "cmd-not-implemented"));
  const auto decision = decide(rules, {}, ordinary_transaction(Stage::connect));
  EXPECT_EQ(decision.verdict, Verdict::reject);
  EXPECT_EQ(decision.reason->id, "cmd-not-implemented");
  EXPECT_FALSE(decision.reply);
}

TEST(Evaluate, HasAReplyForEveryRefusalFromMailOn) {
  for (const auto& reason : all_reasons()) {
    for (std::size_t stood = 0; stood < stage_count; ++stood) {
      const auto stage = static_cast<Stage>(stood);
      if (!usable_in_rule(reason) || !may_stand_at(reason, stage)) continue;
      for (auto spoken = std::max(stage, Stage::mail);;
           spoken = static_cast<Stage>(static_cast<int>(spoken) + 1)) {
        const bool temporary = reason.kind == ReasonClass::temporary;
        auto refusal = rule("rule", stage, "");
        const auto decision = decide(list(temporary ? deferring(std::move(refusal), reason.id)
                                                    : rejecting(std::move(refusal), reason.id)),
                                     {}, ordinary_transaction(spoken));
        ASSERT_TRUE(decision.reply) << reason.id << " at " << to_text(spoken);
        EXPECT_EQ(decision.reply->is_permanent(), !temporary) << reason.id;
        if (spoken == Stage::end_of_message) break;
      }
    }
  }
}

TEST(Evaluate, AsksRulesOfAllStagesUpToThisOne) {
  const auto rules =
      list(rejecting(rule("helo", Stage::helo, "helo == 'x'"), "policy-reject"),
           blocked("rcpt", ""), rejecting(rule("data", Stage::data, ""), "policy-reject"));
  EXPECT_THAT(trail(decide(rules, {}, ordinary_transaction(Stage::connect))), IsEmpty());
  EXPECT_THAT(trail(decide(rules, {}, ordinary_transaction(Stage::helo))), ElementsAre("helo:no"));
  EXPECT_THAT(trail(decide(rules)), ElementsAre("helo:no", "rcpt:yes"));
}

// Questions.

TEST(Evaluate, AsksTheQuestionsOfAllOpenRulesAhead) {
  EXPECT_THAT(open(list(blocked("one", yes_a), blocked("two", yes_b))),
              ElementsAre("sample_a", "sample_b"));
}

TEST(Evaluate, DecidesBeforeLaterRulesHaveTheirAnswers) {
  const auto rules = list(blocked("one", yes_a), put_off("two", yes_b));
  EXPECT_EQ(decide(rules, World().says("sample_a", "bad")).rule->name, "one");
  EXPECT_THAT(open(rules, World().says("sample_b", "bad")), ElementsAre("sample_a"));
}

TEST(Evaluate, AsksNothingBehindARuleThatWouldDecide) {
  EXPECT_THAT(open(list(blocked("one", yes_a), blocked("two", ""), blocked("three", yes_b))),
              ElementsAre("sample_a"));
}

TEST(Evaluate, HoldsCostlyQuestionsBackWhileAnEarlierRuleIsOpen) {
  const auto rules = list(blocked("one", yes_a), put_off("two", costly), blocked("three", yes_b));
  EXPECT_THAT(open(rules), ElementsAre("sample_a", "sample_b"));
  EXPECT_THAT(open(rules, World().says("sample_a", "good")),
              ElementsAre("sample_costly", "sample_b"));
  EXPECT_EQ(decide(rules, World().says("sample_a", "bad")).rule->name, "one");
}

TEST(Evaluate, AsksForLaterStagesAheadOfTime) {
  const auto rules = list(blocked("one", yes_a), blocked("two", costly), blocked("three", yes_b));
  EXPECT_THAT(subjects(walk::questions_ahead(rules, ordinary_transaction(Stage::connect), {})),
              ElementsAre("sample_a", "sample_b"));
  const auto accepted = list(welcome("one", "client.ip == '192.0.2.7'"), blocked("two", yes_a));
  EXPECT_THAT(walk::questions_ahead(accepted, ordinary_transaction(Stage::connect), {}), IsEmpty());
}

// Accepts.

TEST(Evaluate, EndsAtAnAcceptOfTheMessage) {
  const auto decision = decide(list(welcome("one", ""), blocked("two", "")));
  EXPECT_EQ(decision.verdict, Verdict::accept);
  EXPECT_EQ(decision.scope, AcceptScope::message);
  EXPECT_THAT(trail(decision), ElementsAre("one:yes", "two:no (settled)"));
}

TEST(Evaluate, RemembersAnEarlierStagesAcceptOfTheSession) {
  const auto rules =
      list(accepting(rule("one", Stage::connect, ""), AcceptScope::session), blocked("two", ""));
  const auto decision = decide(rules);
  EXPECT_EQ(decision.verdict, Verdict::accept);
  EXPECT_EQ(decision.scope, AcceptScope::session);
}

TEST(Evaluate, LetsAnAcceptOfAStageSettleThatStageAlone) {
  const auto rules =
      list(accepting(rule("one", Stage::helo, ""), AcceptScope::stage),
           rejecting(rule("two", Stage::helo, ""), "policy-reject"), blocked("three", ""));
  const auto at_helo = decide(rules, {}, ordinary_transaction(Stage::helo));
  EXPECT_EQ(at_helo.verdict, Verdict::accept);
  EXPECT_EQ(at_helo.scope, AcceptScope::stage);
  const auto later = decide(rules);
  EXPECT_EQ(later.verdict, Verdict::reject);
  EXPECT_EQ(later.rule->name, "three");
  EXPECT_THAT(trail(later), ElementsAre("one:yes", "two:no (settled)", "three:yes"));
}

// Subjects.

TEST(Evaluate, AsksRulesOfRcptLaterOnlyOfASingleRecipient) {
  const auto rules = list(blocked("one", ""));
  EXPECT_EQ(decide(rules, {}, ordinary_transaction(Stage::data)).verdict, Verdict::reject);
  const auto two = decide(rules, {}, to_two(Stage::data, false, false));
  EXPECT_EQ(two.verdict, Verdict::pass);
  EXPECT_THAT(trail(two), ElementsAre("one:no (no recipient)"));
}

TEST(Evaluate, RunsContentRulesUnlessEveryRecipientIsSettled) {
  const auto rules =
      list(welcome("for bob", "recipient == 'bob@example.org'"),
           rejecting(rule("big", Stage::end_of_message, "size > 5"), "policy-reject"));
  EXPECT_EQ(decide(rules, {}, to_two(Stage::end_of_message, true, false)).verdict, Verdict::reject);
  const auto settled = decide(rules, {}, to_two(Stage::end_of_message, true, true));
  EXPECT_EQ(settled.verdict, Verdict::accept);
  EXPECT_EQ(settled.scope, AcceptScope::message);
  EXPECT_EQ(settled.rule->name, "for bob");
  EXPECT_THAT(trail(settled), ElementsAre("for bob:no (no recipient)", "big:no (settled)"));
}

TEST(Evaluate, RefusesNoLocalSubmissionAtRcpt) {
  const auto rules =
      list(rejecting(rule("early", Stage::connect, yes_a), "policy-reject"), blocked("rcpt", ""),
           rejecting(rule("big", Stage::end_of_message, "size > 5"), "policy-reject"));
  const auto at_rcpt =
      decide(rules, World().says("sample_a", "bad"), local_submission(Stage::rcpt));
  EXPECT_EQ(at_rcpt.verdict, Verdict::pass);
  EXPECT_FALSE(at_rcpt.reply);
  EXPECT_THAT(trail(at_rcpt),
              ElementsAre("early:yes (local submission)", "rcpt:yes (local submission)"));
  const auto unanswered = decide(rules, {}, local_submission(Stage::rcpt));
  EXPECT_THAT(trail(unanswered), ElementsAre("early:unknown", "rcpt:yes (local submission)"));
  const auto at_end = decide(rules, {}, local_submission(Stage::end_of_message));
  EXPECT_EQ(at_end.rule->name, "big");
}

// What is not available.

TEST(Evaluate, SkipsARuleWhoseFactIsMissing) {
  const auto rules = list(blocked("one", yes_a), put_off("two", ""));
  const auto decision = decide(rules, World().fails("sample_a"));
  EXPECT_EQ(decision.rule->name, "two");
  EXPECT_EQ(decision.trail.front().truth, Truth::unavailable);
  EXPECT_EQ(decision.trail.front().cause, "sample_a: timeout");
}

TEST(Evaluate, DefersWithTheTemporaryReplyOfTheMissingFact) {
  const auto rules =
      list(when_unavailable(blocked("one", "sample_spf == 'bad'"), WhenUnavailable::defer),
           welcome("two", ""));
  const auto decision = decide(rules, World().fails("sample_spf", QuestionKind::spf));
  EXPECT_EQ(decision.verdict, Verdict::defer);
  EXPECT_EQ(decision.rule->name, "one");
  EXPECT_EQ(decision.reason->id, "spf-temperror");
  ASSERT_TRUE(decision.reply);
  EXPECT_EQ(decision.reply->code().first_digit(), 4);
  EXPECT_THAT(trail(decision), ElementsAre("one:unavailable", "two:no (not reached)"));
}

TEST(Evaluate, LetsAnAcceptMatchWithoutItsFact) {
  const auto rules =
      list(when_unavailable(welcome("one", yes_a), WhenUnavailable::match), blocked("two", ""));
  EXPECT_EQ(decide(rules, World().fails("sample_a")).verdict, Verdict::accept);
}

TEST(Evaluate, KnowsATemporaryReasonForEveryKindOfFact) {
  const std::vector<std::pair<QuestionKind, std::string>> all{
      {QuestionKind::table, "dependency-down"},
      {QuestionKind::dns, "dns-timeout"},
      {QuestionKind::spf, "spf-temperror"},
      {QuestionKind::reverse_dns, "client-rdns-temp"},
      {QuestionKind::helo_dns, "helo-lookup-temp"},
      {QuestionKind::sender_dns, "sender-domain-temp"},
      {QuestionKind::store, "dependency-down"},
      {QuestionKind::upstream, "dependency-down"},
      {QuestionKind::sample, "dependency-down"},
      {QuestionKind::recipients, "policy-defer"}};
  for (const auto& [kind, id] : all) {
    const auto* reason = walk::reason_for_missing(kind);
    ASSERT_NE(reason, nullptr) << id;
    EXPECT_EQ(reason->id, id);
    EXPECT_EQ(reason->kind, ReasonClass::temporary);
    for (const auto stage :
         {ReplyStage::mail, ReplyStage::rcpt, ReplyStage::data, ReplyStage::end_of_message}) {
      EXPECT_TRUE(form_at(*reason, std::nullopt, stage)) << id << " " << to_text(stage);
    }
  }
}

TEST(Evaluate, SoftensARefusalBehindAnAcceptThatWasSkipped) {
  const auto rules =
      list(welcome("friends", "sample_dns == 'good'"), welcome("more", yes_a), blocked("rest", ""));
  const auto decision =
      decide(rules, World().fails("sample_dns", QuestionKind::dns).fails("sample_a"));
  EXPECT_EQ(decision.verdict, Verdict::defer);
  EXPECT_EQ(decision.rule->name, "rest");
  EXPECT_EQ(decision.reason->id, "dns-timeout");
  EXPECT_EQ(decision.softened_by, "friends");
  EXPECT_EQ(decision.softened_from, "policy-reject");
  ASSERT_TRUE(decision.reply);
  EXPECT_FALSE(decision.reply->is_permanent());
}

TEST(Evaluate, SoftensARefusalBehindADeferThatWasSkipped) {
  const auto decision =
      decide(list(put_off("first", yes_a), blocked("rest", "")), World().fails("sample_a"));
  EXPECT_EQ(decision.verdict, Verdict::defer);
  EXPECT_EQ(decision.softened_by, "first");
}

TEST(Evaluate, DoesNotSoftenForARefusalOrAnotherStagesAcceptThatWasSkipped) {
  const auto refused =
      decide(list(blocked("first", yes_a), blocked("rest", "")), World().fails("sample_a"));
  EXPECT_EQ(refused.verdict, Verdict::reject);
  EXPECT_TRUE(refused.softened_by.empty());
  const auto rules =
      list(accepting(rule("helo", Stage::helo, yes_a), AcceptScope::stage), blocked("rest", ""));
  EXPECT_EQ(decide(rules, World().fails("sample_a")).verdict, Verdict::reject);
}

TEST(Evaluate, SoftensForAStagesAcceptAtItsOwnStage) {
  const auto rules =
      list(accepting(at_rcpt("one", yes_a), AcceptScope::stage), blocked("rest", ""));
  EXPECT_EQ(decide(rules, World().fails("sample_a")).softened_by, "one");
}

TEST(Evaluate, LeavesATemporaryRefusalAsItIs) {
  const auto decision =
      decide(list(welcome("friends", yes_a), put_off("rest", "")), World().fails("sample_a"));
  EXPECT_EQ(decision.reason->id, "greylisted");
  EXPECT_TRUE(decision.softened_by.empty());
}

TEST(Evaluate, SaysThatRecipientsAreNotKnownRatherThanThatAServiceIsDown) {
  const auto rules = list(put_off("slow", "recipient.local == 'slow'"),
                          rejecting(rule("spam", Stage::end_of_message, ""), "policy-reject"));
  auto transaction = ordinary_transaction(Stage::end_of_message);
  transaction.recipient = {};
  transaction.recipients = {};
  const auto decision = decide(rules, {}, transaction);
  EXPECT_EQ(decision.verdict, Verdict::defer);
  EXPECT_EQ(decision.reason->id, "policy-defer");
  EXPECT_EQ(decision.softened_by, "slow");
  EXPECT_EQ(decision.missing, QuestionKind::recipients);
  EXPECT_THAT(trail(decision), ElementsAre("slow:no (recipients not known)", "spam:yes"));
}

TEST(Evaluate, CarriesOnWhatAMatchMaySpareTheRecipient) {
  const auto held_back = [](Rule behind) {
    auto match = when_unavailable(welcome("friends", yes_a), WhenUnavailable::match);
    match.scope = AcceptScope::stage;
    return decide(list(std::move(match), std::move(behind)), World().fails("sample_a")).held_back;
  };
  EXPECT_EQ(held_back(put_off("later", yes_b)),
            (HeldBack{"friends", HeldBack::Would::defer, QuestionKind::sample}));
  EXPECT_EQ(held_back(blocked("bad", ""))->would, HeldBack::Would::reject);
  EXPECT_EQ(held_back(welcome("all", ""))->would, HeldBack::Would::accept);
  EXPECT_FALSE(held_back(put_off("nobody", "false")));
}

TEST(Evaluate, TakesAMissedRefusalThatWouldBeSoftenedForADeferral) {
  auto for_stage = welcome("friends", yes_a);
  for_stage.scope = AcceptScope::stage;
  const auto decision = decide(list(std::move(for_stage), blocked("bad", yes_b)),
                               World().fails("sample_a").fails("sample_b"));
  EXPECT_EQ(decision.held_back, (HeldBack{"bad", HeldBack::Would::defer, QuestionKind::sample}));
}

TEST(Evaluate, SoftenedForADeferralThatNoRecipientWasAskedAbout) {
  const auto decided = [](std::string_view accepts_at_mail) {
    auto unnamed =
        deferring(rule("unnamed", Stage::mail, "tls.version == 'TLSv1'"), "policy-defer");
    unnamed.unavailable = WhenUnavailable::defer;
    const auto rules = list(
        accepting(rule("ours", Stage::mail, accepts_at_mail), AcceptScope::stage),
        std::move(unnamed),
        rejecting(rule("many", Stage::data, "recipient_count > 1"), "too-many-recipients-policy"));
    auto transaction = to_two(Stage::data, false, false);
    transaction.recipient_count = std::int64_t{2};
    transaction.tls.version = {};
    return decide(rules, {}, transaction);
  };
  EXPECT_EQ(decided("sender.domain == 'nowhere.example'").rule->name, "unnamed");
  const auto refused = decided("sender.domain == 'example.net'");
  EXPECT_EQ(refused.rule->name, "many");
  EXPECT_TRUE(refused.softened_by.empty());
  // It may not have held when the recipients were asked about.
  EXPECT_EQ(decided("date > '2020-01-01'").softened_by, "unnamed");
}

TEST(Evaluate, SoftensBehindAMissedRefusalThatLooksAtDoubtfulRecipients) {
  const auto at_end = [](std::string_view name, std::string_view condition) {
    return rejecting(rule(name, Stage::end_of_message, condition), "policy-reject");
  };
  const auto rules =
      list(at_end("many", "sample_a == 'bad' and recipient_count > 1"), at_end("spam", ""));
  auto transaction = to_two(Stage::end_of_message, false, false);
  transaction.recipient_count = std::int64_t{2};
  auto recipients = transaction.recipients.value();
  recipients[0].held_back = HeldBack{"gone", HeldBack::Would::reject, QuestionKind::dns};
  transaction.recipients = recipients;
  const auto decision = decide(rules, World().fails("sample_a"), transaction);
  EXPECT_EQ(decision.verdict, Verdict::defer);
  EXPECT_EQ(decision.softened_by, "gone");
  EXPECT_EQ(decide(rules, World().says("sample_a", "good"), transaction).verdict, Verdict::reject);
}

// Shadow.

TEST(Evaluate, RecordsAShadowRuleWithoutLettingItActOrWait) {
  const auto rules = list(in_shadow(blocked("trial", yes_a)), in_shadow(blocked("other", "")),
                          welcome("friends", ""), in_shadow(blocked("behind", "")));
  const auto decision = decide(rules);
  EXPECT_EQ(decision.verdict, Verdict::accept);
  EXPECT_THAT(trail(decision), ElementsAre("trial:unknown", "other:yes (shadow)", "friends:yes",
                                           "behind:no (settled)"));
  EXPECT_EQ(decision.trail.front().mode, RuleMode::shadow);
  EXPECT_EQ(decision.trail.front().verdict, Verdict::reject);
  EXPECT_EQ(decision.trail.front().reason, "policy-reject");
}

TEST(Evaluate, DoesNotSoftenForAShadowRule) {
  const auto rules = list(in_shadow(welcome("trial", yes_a)), blocked("rest", ""));
  EXPECT_EQ(decide(rules, World().fails("sample_a")).verdict, Verdict::reject);
}

TEST(Evaluate, AsksShadowQuestionsOnlyAfterTheDecision) {
  const auto rules =
      list(in_shadow(blocked("trial", yes_a)), in_shadow(put_off("count", costly)),
           blocked("rest", yes_b), in_shadow(blocked("behind", "sample_dns == 'bad'")));
  EXPECT_THAT(open(rules), ElementsAre("sample_b"));
  const auto transaction = ordinary_transaction(Stage::rcpt);
  EXPECT_THAT(walk::shadow_questions(rules, transaction, {}), IsEmpty());
  EXPECT_THAT(subjects(walk::shadow_questions(rules, transaction, World().says("sample_b", "bad"))),
              ElementsAre("sample_a"))
      << "a costly question waits for the shadow rules before it";
  EXPECT_THAT(subjects(walk::shadow_questions(
                  rules, transaction, World().says("sample_b", "bad").says("sample_a", "bad"))),
              ElementsAre("sample_costly"));
}

TEST(Evaluate, GivesTheSameForAPolicyAsForItsRules) {
  const FileReader reader = [](const std::string&) -> Result<std::string> {
    return std::string(
        "[identity]\nhost = \"mx1.example.org\"\ncontact = \"postmaster@example.org\"\n"
        "help = \"https://mail.example.org/why/{reason}\"\n"
        "[[rule]]\nname = \"one\"\nstage = \"rcpt\"\nwhen = 'sample_a == \"bad\"'\n"
        "reject = \"policy-reject\"\n");
  };
  auto compiled = Policy::compile("postern.toml", reader, test::sample_checks());
  ASSERT_TRUE(compiled.ok()) << render(compiled.problems());
  const auto transaction = ordinary_transaction(Stage::rcpt);
  const auto& policy = *compiled->policy;
  EXPECT_THAT(subjects(questions_ahead(policy, transaction, {})), ElementsAre("sample_a"));
  Facts facts;
  auto outcome = evaluate(policy, transaction, facts);
  while (auto* more = std::get_if<NeedsMore>(&outcome)) {
    for (const auto& question : more->questions) facts.add(question, Answer::found({"bad"}));
    outcome = evaluate(policy, transaction, facts);
  }
  const auto& decision = std::get<Decision>(outcome);
  EXPECT_EQ(decision.verdict, Verdict::reject);
  EXPECT_EQ(decision, std::get<Decision>(walk::evaluate(policy.rules(), policy.settings().identity,
                                                        transaction, facts)));
  EXPECT_THAT(shadow_questions(policy, transaction, facts), IsEmpty());
}

TEST(DecisionTexts, ReadBackWhatTheyWrite) {
  for (const auto truth : {Truth::no, Truth::yes, Truth::unknown, Truth::unavailable}) {
    EXPECT_EQ(truth_from_text(to_text(truth)), truth);
  }
  for (const auto verdict : {Verdict::pass, Verdict::accept, Verdict::reject, Verdict::defer,
                             Verdict::discard, Verdict::quarantine}) {
    EXPECT_EQ(verdict_from_text(to_text(verdict)), verdict);
  }
  for (const auto scope : {AcceptScope::stage, AcceptScope::message, AcceptScope::session}) {
    EXPECT_EQ(accept_scope_from_text(to_text(scope)), scope);
  }
  for (std::size_t i = 0; i < stage_count; ++i) {
    EXPECT_EQ(stage_from_text(to_text(static_cast<Stage>(i))), static_cast<Stage>(i));
  }
  for (const auto door : {Door::milter, Door::policy, Door::library}) {
    EXPECT_EQ(door_from_text(to_text(door)), door);
  }
  for (const auto kind :
       {QuestionKind::table, QuestionKind::dns, QuestionKind::spf, QuestionKind::reverse_dns,
        QuestionKind::helo_dns, QuestionKind::sender_dns, QuestionKind::store,
        QuestionKind::upstream, QuestionKind::sample, QuestionKind::recipients}) {
    EXPECT_EQ(question_kind_from_text(to_text(kind)), kind);
  }
  EXPECT_EQ(to_text(TrailNote::local_submission), "local submission");
  EXPECT_FALSE(truth_from_text("maybe"));
}

}  // namespace
}  // namespace postern
