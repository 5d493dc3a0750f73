#include "rules/softening.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace postern::walk {
namespace {

using Would = HeldBack::Would;

/// How much it counts when the message is decided on: see carried().
int weight(Would would) {
  switch (would) {
    case Would::defer:
      return 2;
    case Would::accept:
      return 1;
    case Would::reject:
      break;
  }
  return 0;
}

/// What is known without asking anybody, and stays so: what the MTA told, and the tables, of which
/// a replay brings recorded answers.
Facts told_facts(const Facts& facts) {
  Facts told;
  for (const auto& [question, answer] : facts.all()) {
    if (question.kind == QuestionKind::table) told.add(question, answer);
  }
  return told;
}

bool is_asked(const Situation& situation, const Rule& rule) {
  return !situation.is_off(rule) && !situation.watches(rule) && situation.acts(rule);
}

/// Not one that only modifies, whatever it says.
bool may_decide(const Situation& situation, const Rule& rule) {
  return !only_modifies(rule) || situation.defers_unanswered(rule);
}

/// Puts off without its answer, whatever of the situation is changed: a refusal that tests a score
/// may, when some of what was added is missing.
bool may_defer(const Situation& situation, const Rule& rule) {
  return situation.defers_unanswered(rule) || (refuses(rule) && !rule.condition.scores().empty());
}

/// What was found about several recipients at RCPT and makes a permanent refusal of the message
/// doubtful: one of them might have been put off; or some are settled, or might be, and all
/// others might not be there. (If all might have been refused for good, each of them would have
/// been.)
const HeldBack* carried(const Transaction& transaction) {
  if (transaction.recipient.is_told() || !transaction.recipients.is_told()) return nullptr;
  const HeldBack* first = nullptr;
  bool some_settled = false;
  bool all = true;
  for (const auto& recipient : transaction.recipients.value()) {
    const auto& held_back = recipient.held_back;
    if (held_back && held_back->would == Would::defer) return &*held_back;
    if (held_back && !first) first = &*held_back;
    all = all && (recipient.settled || held_back);
    some_settled =
        some_settled || recipient.settled || (held_back && held_back->would == Would::accept);
  }
  return all && some_settled ? first : nullptr;
}

bool names_recipients(const Rule& rule) {
  const auto& names = rule.condition.names();
  return std::any_of(names.begin(), names.end(), [](const ConditionName& each) {
    return each.name == "recipients" || each.name == "recipient_count";
  });
}

/// Whether other recipients could have changed the refusal: its rule looks at them, or an earlier
/// one that might then have spared the message, or put it off.
bool depends_on_recipients(const std::vector<Rule>& rules, std::size_t at,
                           const Situation& situation, const Softeners& softeners) {
  if (names_recipients(rules[at]) || softeners.refusal_of_recipients()) return true;
  return std::any_of(rules.begin(), rules.begin() + static_cast<std::ptrdiff_t>(at),
                     [&](const Rule& rule) {
                       return is_asked(situation, rule) && names_recipients(rule) &&
                              !situation.refuses_for_good(rule) && may_decide(situation, rule);
                     });
}

/// A recipient that is there might have been refused for good.
std::optional<Softening> recipient_too_many(const Transaction& transaction) {
  for (const auto& recipient : transaction.recipients.value()) {
    if (const auto& held_back = recipient.held_back) {
      return Softening{held_back->rule, held_back->missing};
    }
  }
  return std::nullopt;
}

/// Whoever the recipient is.
bool lacks_a_fact(const ConditionOutcome& outcome) {
  return outcome.truth == Truth::unavailable && outcome.cause_kind != QuestionKind::recipients;
}

/// Whether a condition that holds now held when each recipient was asked about.
bool held_at_rcpt(const Condition& condition) {
  constexpr std::array passing{"stage", "time", "weekday", "date", "recipients", "recipient_count"};
  const auto& names = condition.names();
  return std::none_of(names.begin(), names.end(), [&](const ConditionName& each) {
    return std::find(passing.begin(), passing.end(), each.name) != passing.end();
  });
}

/// The rules up to RCPT that were asked about every recipient, whoever it was: those behind an
/// accept for their stage alone were not.
class AskedOfAll {
 public:
  AskedOfAll(const Situation& situation, const Transaction& transaction, const Facts& told)
      : situation_(situation), transaction_(transaction), told_(told), scores_(transaction, told) {}

  /// What the next one says without a recipient and from what was told; nullopt: it was not asked.
  std::optional<ConditionOutcome> next(const Rule& rule) {
    if (!is_asked(situation_, rule) || settled_ == rule.place.stage) return std::nullopt;
    auto outcome = rule.condition.evaluate(transaction_, told_, &scores_);
    const bool settles = rule.verdict == Verdict::accept && scope_of(rule) == AcceptScope::stage &&
                         outcome.truth == Truth::yes && held_at_rcpt(rule.condition);
    if (settles) settled_ = rule.place.stage;
    return outcome;
  }

