// Situation: the transaction and the facts of one decision, and how a rule stands to them whatever
// other rules say, those of one list. Pure; holds references, so it lives no longer than a call of
// evaluate(); one thread.
#pragma once

#include "postern/decision.h"
#include "rules/expiry.h"
#include "rules/rule.h"
#include "rules/score_reader.h"
#include "rules/share.h"

namespace postern::walk {

/// Drops and holds count as refusals: the message does not arrive.
bool refuses(const Rule& rule);
/// It decides nothing: it has effects only.
inline bool only_modifies(const Rule& rule) { return rule.verdict == Verdict::pass; }
/// It adds to scores and does nothing else. Nobody waits for it but a rule that tests one.
inline bool only_adds(const Rule& rule) {
  return only_modifies(rule) && rule.effects.empty() && !rule.scores.empty();
}
/// Of an accept.
AcceptScope scope_of(const Rule& rule);

class Situation {
 public:
  /// `checks` remembers what checks came to under fewer facts; null: nothing is remembered.
  Situation(const Transaction& transaction, const Facts& facts, CheckMemo* checks = nullptr);

  const Transaction& transaction() const { return transaction_; }
  const Facts& facts() const { return facts_; }

  Truth truth(const Rule& rule) const {
    return rule.condition.truth(transaction_, facts_, &scores_);
  }
  ConditionOutcome outcome(const Rule& rule) const {
    return rule.condition.evaluate(transaction_, facts_, &scores_);
  }

  /// Of a condition that is no rule's, and tests no score.
  ConditionOutcome outcome(const expression::Program& condition) const;

  /// It is off for good (semantics 19).
  bool is_off(const Rule& rule) const { return is_expired(rule, transaction_.time); }
  /// It is only recorded: a shadow rule, or one whose share this message is not part of. Of whom we
  /// do not know, it may act on (semantics 8).
  bool watches(const Rule& rule) const {
    return rule.mode == RuleMode::shadow ||
           (rule.share != 0 && !in_share(rule, transaction_).value_or(true));
  }

  bool reached(const Rule& rule) const { return rule.place.stage <= transaction_.stage; }

  /// A rule of RCPT, asked later without a single recipient.
  bool lacks_recipient(const Rule& rule) const {
    return rule.place.stage == Stage::rcpt && transaction_.stage > Stage::rcpt &&
           !transaction_.recipient.is_told();
  }

  /// A local submission has no client that could be told anything before the message is there; its
  /// sender would lose mail to a rule meant for strangers (semantics 15).
  /// The policy door is asked by smtpd alone: there an unreadable address is no local submission.
  bool is_local_before_data(const Rule& rule) const {
    return !transaction_.client.address && transaction_.door != Door::policy &&
           rule.place.stage <= Stage::rcpt;
  }
  bool acts(const Rule& rule) const { return !refuses(rule) || !is_local_before_data(rule); }

  /// An accept for its stage alone, found again at a later stage, settles only that stage's rest.
  bool settles_stage(const Rule& rule) const {
    return rule.verdict == Verdict::accept && scope_of(rule) == AcceptScope::stage &&
           rule.place.stage != transaction_.stage;
  }

  /// Acts without its answer (semantics 6).
  bool matches_unanswered(const Rule& rule) const {
    return rule.unavailable == WhenUnavailable::match && rule.verdict == Verdict::accept;
  }
  /// Puts off without its answer. Mail of our own users cannot be put off before DATA.
  bool defers_unanswered(const Rule& rule) const {
    if (is_local_before_data(rule)) return false;
    return rule.unavailable == WhenUnavailable::defer || !refuses_but_for(rule).empty();
  }
  /// Of a refusal for good that tests a score and was not answered: the rule that might have
  /// changed the score and was skipped, if the refusal stands without it. It is softened (semantics
  /// 6).
  std::string refuses_but_for(const Rule& rule) const {
    if (rule.condition.scores().empty() || !refuses(rule) || !is_permanent(rule)) return {};
    return rule.condition.yes_but_for(transaction_, facts_, &scores_);
  }

  /// It refuses, and for good, here.
  bool refuses_for_good(const Rule& rule) const;
  /// The message does not arrive: as refuses_for_good(), or it is dropped or held.
  bool is_permanent(const Rule& rule) const;

  /// Every recipient was accepted for the message: later rules are not asked (semantics 2).
  bool all_settled() const { return all_settled_; }

 private:
  const Transaction& transaction_;
  const Facts& facts_;
  /// Remembers what rules say of the same two, so that asking it changes nothing that is seen.
  mutable expression::ScoreReader scores_;
  bool all_settled_ = false;
};

}  // namespace postern::walk
