// Weights of checks: what a list's section says of its meanings, and where rules may add them.

#include "rules/check_weights.h"
#include "rules/loader.h"
#include "rules/names.h"

#include <algorithm>
#include <string>
#include <utility>

namespace postern {

std::shared_ptr<const MapPoints> RuleCompiler::read_weight(const Node& value,
                                                           std::string_view check) const {
  std::vector<std::string> known;
  for (const auto& [name, each] : checks_.all()) {
    if (!each->description().weights.empty()) known.push_back(name);
  }
  auto found = checks_.find(check);
  if (found && !found->description().weights.empty()) return points_of_weight(std::move(found));
  // It may stand in what was not read, or its section has errors of its own.
  if (!found && (unread_ != Unread::nothing || tables_.checks.contains(check))) return nullptr;
  const std::string way = "a list gets weights by weight = { ... } in its section";
  values_.diagnostics().error(value.span,
                              found ? "nothing that " + quoted(check) + " finds has a weight"
                                    : "there is no check " + quoted(check),
                              found ? way : nearest_hint(check, known, way));
  return nullptr;
}

Stage RuleCompiler::earliest_of_weights(const std::vector<ScorePoints>& scores) {
  auto stage = Stage::connect;
  for (const auto& check : checks_of(scores)) {
    stage = std::max(stage, check->description().earliest);
  }
  return stage;
}

void RuleCompiler::check_weight_stages(const Node& source, const std::vector<ScorePoints>& scores,
                                       Stage stage) const {
  for (const auto& check : checks_of(scores)) {
    const auto& about = check->description();
    if (stage >= about.earliest) continue;
    const auto* wish = source.find("stage");
    values_.diagnostics().error(
        wish != nullptr ? wish->value.span : source.find("score")->key_span,
        quoted(weight_name(about)) + " is not known at stage " + quoted(to_text(stage)),
        "it is known from " + std::string(to_text(about.earliest)) +
            " on; take \"stage\" out, or write that one");
    return;
  }
}

}  // namespace postern
