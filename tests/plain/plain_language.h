// PlainLanguage: the policy language read off the documentation, slow and obvious: every name is a
// value, every operator a function of values, every condition is walked as the tree the parser made
// of it, every rule is asked in turn. It shares nothing with the product but that tree and the
// plain data of a transaction, so that an error would have to be made twice to go unseen.
#pragma once

#include "postern/decision.h"
#include "postern/facts.h"
#include "postern/transaction.h"
#include "rules/syntax.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace postern::plain {

/// What a table of a plain policy holds, as written.
struct PlainTable {
  std::string kind;
  std::vector<std::string> entries;
};

struct PlainRule {
  std::string name;
  Stage stage = Stage::connect;
  std::string when;  ///< empty: everything
  Verdict verdict = Verdict::reject;
  AcceptScope scope = AcceptScope::message;
  RuleMode mode = RuleMode::enforce;
  std::string unavailable;  ///< empty: skip
  /// What it adds when it says yes, in thousandths; such a rule decides nothing.
  std::map<std::string, std::int64_t> scores;
};

struct PlainPolicy {
  std::map<std::string, PlainTable> tables;
  std::map<std::string, std::string> conditions;  ///< [when.NAME]
  std::vector<PlainRule> rules;                   ///< in file order
};

/// What a check says: its meanings, or nothing when it could not tell.
using PlainChecks = std::map<std::string, std::optional<std::vector<std::string>>>;

using PlainScores = std::map<std::string, std::int64_t>;

/// yes, no or unavailable. `scores`: the sums so far, in thousandths.
Truth truth_of(const PlainPolicy& policy, const std::string& condition,
               const Transaction& transaction, const PlainChecks& checks,
               const PlainScores& scores = {});

struct PlainDecision {
  Verdict verdict = Verdict::pass;
  std::string rule;                     ///< which decided; empty: none
  std::map<std::string, Truth> truths;  ///< of the rules that were asked
  bool held_back = false;  ///< an enforced rule before the deciding one could not be answered
};
PlainDecision decide(const PlainPolicy& policy, const Transaction& transaction,
                     const PlainChecks& checks);

}  // namespace postern::plain
