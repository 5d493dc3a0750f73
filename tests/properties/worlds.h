// Worlds: random rules, a random transaction, and the answer to every question, for properties that
// must hold in all of them.
#pragma once

#include "postern/decision.h"
#include "rules/rule.h"
#include "support/rules.h"

#include <rapidcheck.h>

#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace postern::test {

struct RulePlan {
  Stage stage = Stage::rcpt;
  std::string condition;
  Verdict verdict = Verdict::reject;
  AcceptScope scope = AcceptScope::message;
  RuleMode mode = RuleMode::enforce;
  unsigned share = 0;    ///< percent
  bool expired = false;  ///< at the time of the transaction
  WhenUnavailable unavailable = WhenUnavailable::skip;
  std::string reason;
  std::vector<EffectKind> effects;
  std::vector<ScorePoints> scores;
  bool from_map = false;  ///< they come from a map by the client's name
  std::string weighed;    ///< or they are the weight of this check
};

struct World {
  std::vector<RulePlan> plans;
  Transaction transaction;
  std::map<Question, Answer> answers;  ///< to every question that can be asked
  std::vector<unsigned> order;         ///< of arrival, as priorities; used up in a circle
  std::shared_ptr<const std::vector<Rule>> rules;

  Facts all_facts() const;
};
void showValue(const World& world, std::ostream& out);

/// The rules of a world.
std::shared_ptr<const std::vector<Rule>> compile(const std::vector<RulePlan>& plans);

rc::Gen<World> any_world();

/// With rules that go wrong together when a recipient is decided on and later its message is: such
/// that act without their answer, and such that look at who the recipients are.
rc::Gen<World> message_world();

/// With accepts for a stage before rules that add to scores, and rules that test them behind.
rc::Gen<World> scored_world();

/// The same world without the answers at the places of `gone`: they are unavailable.
World without(World world, const std::vector<bool>& gone);

}  // namespace postern::test
