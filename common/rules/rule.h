// Rule: condition, action, mode. Plain data made by the policy compiler; evaluate() walks them.
#pragma once

#include "postern/decision.h"
#include "rules/condition.h"
#include "rules/effects.h"
#include "rules/scores.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace postern {

/// What `unavailable` means for a rule. `match` is an error on refusals (semantics 6).
enum class WhenUnavailable : std::uint8_t { skip, defer, match };

struct Rule {
  RulePlace place;
  Condition condition;
  Verdict verdict = Verdict::pass;   ///< pass: it has effects only, and evaluation goes on
  std::optional<AcceptScope> scope;  ///< of an accept
  const Reason* reason = nullptr;    ///< of a refusal
  std::optional<ReplyForm> form;     ///< the administrator's choice of code
  std::string text;                  ///< own text template; empty: the catalogue's
  RuleMode mode = RuleMode::enforce;
  WhenUnavailable unavailable = WhenUnavailable::skip;
  std::string limit;          ///< for {limit} in texts; empty: the condition names no single limit
  std::string code_map = {};  ///< the map whose value is the code; empty: `form` is it
  std::vector<std::string> text_maps = {};  ///< the maps whose values the text names
  std::string note = {};                    ///< why, of a discard or a quarantine
  std::vector<RuleEffect> effects = {};     ///< what it does besides its verdict
  std::vector<ScorePoints> scores = {};     ///< what it adds when it says yes
  /// Percent of messages that it acts on; on others it is a shadow rule. 0: its mode holds for all.
  unsigned share = 0;
  /// From then on it is off.
  std::optional<std::chrono::system_clock::time_point> expires = {};
};

/// Today and always, on every message: what a review may count on.
inline bool is_always_enforced(const Rule& rule) noexcept {
  return rule.mode == RuleMode::enforce && rule.share == 0 && !rule.expires;
}

/// Whether what its condition asks may wait until the reply is out.
inline bool asked_afterwards(const Rule& rule) {
  return rule.mode == RuleMode::shadow || rule.share != 0 || !rule.scores.empty();
}

}  // namespace postern
