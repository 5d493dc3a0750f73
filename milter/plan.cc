#include "milter/negotiate.h"
#include "model/text.h"
#include "rules/rule.h"
#include "runtime/driver.h"

#include <algorithm>

namespace postern::milter_door {
namespace {

std::uint32_t action_for(EffectKind kind) {
  switch (kind) {
    case EffectKind::add_header:
      return action::add_headers;
    case EffectKind::remove_header:
      return action::change_headers;
    case EffectKind::redirect:
      return action::add_recipients | action::delete_recipients;
    case EffectKind::bcc:
      return action::add_recipients;
    case EffectKind::tag:
    case EffectKind::delay:
    case EffectKind::warn:
      return 0;
  }
  return 0;
}

std::vector<std::string> ids_of(const IdentitySettings& identity) {
  if (!identity.authserv_ids.empty()) return identity.authserv_ids;
  return {normal_domain(identity.host)};
}

}  // namespace

Plan Plan::of(const Policy& policy) {
  Plan plan;
  plan.speak = policy.settings().listen.speak;
  for (const auto& rule : policy.rules()) {
    plan.rules[static_cast<std::size_t>(rule.place.stage)] = true;
    const auto& subjects = rule.condition.subjects();
    // What is counted has to be sent to us. All other numbers are told without it.
    if (subjects.content || subjects.octets) plan.content = true;
    if (rule.mode == RuleMode::shadow) continue;
    if (rule.verdict == Verdict::quarantine) plan.actions |= action::quarantine;
    for (const auto& effect : rule.effects) {
      plan.actions |= action_for(effect.kind);
      // From every message, whatever the rule says of it: who reads the results of one believes
      // that all of them are ours (RFC 8601 5).
      if (adds_results(effect) && plan.authserv_ids.empty()) {
        plan.actions |= action::change_headers;
        plan.authserv_ids = ids_of(policy.settings().identity);
      }
      if (effect.kind != EffectKind::remove_header) continue;
      const auto name = lower(effect.name);
      if (std::find(plan.to_remove.begin(), plan.to_remove.end(), name) == plan.to_remove.end()) {
        plan.to_remove.push_back(name);
      }
    }
  }
  return plan;
}

bool Plan::speaks(Stage stage, const Decision& decision) const noexcept {
  // A discard and a quarantine are carried out at the end of the message, for all its recipients.
  if (decision.verdict != Verdict::reject && decision.verdict != Verdict::defer) return false;
  if (could_not_decide(decision) || stage >= Stage::rcpt) return true;
  // The stage's list has no code for it: the verdict stands and is spoken later (semantics 4).
  if (decision.reason != nullptr && !decision.reply) return false;
  // Both MTAs drop or garble a text at CONNECT and HELO; RCPT carries it best (semantics 5).
  const bool session_rule = decision.rule && decision.rule->stage <= Stage::helo;
  return !session_rule || speak == Speak::stage;
}

}  // namespace postern::milter_door
