// Delays: how long rules may keep one answer back, whatever a message is like. Plain arithmetic.
#pragma once

#include "rules/effects.h"
#include "rules/rule.h"

#include <algorithm>
#include <chrono>

namespace postern {

/// Of a rule's own delay; 0: it has none, or is in shadow and delays nobody.
inline std::chrono::milliseconds delay_of(const Rule& rule) {
  if (rule.mode == RuleMode::shadow) return std::chrono::milliseconds(0);
  for (const auto& effect : rule.effects) {
    if (effect.kind == EffectKind::delay) return effect.delay;
  }
  return std::chrono::milliseconds(0);
}

/// Adds up rules whose delays may fall on the same answer: all that only modify, and one that
/// decides.
class Delays {
 public:
  void add(const Rule& rule) {
    if (rule.verdict == Verdict::pass) {
      modifying_ += delay_of(rule);
    } else {
      deciding_ = std::max(deciding_, delay_of(rule));
    }
  }
  /// What add_effects() lets through at most.
  std::chrono::milliseconds most() const { return std::min(modifying_ + deciding_, longest_delay); }

 private:
  std::chrono::milliseconds modifying_{0};
  std::chrono::milliseconds deciding_{0};
};

/// Up to RCPT what rules say is answered there, to each recipient; later stages answer themselves.
inline Stage answered_at(const Rule& rule) { return std::max(rule.place.stage, Stage::rcpt); }

}  // namespace postern
