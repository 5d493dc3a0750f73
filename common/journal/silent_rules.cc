#include "journal/silent_rules.h"

#include "rules/rule.h"
#include "rules/settings.h"

namespace postern {

SilentRules silent_rules(const Policy& policy, const RecordSums& sums) {
  SilentRules silent;
  if (const auto* under = sums.policies().find(policy.digest())) silent.decisions = under->hits;
  silent.without_accepts = policy.settings().journal.accepts == AcceptRecords::none;
  // So many names of rules that not all are held: none can be said to have been silent.
  if (sums.rules().missed() > 0) return silent;
  for (const auto& rule : policy.rules()) {
    if (silent.without_accepts && fate_of(rule.verdict) == MailFate::let_in) continue;
    const auto* found = sums.rules().find(rule.place.name);
    if (found != nullptr && found->value.has_fired()) continue;
    SilentRule each;
    each.place = rule.place;
    each.verdict = rule.verdict;
    each.mode = rule.mode;
    each.unanswered = found == nullptr ? 0 : found->value.unanswered;
    each.is_off = rule.expires && *rule.expires <= sums.span().until;
    silent.rules.push_back(std::move(each));
  }
  return silent;
}

}  // namespace postern
