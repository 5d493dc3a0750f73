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
  std::string kind;  ///< of a map, that of its keys
  std::vector<std::string> entries;
  /// Of a map: what each entry adds to a score, in thousandths.
  std::vector<std::int64_t> points = {};
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
  std::map<std::string, std::int64_t> scores = {};
  /// The same from maps, by their names.
  std::map<std::string, std::string> scores_of_maps = {};
  /// The same from what checks weigh, by their names.
  std::map<std::string, std::string> scores_of_checks = {};

  bool adds() const {
    return !scores.empty() || !scores_of_maps.empty() || !scores_of_checks.empty();
  }
};

struct PlainPolicy {
  std::map<std::string, PlainTable> tables;
  std::map<std::string, std::string> conditions;  ///< [when.NAME]
  /// What the meanings of a check weigh, in thousandths.
  std::map<std::string, std::map<std::string, std::int64_t>> weights;
  std::vector<PlainRule> rules;  ///< in file order
};

/// What a check says: its meanings, or nothing when it could not tell. Under the names
/// "client.name" and "client.reverse_name" what DNS says of them: none, or one.
using PlainChecks = std::map<std::string, std::optional<std::vector<std::string>>>;

/// A sum, in thousandths, as far as it is known: with what is missing it may be anything between.
struct PlainScore {
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::int64_t certain = 0;  ///< when what is missing adds nothing
};
using PlainScores = std::map<std::string, PlainScore>;

/// yes, no or unavailable. `scores`: the sums so far.
Truth truth_of(const PlainPolicy& policy, const std::string& condition,
               const Transaction& transaction, const PlainChecks& checks,
               const PlainScores& scores = {});

struct PlainDecision {
  Verdict verdict = Verdict::pass;
  std::string rule;                     ///< which decided; empty: none
  std::map<std::string, Truth> truths;  ///< of the rules that were asked
  bool held_back = false;  ///< an enforced rule before the deciding one could not be answered
  bool missing = false;    ///< the deciding one puts off because it could not be
};
PlainDecision decide(const PlainPolicy& policy, const Transaction& transaction,
                     const PlainChecks& checks);

}  // namespace postern::plain