 private:
  const Situation& situation_;
  const Transaction& transaction_;
  const Facts& told_;
  expression::ScoreReader scores_;
  std::optional<Stage> settled_;
};

/// A recipient that is not there might have been accepted: a rule that may have put it off for want
/// of an answer cannot be answered now either, whoever the recipient was.
std::optional<Softening> recipient_too_few(const std::vector<Rule>& rules,
                                           const Situation& situation) {
  auto transaction = situation.transaction();
  transaction.recipient = {};
  const auto told = told_facts(situation.facts());
  AskedOfAll asked(situation, transaction, told);
  for (const auto& rule : rules) {
    if (rule.place.stage > Stage::rcpt) break;
    if (rule.verdict != Verdict::accept && !may_defer(situation, rule)) continue;
    const auto outcome = asked.next(rule);
    if (outcome && lacks_a_fact(*outcome)) {
      return Softening{rule.place.name, outcome->cause_kind};
    }
  }
  return std::nullopt;
}

/// Of recipients of which we do not know, one might have been refused for good but for an answer.
std::optional<Softening> unknown_too_many(const std::vector<Rule>& rules,
                                          const Situation& situation) {
  auto transaction = situation.transaction();
  transaction.recipient = {};
  const auto told = told_facts(situation.facts());
  AskedOfAll asked(situation, transaction, told);
  for (const auto& rule : rules) {
    if (rule.place.stage != Stage::rcpt || !may_decide(situation, rule)) continue;
    const auto outcome = asked.next(rule);
    if (!outcome) continue;
    if (outcome->truth == Truth::unknown || lacks_a_fact(*outcome)) {
      return Softening{rule.place.name, QuestionKind::recipients};
    }
  }
  return std::nullopt;
}

std::optional<Softening> other_recipients(const std::vector<Rule>& rules, std::size_t at,
                                          const Situation& situation, const Softeners& softeners) {
  if (!depends_on_recipients(rules, at, situation, softeners)) return std::nullopt;
  const auto too_many = situation.transaction().recipients.is_told()
                            ? recipient_too_many(situation.transaction())
                            : unknown_too_many(rules, situation);
  return too_many ? too_many : recipient_too_few(rules, situation);
}

}  // namespace

void Softeners::add(const Rule& rule, Reach reach) {
  if (reach == Reach::all) {
    if (!of_all_) of_all_ = &rule;
  } else if (!of_stage_ || of_stage_->place.stage != rule.place.stage) {
    of_stage_ = &rule;
  }
}

void Softeners::add_refusal(const Rule& rule) {
  refusal_of_recipients_ = refusal_of_recipients_ || names_recipients(rule);
}

const Rule* Softeners::first(Stage stage) const {
  if (!of_stage_ || of_stage_->place.stage != stage) return of_all_;
  return of_all_ ? std::min(of_all_, of_stage_) : of_stage_;
}

Softeners::Reach reach(const Rule& rule) {
  const bool for_stage = rule.verdict == Verdict::accept && scope_of(rule) == AcceptScope::stage;
  return for_stage ? Softeners::Reach::stage : Softeners::Reach::all;
}

void Suspect::add(const Rule& rule, Would would) {
  if (rule_ && weight(would) <= weight(would_)) return;
  rule_ = &rule;
  would_ = would;
}

std::optional<Would> spared_unanswered(const std::vector<Rule>& rules, std::size_t at, Stage last,
                                       const Situation& situation, const Softeners& softeners) {
  const bool settled = scope_of(rules[at]) != AcceptScope::stage;
  const auto told = told_facts(situation.facts());
  expression::ScoreReader scores(situation.transaction(), told);
  bool softened = !softeners.empty();
  Suspect worst;
  for (++at; at < rules.size() && rules[at].place.stage <= last; ++at) {
    const auto& rule = rules[at];
    if (!is_asked(situation, rule)) continue;
    const auto truth = rule.condition.truth(situation.transaction(), told, &scores);
    if (truth == Truth::no) continue;
    const bool unanswered = truth != Truth::yes;
    if (unanswered && may_defer(situation, rule)) return Would::defer;
    if (only_modifies(rule)) {
      // Softened, a redirect puts the message off.
      if (softened && takes_away(rule)) return Would::defer;
      continue;
    }
    if (rule.verdict == Verdict::accept) {
      if (!settled && scope_of(rule) != AcceptScope::stage) worst.add(rule, Would::accept);
      softened = softened || unanswered;
    } else if (situation.is_permanent(rule) && !softened) {
      worst.add(rule, Would::reject);
    } else {
      return Would::defer;
    }
    if (truth == Truth::yes && !situation.settles_stage(rule)) break;
  }
  if (!worst.rule()) return std::nullopt;
  return worst.would();
}

std::optional<Softening> softening(const std::vector<Rule>& rules, std::size_t at,
                                   const Situation& situation, const Softeners& softeners) {
  const auto stage = rules[at].place.stage;
  if (const auto* rule = softeners.first(stage)) {
    return Softening{rule->place.name, missing_kind(situation, *rule)};
  }
  if (stage <= Stage::rcpt) return std::nullopt;
  if (const auto* held_back = carried(situation.transaction())) {
    return Softening{held_back->rule, held_back->missing};
  }
  return other_recipients(rules, at, situation, softeners);
}

QuestionKind missing_kind(const Situation& situation, const Rule& rule) {
  const auto outcome = situation.outcome(rule);
  // A rule that can be answered, but for whom it was we do not know.
  if (outcome.truth != Truth::unavailable) return QuestionKind::recipients;
  return outcome.cause_kind;
}

}  // namespace postern::walk
