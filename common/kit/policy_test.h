// PolicyTest: one [[test]] of a policy: a scene in a world, and what must come of it. Plain data;
// the policy compiler fills it.
#pragma once

#include "kit/scene.h"
#include "kit/world.h"
#include "postern/decision.h"
#include "postern/result.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postern {

class Table;

/// What must hold; what is not given may be anything.
struct Expectation {
  std::optional<Verdict> verdict;
  std::optional<ReplyForm> reply;     ///< code and enhanced code
  std::optional<std::string> reason;  ///< its id
  std::optional<std::string> rule;    ///< the deciding rule; empty: none decided
  std::optional<std::string> text;    ///< a part of what the sender reads
  /// The shadow rules that would have acted, in any order.
  std::optional<std::vector<std::string>> shadow;
  /// What is done besides the verdict, as describe() words it, in any order.
  std::optional<std::vector<std::string>> effects;
  /// Of what conditions looked at: the values of which each must be one.
  std::map<std::string, std::vector<std::string>> evidence;

  bool empty() const noexcept {
    return !verdict && !reply && !reason && !rule && !text && !shadow && !effects &&
           evidence.empty();
  }
};

struct PolicyTest {
  std::string name;
  SourcePosition place;  ///< of its [[test]]
  Scene scene;
  World world;
  /// Tables that stand in for the policy's own of the same name.
  std::map<std::string, std::shared_ptr<const Table>, std::less<>> tables;
  Expectation expect;
};

}  // namespace postern
