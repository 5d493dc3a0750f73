// Scores in rules: what a rule adds, and whether a test finds all that was added before it.

#include "rules/check_weights.h"
#include "rules/loader.h"
#include "rules/scores.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace postern {
namespace {

/// Octets; the name stands in records and explanations.
constexpr std::size_t longest_score_name = 40;

std::string spelling(const Node& value) {
  return value.span.file->text().substr(value.span.begin, value.span.end - value.span.begin);
}

/// The NAME of "{map.NAME}"; empty for all else.
std::string map_of(const Node& value) {
  constexpr std::string_view begin = "{map.";
  const auto& text = value.string;
  if (value.kind != Node::Kind::string || !text.starts_with(begin) || !text.ends_with('}')) {
    return {};
  }
  return text.substr(begin.size(), text.size() - begin.size() - 1);
}

/// The NAME of "{NAME.weight}"; empty for all else.
std::string_view weight_of(const Node& value) {
  const std::string_view text = value.string;
  if (value.kind != Node::Kind::string || !text.starts_with('{') || !text.ends_with('}')) return {};
  const auto name = text.substr(1, text.size() - 2);
  if (!name.ends_with(weight_ending)) return {};
  return name.substr(0, name.size() - weight_ending.size());
}

}  // namespace

std::optional<std::int64_t> points_of(const Node& value) {
  if (value.kind != Node::Kind::integer && value.kind != Node::Kind::real) return std::nullopt;
  return added_points_from_text(spelling(value));
}

std::vector<ScorePoints> RuleCompiler::read_scores(const Node& source) const {
  std::vector<ScorePoints> scores;
  const auto* member = source.find("score");
  if (member == nullptr) return scores;
  auto& diagnostics = values_.diagnostics();
  const std::string example = "as in score = { spam = 2.5 }";
  if (member->value.kind != Node::Kind::table || member->value.members.empty()) {
    diagnostics.error(member->value.span,
                      "\"score\" holds names of yours and what is added to each", example);
    return scores;
  }
  for (const auto& each : member->value.members) {
    if (!is_own_name(each.key) || each.key.size() > longest_score_name) {
      diagnostics.error(each.key_span, quoted(each.key) + " cannot be the name of a score",
                        "small letters, digits and underscores, no digit first, 40 at most");
      continue;
    }
    if (auto map = map_of(each.value); !map.empty()) {
      scores.push_back({each.key, 0, std::make_shared<const MapPoints>(MapPoints{std::move(map)})});
      continue;
    }
    if (const auto check = weight_of(each.value); !check.empty()) {
      if (auto weight = read_weight(each.value, check)) {
        scores.push_back({each.key, 0, std::move(weight)});
      }
      continue;
    }
    const auto points = points_of(each.value);
    if (!points || *points == 0) {
      diagnostics.error(each.value.span,
                        points ? "adding nothing changes no score"
                               : "this is no number that can be added to a score",
                        each.value.kind == Node::Kind::string
                            ? std::string(points_allowed) +
                                  ", the value of a map, \"{map.NAME}\", or the weight of a "
                                  "list, \"{NAME.weight}\""
                            : std::string(points_allowed));
      continue;
    }
    scores.push_back({each.key, *points});
  }
  return scores;
}

void RuleCompiler::check_scores(const Node& source, const Action& action,
                                const std::optional<Condition>& condition) const {
  const auto* member = source.find("score");
  if (member == nullptr) return;
  auto& diagnostics = values_.diagnostics();
  if (action.verdict != Verdict::pass) {
    diagnostics.error(member->key_span,
                      "a rule that decides adds to no score: nothing is asked after it",
                      "make it two rules, and let the first add");
  }
  const auto* unavailable = source.find("unavailable");
  if (unavailable != nullptr && unavailable->value.string == "defer") {
    diagnostics.error(unavailable->value.span,
                      "a rule that adds to a score does not put off by itself",
                      "say it in the rule that tests the score");
  }
  if (condition && !condition->scores().empty()) {
    diagnostics.error(
        member->key_span,
        "a rule that tests the score " + quoted(condition->scores().front()) + " cannot add to one",
        "let it look at what that score was made of");
  }
}

void RuleCompiler::note_scores(const std::vector<ScorePoints>& scores,
                               const std::optional<Condition>& condition,
                               std::optional<Stage> stage) {
  for (const auto& added : scores) {
    auto& known = scores_[added.score];
    known.earliest = std::max(known.earliest, stage.value_or(Stage::connect));
    if (earliest_of_weights(scores) >= Stage::mail) known.subjects.sender = true;
    if (!condition) continue;
    const auto& subjects = condition->subjects();
    known.subjects.sender |= subjects.sender;
    known.subjects.recipient |= subjects.recipient;
    known.subjects.size |= subjects.size;
    known.subjects.octets |= subjects.octets;
    known.subjects.content |= subjects.content;
    for (const auto& name : condition->names()) {
      const bool noted = std::any_of(known.names.begin(), known.names.end(),
                                     [&](const auto& each) { return each.name == name.name; });
      if (!noted) known.names.push_back(name);
    }
  }
}

void RuleCompiler::check_order_of_scores() const {
  auto& diagnostics = values_.diagnostics();
  std::set<std::string> tested;
  const DraftRule* settler = nullptr;
  for (const auto& draft : rules_) {
    const auto& rule = draft.rule;
    for (const auto& added : rule.scores) {
      if (settler != nullptr && settler->rule.place.stage == rule.place.stage) {
        diagnostics.error(settler->name_span,
                          "this settles stage " + quoted(to_text(rule.place.stage)) +
                              " by a score, and a rule behind it at that stage adds to one",
                          quoted(rule.place.name) + " adds at " + place_text(draft.source->span) +
                              "; put it first, or write accept = \"message\"");
        settler = nullptr;
      }
      if (tested.contains(added.score)) {
        diagnostics.warning(draft.name_span,
                            "a rule before this one tests the score " + quoted(added.score) +
                                ", and does not see what this one adds",
                            "put the rules that add before those that test");
      }
    }
    for (const auto& score : rule.condition.scores()) tested.insert(score);
    if (rule.verdict == Verdict::accept && rule.scope == AcceptScope::stage &&
        !rule.condition.scores().empty()) {
      settler = &draft;
    }
  }
}

void RuleCompiler::bind() {
  std::vector<Rule*> rules;
  rules.reserve(rules_.size());
  for (auto& draft : rules_) rules.push_back(&draft.rule);
  bind_scores(rules);
}

}  // namespace postern
