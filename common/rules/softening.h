// Softening: why a refusal for good must be temporary, because a fact is missing or was missing
// when a recipient was decided on (semantics 6, 8). Behind the walk, which collects what this
// judges. Pure; any thread.
#pragma once

#include "rules/situation.h"

#include <optional>
#include <string>
#include <vector>

namespace postern::walk {

/// The earlier rules that a missing fact kept from sparing the message what comes behind them.
class Softeners {
 public:
  enum class Reach { all, stage };  ///< whom such a rule would have spared later rules

  void add(const Rule& rule, Reach reach);
  /// A refusal for good that could not be answered. Had it been, it might itself have been
  /// softened.
  void add_refusal(const Rule& rule);
  bool refusal_of_recipients() const { return refusal_of_recipients_; }
  /// The first that counts for a refusal by a rule of `stage`; nullptr: none. The rules added stand
  /// in one list, whose order is the order of their addresses.
  const Rule* first(Stage stage) const;
  /// It is one of those that first() can name.
  bool holds(const Rule& rule) const { return &rule == of_all_ || &rule == of_stage_; }
  bool empty() const { return !of_all_ && !of_stage_; }

 private:
  const Rule* of_all_ = nullptr;
  const Rule* of_stage_ = nullptr;
  bool refusal_of_recipients_ = false;
};

/// An accept for its stage alone would have spared only that.
Softeners::Reach reach(const Rule& rule);

/// At RCPT: the rule whose missing fact may have changed most what becomes of the recipient.
class Suspect {
 public:
  /// Keeps the one that counts most when the message is decided on.
  void add(const Rule& rule, HeldBack::Would would);
  const Rule* rule() const { return rule_; }
  HeldBack::Would would() const { return would_; }

 private:
  const Rule* rule_ = nullptr;
  HeldBack::Would would_ = HeldBack::Would::reject;
};

/// Of the accept at `at` that acted without its answer: what the rules behind it, up to stage
/// `last`, might have done had the answer been no; none if that makes no difference. Looks at
/// nothing that a check could still answer, as none of their questions was asked.
std::optional<HeldBack::Would> spared_unanswered(const std::vector<Rule>& rules, std::size_t at,
                                                 Stage last, const Situation& situation,
                                                 const Softeners& softeners);

/// Why the refusal for good by the rule at `at` must be temporary.
struct Softening {
  std::string rule;  ///< name of the rule that might have changed it
  QuestionKind missing = QuestionKind::sample;
};
std::optional<Softening> softening(const std::vector<Rule>& rules, std::size_t at,
                                   const Situation& situation, const Softeners& softeners);

/// Which fact a rule that cannot be answered lacks.
QuestionKind missing_kind(const Situation& situation, const Rule& rule);

}  // namespace postern::walk
