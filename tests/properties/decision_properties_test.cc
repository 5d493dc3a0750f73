// P1, P2, P4, P5 and P6 over random worlds. Each property is a function that takes what it judges,
// so that a wrong evaluator can be shown to it: a property that nothing breaks proves nothing.

#include "reply/compose.h"
#include "rules/program.h"
#include "rules/walk.h"
#include "support/sample_check.h"
#include "support/transactions.h"
#include "worlds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <utility>

namespace postern {
namespace {

using test::any_world;
using test::scored_world;
using test::World;

using Outcome = std::variant<Decision, NeedsMore>;
using Evaluator = std::function<Outcome(const World&, const Facts&)>;
using Truths = std::function<Truth(const World&, const Condition&, const Facts&)>;
/// What is wrong, or nothing.
using Fault = std::optional<std::string>;

Outcome real(const World& world, const Facts& facts) {
  return walk::evaluate(*world.rules, test::identity(), world.transaction, facts);
}

Truth real_truth(const World& world, const Condition& condition, const Facts& facts) {
  return condition.truth(world.transaction, facts);
}

/// A decision without what may depend on how far each rule had to look: evidence.
Decision core(Decision decision) {
  for (auto& entry : decision.trail) entry.evidence.clear();
  return decision;
}

/// What no later answer may change, shadow rules left aside.
Decision spoken(Decision decision) {
  decision.trail.clear();
  return decision;
}

// P1.

Fault same_twice(const Evaluator& evaluate, const World& world) {
  for (const auto& facts : {Facts(), world.all_facts()}) {
    const auto first = evaluate(world, facts);
    const auto second = evaluate(world, facts);
    if (first.index() != second.index()) return "decided once, open once";
    if (const auto* decision = std::get_if<Decision>(&first)) {
      if (!(*decision == std::get<Decision>(second))) return "two decisions";
    } else if (std::get<NeedsMore>(first).questions != std::get<NeedsMore>(second).questions) {
      return "two lists of questions";
    }
  }
  return std::nullopt;
}

// P2: a driver in small, that brings one answer at a time.

struct Ending {
  Decision decision;
  std::set<Question> costly;
  Fault fault;
};

Ending drive(const Evaluator& evaluate, const World& world, const std::vector<unsigned>& order) {
  Ending ending;
  Facts facts;
  std::vector<Question> pending;
  std::set<Question> asked;
  std::size_t turn = 0;
  const auto ask = [&](const std::vector<Question>& questions) {
    for (const auto& question : questions) {
      if (!asked.insert(question).second) continue;
      pending.push_back(question);
      if (question.cost == QuestionCost::costly) ending.costly.insert(question);
    }
  };
  const auto bring_one = [&] {
    const auto at = order.empty() ? 0 : order[turn++ % order.size()] % pending.size();
    const auto question = pending[at];
    pending.erase(pending.begin() + static_cast<std::ptrdiff_t>(at));
    facts.add(question, world.answers.at(question));
  };
  auto outcome = evaluate(world, facts);
  while (const auto* more = std::get_if<NeedsMore>(&outcome)) {
    ask(more->questions);
    if (pending.empty()) {
      ending.fault = "open, and nothing to ask";
      return ending;
    }
    bring_one();
    outcome = evaluate(world, facts);
  }
  const auto at_reply = std::get<Decision>(outcome);
  // The shadow rules' questions are asked when the reply is out; answers still on their way come.
  for (;;) {
    ask(walk::shadow_questions(*world.rules, world.transaction, facts));
    if (pending.empty()) break;
    bring_one();
  }
  outcome = evaluate(world, facts);
  if (!std::holds_alternative<Decision>(outcome) ||
      !(spoken(std::get<Decision>(outcome)) == spoken(at_reply))) {
    ending.fault = "a later answer changed the decision";
    return ending;
  }
  ending.decision = core(std::get<Decision>(outcome));
  return ending;
}

Fault any_order(const Evaluator& evaluate, const World& world) {
  auto backwards = world.order;
  for (auto& turn : backwards) turn = 99 - turn;
  const auto first = drive(evaluate, world, {});
  for (const auto& order : {world.order, backwards, std::vector<unsigned>{97}}) {
    const auto other = drive(evaluate, world, order);
    if (first.fault || other.fault) return first.fault ? first.fault : other.fault;
    if (!(first.decision == other.decision)) return "another order, another decision";
    if (first.costly != other.costly) return "another order, other costly questions";
  }
  return std::nullopt;
}

// P4.

Fault facts_only_add(const Truths& truth, const Evaluator& evaluate, const World& world) {
  Facts facts;
  std::vector<Truth> before(world.rules->size(), Truth::unknown);
  std::optional<Decision> decided;
  const auto look = [&]() -> Fault {
    for (std::size_t i = 0; i < before.size(); ++i) {
      const auto now = truth(world, (*world.rules)[i].condition, facts);
      if (before[i] != Truth::unknown && now != before[i]) return "a truth turned";
      before[i] = now;
    }
    auto outcome = evaluate(world, facts);
    auto* decision = std::get_if<Decision>(&outcome);
    if (decided && (!decision || !(spoken(*decision) == *decided))) return "a decision turned";
    if (decision) decided = spoken(std::move(*decision));
    return std::nullopt;
  };
  std::vector<std::pair<Question, Answer>> rest(world.answers.begin(), world.answers.end());
  for (std::size_t turn = 0; !rest.empty(); ++turn) {
    if (auto fault = look()) return fault;
    const auto at = world.order.empty() ? 0 : world.order[turn % world.order.size()] % rest.size();
    facts.add(rest[at].first, rest[at].second);
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return look();
}

// P5.

/// A reply as a stranger reads it.
struct Lines {
  std::string code;
  std::string enhanced;
  std::vector<std::string> texts;
  Verdict verdict = Verdict::pass;
};

Lines read(const Decision& decision) {
  const auto& reply = *decision.reply;
  const auto& text = reply.text();
  return {reply.code().text(),
          reply.enhanced() ? reply.enhanced()->text() : "",
          {text.sentence, text.reference, text.advice, text.quote, text.contact, text.help},
          decision.verdict};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// RFC 5321 4.2 (three digits, printable text), RFC 3463 2 (class.subject.detail), RFC 2034 4 (the
/// classes agree), and our own limits of the text.
Fault legal(const Lines& lines) {
  const auto& code = lines.code;
  if (code.size() != 3 || !std::all_of(code.begin(), code.end(), is_digit)) return "no code";
  const char expected = lines.verdict == Verdict::reject ? '5' : '4';
  if (code[0] != expected || code[1] > '5') return "a code of another class than the verdict";
  if (!lines.enhanced.empty()) {
    unsigned dots = 0;
    for (const char c : lines.enhanced) {
      if (c == '.') ++dots;
      if (c != '.' && !is_digit(c)) return "no enhanced code";
    }
    if (dots != 2 || lines.enhanced[0] != code[0] || lines.enhanced[1] != '.') {
      return "an enhanced code of another class";
    }
  }
  if (lines.texts.front().empty()) return "no text";
  for (const auto& text : lines.texts) {
    for (const char c : text) {
      if (c < 0x20 || c > 0x7e) return "an octet that is not printable ASCII";
      if (c == ';') return "a semicolon";
    }
  }
  if (lines.texts.front().find(':') != std::string::npos) return "a colon in the sentence";
  return std::nullopt;
}

Fault replies_legal(const std::function<Lines(const Decision&)>& reader, const World& world) {
  const auto outcome = real(world, world.all_facts());
  const auto* decision = std::get_if<Decision>(&outcome);
  if (!decision) return "open with every answer there";
  const bool refusal = decision->verdict == Verdict::reject || decision->verdict == Verdict::defer;
  const bool touched =
      std::any_of(decision->effects.begin(), decision->effects.end(),
                  [](const Effect& effect) { return touches_message(effect.kind); });
  if (touched && (refusal || decision->verdict == Verdict::discard)) return "a change to nothing";
  if (refusal != (decision->reason != nullptr)) return "a verdict without its reason";
  if (!decision->reply) {
    if (!refusal) return std::nullopt;
    // At connect and HELO some refusals have no form and are spoken later.
    return world.transaction.stage < Stage::mail ? std::nullopt : Fault("a refusal without reply");
  }
  return legal(reader(*decision));
}

// P6.

bool is_redirected(const Decision& decision) {
  return std::any_of(decision.effects.begin(), decision.effects.end(),
                     [](const Effect& effect) { return effect.kind == EffectKind::redirect; });
}

/// Refused for good, dropped or held.
bool is_permanent(const Decision& decision) {
  if (decision.verdict == Verdict::discard || decision.verdict == Verdict::quarantine) return true;
  return decision.verdict == Verdict::reject &&
         (decision.reply ? decision.reply->is_permanent()
                         : decision.reason->kind == ReasonClass::permanent);
}

Fault trouble_never_refuses(const Evaluator& evaluate, const World& world) {
  const auto full = std::get<Decision>(evaluate(world, world.all_facts()));
  if (is_permanent(full) || is_redirected(full)) return std::nullopt;
  // Mail that is put off comes again, and is redirected then.
  const bool put_off = full.verdict == Verdict::defer;
  const auto count = world.answers.size();
  for (unsigned set = 1; set < (1U << count); ++set) {
    std::vector<bool> gone(count);
    for (std::size_t i = 0; i < count; ++i) gone[i] = ((set >> i) & 1U) != 0;
    const auto poorer = test::without(world, gone);
    const auto decision = std::get<Decision>(evaluate(poorer, poorer.all_facts()));
    if (is_permanent(decision) || (is_redirected(decision) && !put_off)) {
      return "a 5xx that the full facts would not have given";
    }
  }
  return std::nullopt;
}

// All of it, on the real thing.

template <typename Property>
void holds_everywhere(const char* name, Property property) {
  EXPECT_TRUE(rc::check(name, [&] {
    const auto world = *any_world();
    const Fault fault = property(world);
    if (fault) RC_FAIL(*fault);
  }));
  EXPECT_TRUE(rc::check(name + std::string(" with scores"), [&] {
    const auto world = *scored_world();
    const Fault fault = property(world);
    if (fault) RC_FAIL(*fault);
  }));
}

TEST(Properties, P1EvaluatingTwiceIsTheSame) {
  holds_everywhere("P1", [](const World& world) { return same_twice(real, world); });
}

TEST(Properties, P2AnyOrderOfArrivalGivesTheSameDecisionAndCostlyQuestions) {
  holds_everywhere("P2", [](const World& world) { return any_order(real, world); });
}

TEST(Properties, P4MoreFactsNeverTurnADefiniteTruth) {
  holds_everywhere("P4",
                   [](const World& world) { return facts_only_add(real_truth, real, world); });
}

TEST(Properties, P5EveryReplyIsLegal) {
  holds_everywhere("P5", [](const World& world) { return replies_legal(read, world); });
}

TEST(Properties, P6MissingFactsNeverMakeAPermanentRefusal) {
  holds_everywhere("P6", [](const World& world) { return trouble_never_refuses(real, world); });
}

// And on what is wrong: among enough worlds the same functions find it.

template <typename Property>
bool finds_a_fault(Property property, const rc::Gen<World>& worlds = any_world()) {
  for (unsigned seed = 1; seed <= 3000; ++seed) {
    if (property(worlds(rc::Random(seed), 40).value())) return true;
  }
  return false;
}

TEST(PropertiesCanFail, P1SeesAnEvaluatorThatRemembers) {
  EXPECT_TRUE(finds_a_fault([calls = 0](const World& world) mutable {
    return same_twice(
        [&](const World& same, const Facts& facts) {
          auto outcome = real(same, facts);
          auto* decision = std::get_if<Decision>(&outcome);
          if (decision && ++calls % 2 == 0) decision->verdict = Verdict::quarantine;
          return outcome;
        },
        world);
  }));
}

TEST(PropertiesCanFail, P2SeesARuleThatDoesNotWaitForEarlierOnes) {
  const Evaluator hasty = [](const World& world, const Facts& facts) -> Outcome {
    for (const auto& rule : *world.rules) {
      if (rule.mode == RuleMode::enforce && rule.place.stage <= world.transaction.stage &&
          rule.condition.truth(world.transaction, facts) == Truth::yes) {
        Decision decision;
        decision.verdict = rule.verdict;
        decision.rule = rule.place;
        return decision;
      }
    }
    return real(world, facts);
  };
  EXPECT_TRUE(finds_a_fault([&](const World& world) { return any_order(hasty, world); }));
}

TEST(PropertiesCanFail, P2SeesCostlyQuestionsThatAreNotHeldBack) {
  const Evaluator spendthrift = [](const World& world, const Facts& facts) {
    auto outcome = real(world, facts);
    auto* more = std::get_if<NeedsMore>(&outcome);
    if (!more) return outcome;
    for (const auto& rule : *world.rules) {
      if (rule.mode == RuleMode::shadow || rule.place.stage > world.transaction.stage) continue;
      for (const auto& question : rule.condition.evaluate(world.transaction, facts).questions) {
        more->questions.push_back(question);
      }
    }
    return outcome;
  };
  const auto costs_more = [&](const World& world) -> Fault {
    return any_order(spendthrift, world);
  };
  EXPECT_TRUE(finds_a_fault(costs_more));
}

TEST(PropertiesCanFail, P4SeesAnUnknownTakenForNo) {
  const Truths guesses = [](const World& world, const Condition& condition, const Facts& facts) {
    const auto truth = real_truth(world, condition, facts);
    return truth == Truth::unknown ? Truth::no : truth;
  };
  EXPECT_TRUE(
      finds_a_fault([&](const World& world) { return facts_only_add(guesses, real, world); }));
}

TEST(PropertiesCanFail, P4SeesADecisionThatIsTakenTooEarly) {
  const Evaluator impatient = [](const World& world, const Facts& facts) -> Outcome {
    auto outcome = real(world, facts);
    if (std::holds_alternative<NeedsMore>(outcome)) return Decision{};
    return outcome;
  };
  EXPECT_TRUE(finds_a_fault(
      [&](const World& world) { return facts_only_add(real_truth, impatient, world); }));
}

TEST(PropertiesCanFail, P5SeesOneWrongByteOfAReply) {
  const std::vector<std::function<void(Lines&)>> slips{
      [](Lines& lines) { lines.code[0] = static_cast<char>(lines.code[0] ^ 1); },
      [](Lines& lines) { lines.enhanced = "2.7.1"; },
      [](Lines& lines) { lines.enhanced = "5.71"; },
      [](Lines& lines) { lines.texts.front()[0] = '\xc3'; },
      [](Lines& lines) { lines.texts.front()[0] = '\n'; },
      [](Lines& lines) { lines.texts.front()[0] = ':'; },
      [](Lines& lines) { lines.texts.back() += ';'; },
      [](Lines& lines) { lines.texts.front().clear(); }};
  for (const auto& slip : slips) {
    EXPECT_TRUE(finds_a_fault([&](const World& world) {
      return replies_legal(
          [&](const Decision& decision) {
            auto lines = read(decision);
            slip(lines);
            return lines;
          },
          world);
    }));
  }
}

TEST(PropertiesCanFail, P6SeesARefusalThatIsNotSoftened) {
  const Evaluator hard = [](const World& world, const Facts& facts) {
    auto outcome = real(world, facts);
    auto* decision = std::get_if<Decision>(&outcome);
    if (decision && !decision->softened_by.empty()) {
      decision->verdict = decision->softened_from.empty() ? Verdict::discard : Verdict::reject;
      decision->reason = find_reason(decision->softened_from);
      decision->reply.reset();
    }
    return outcome;
  };
  EXPECT_TRUE(
      finds_a_fault([&](const World& world) { return trouble_never_refuses(hard, world); }));
}

bool rests_on_a_score(const World& world, const Decision& decision) {
  return decision.rule &&
         std::any_of(world.rules->begin(), world.rules->end(), [&](const Rule& rule) {
           return rule.place.name == decision.rule->name && !rule.condition.scores().empty();
         });
}

TEST(PropertiesCanFail, P6SeesAScoreThatWasNotLoweredAndDoesNotSoften) {
  const Evaluator hard = [](const World& world, const Facts& facts) {
    auto outcome = real(world, facts);
    auto* decision = std::get_if<Decision>(&outcome);
    if (decision && !decision->softened_by.empty() && rests_on_a_score(world, *decision)) {
      decision->verdict = Verdict::reject;
      decision->reason = find_reason(decision->softened_from);
      if (decision->reason == nullptr) decision->reason = find_reason("policy-reject");
      decision->reply.reset();
    }
    return outcome;
  };
  const auto judge = [&](const World& world) { return trouble_never_refuses(hard, world); };
  EXPECT_TRUE(finds_a_fault(judge, scored_world()));
}

TEST(PropertiesCanFail, P6SeesAnAcceptBeforeAnAdderWhoseMissingAnswerIsForgotten) {
  World world;
  world.transaction = test::ordinary_transaction(Stage::rcpt);
  world.plans.resize(3);
  world.plans[0].stage = Stage::connect;
  world.plans[0].condition = "sample_a == 'bad'";
  world.plans[0].verdict = Verdict::accept;
  world.plans[0].scope = AcceptScope::stage;
  world.plans[1].stage = Stage::connect;
  world.plans[1].condition = "true";
  world.plans[1].verdict = Verdict::pass;
  world.plans[1].scores = {{"a", 3000}};
  world.plans[2].condition = "score.a >= 2";
  world.plans[2].reason = "policy-reject";
  world.answers.emplace(test::sample_question("sample_a"), Answer::found({"bad"}));
  world.rules = test::compile(world.plans);
  // The same rules, with an accept that cannot be answered taken for a plain no.
  const Evaluator forgetful = [](const World& same, const Facts& facts) {
    auto poorer = same;
    const auto& accept = same.rules->front().condition;
    if (accept.truth(same.transaction, facts) == Truth::unavailable) {
      poorer.plans.front().condition = "false";
      poorer.rules = test::compile(poorer.plans);
    }
    return real(poorer, facts);
  };
  EXPECT_EQ(trouble_never_refuses(real, world), std::nullopt);
  EXPECT_NE(trouble_never_refuses(forgetful, world), std::nullopt);
}

/// Redirects behind an accept for their stage that cannot be answered, and a refusal at RCPT.
World redirecting_world(std::vector<test::RulePlan> at_connect) {
  World world;
  world.transaction = test::ordinary_transaction(Stage::rcpt);
  world.plans = std::move(at_connect);
  for (auto& plan : world.plans) {
    plan.stage = Stage::connect;
    plan.scope = AcceptScope::stage;
    if (plan.verdict == Verdict::pass) plan.effects = {EffectKind::redirect};
  }
  world.plans.emplace_back().condition = "true";
  world.plans.back().reason = "policy-reject";
  world.answers.emplace(test::sample_question("sample_a"), Answer::unavailable("timeout"));
  world.answers.emplace(test::sample_question("sample_b"), Answer::found({"good"}));
  world.rules = test::compile(world.plans);
  return world;
}

test::RulePlan plan_of(Verdict verdict, const char* condition) {
  test::RulePlan plan;
  plan.verdict = verdict;
  plan.condition = condition;
  return plan;
}

TEST(Properties, P6ARedirectPutOffWasForgottenBehindAnAcceptThatActedUnanswered) {
  auto matching = plan_of(Verdict::accept, "sample_b != 'good'");
  matching.unavailable = WhenUnavailable::match;
  const auto world = redirecting_world(
      {matching, plan_of(Verdict::accept, "sample_a == 'good'"), plan_of(Verdict::pass, "true")});
  EXPECT_EQ(trouble_never_refuses(real, world), std::nullopt);
}

TEST(Properties, P6ARedirectThatWouldHaveBeenPutOffWasForgottenForWantOfItsOwnAnswer) {
  const auto world = redirecting_world({plan_of(Verdict::accept, "sample_a == 'good'"),
                                        plan_of(Verdict::pass, "sample_b == 'good'")});
  EXPECT_EQ(trouble_never_refuses(real, world), std::nullopt);
}

TEST(PropertiesCanFail, P4SeesATestThatTakesAMissingAnswerForNothingAdded) {
  // A test of a score that does not wait for its bounds: what is not known counts as nothing.
  const Truths guesses = [](const World& world, const Condition& condition, const Facts& facts) {
    if (condition.scores().empty()) return real_truth(world, condition, facts);
    auto all = facts;
    for (const auto& [question, answer] : world.answers) {
      all.add(question, Answer::unavailable("guessed"));
    }
    return expression::run(condition.program(), world.transaction, all, nullptr,
                           expression::Unanswered::nothing);
  };
  EXPECT_TRUE(
      finds_a_fault([&](const World& world) { return facts_only_add(guesses, real, world); }));
}

}  // namespace
}  // namespace postern
