#include "milter/negotiate.h"
#include "rules/rule.h"

namespace postern::milter_door {

Plan Plan::of(const Policy& policy) {
  Plan plan;
  plan.speak = policy.settings().listen.speak;
  for (const auto& rule : policy.rules()) {
    plan.rules[static_cast<std::size_t>(rule.place.stage)] = true;
    const auto& subjects = rule.condition.subjects();
    // What is counted has to be sent to us. All other numbers are told without it.
    if (subjects.content || subjects.octets) plan.content = true;
  }
  return plan;
}

}  // namespace postern::milter_door
