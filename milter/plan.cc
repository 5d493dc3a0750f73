#include "milter/negotiate.h"
#include "rules/rule.h"

namespace postern::milter_door {

Plan Plan::of(const Policy& policy) {
  Plan plan;
  plan.speak = policy.settings().listen.speak;
  for (const auto& rule : policy.rules()) {
    plan.rules[static_cast<std::size_t>(rule.place.stage)] = true;
    const auto& subjects = rule.condition.subjects();
    // Before the end of the message only the declared size is known, and that needs no content.
    const bool real_size = subjects.size && rule.place.stage == Stage::end_of_message;
    if (subjects.content || real_size) plan.content = true;
  }
  return plan;
}

}  // namespace postern::milter_door
