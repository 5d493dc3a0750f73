#include "reply/compose.h"
#include "rules/loader.h"
#include "rules/loader_effects.h"
#include "rules/loader_safety.h"
#include "rules/names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <deque>
#include <utility>

namespace postern {
namespace {

/// Octets; a name stands in log lines, which are under 1,024 octets as a whole.
constexpr std::size_t longest_name = 80;

constexpr std::array all_stages{Stage::connect,       Stage::helo, Stage::mail,
                                Stage::rcpt,          Stage::data, Stage::end_of_headers,
                                Stage::end_of_message};

std::string stage_text(Stage stage) { return quoted(to_text(stage)); }

/// "\"mail\" or \"rcpt\"": where a rule with this reason may stand.
std::string stages_text(const Reason& reason) {
  std::vector<std::string> stages;
  for (const auto stage : all_stages) {
    if (may_stand_at(reason, stage)) stages.emplace_back(to_text(stage));
  }
  return list_text(stages);
}

bool is_always(std::string_view condition) {
  const auto first = condition.find_first_not_of(" \t\r\n");
  const auto last = condition.find_last_not_of(" \t\r\n");
  return first != std::string_view::npos && condition.substr(first, last - first + 1) == "true";
}

}  // namespace

// Each part is read whatever is wrong with the others, so that one look at the messages is enough.
// What only follows from another fault is not said.
void RuleCompiler::add(const Node& source) {
  const auto& diagnostics = values_.diagnostics();
  const auto errors_before = diagnostics.error_count();
  values_.check_keys(source, "rule");
  const auto name = read_name(source);
  const auto action = read_action(source, name.value_or(""));
  const auto stage_word = values_.text(source, "rule.stage");
  const auto wish = stage_word ? stage_from_text(*stage_word) : std::nullopt;
  auto condition = read_condition(source, wish, action.reason);
  const auto unavailable = values_.text(source, "rule.unavailable");
  check_companions(source, action);
  check_scores(source, action, condition);
  if (condition) {
    check_scope(action, *condition);
    check_trouble(source, action, *condition);
  }

  const bool unclear = source.find("stage") != nullptr && !wish;
  const auto stage =
      unclear ? std::nullopt : place(source, action, condition ? &*condition : nullptr, wish);
  if (stage && action.reason != nullptr) check_spoken(action, *stage);
  if (stage) check_weight_stages(source, action.scores, *stage);
  note_scores(action.scores, condition, stage);
  auto scores = check_map_points(source, action.scores, condition);
  std::vector<std::string> text_maps;
  EffectLoader(values_, settings_, checks_, unread_ != Unread::part_of_main_file)
      .check(source, action.verdict, action.effects, condition ? &*condition : nullptr, stage);
  if (action.speaks()) {
    check_text(source, stages_for_text(action, condition, stage), condition);
    text_maps = check_map_texts(source, condition);
    if (!action.code_map.empty()) check_map_codes(source, action, condition);
  }
  if (action.reason != nullptr) check_new_address(source, action);
  auto translation = text_in_language(source, action);
  if (action.reason != nullptr) check_explicit_code(source, action);

  const auto safety = read_safety(source, values_);

  if (diagnostics.error_count() != errors_before) return;
  if (!name || !action.complete() || !condition || !stage) return;
  DraftRule draft{{{*name, source.span.file->name(),
                    source.span.file->position(source.span.begin).line, *stage},
                   std::move(*condition),
                   action.verdict,
                   action.scope,
                   action.reason,
                   action.form,
                   {},
                   RuleMode::enforce,
                   WhenUnavailable::skip,
                   {},
                   action.code_map,
                   std::move(text_maps),
                   action.note,
                   action.effects,
                   std::move(scores)},
                  &source,
                  source.find("name")->value.span,
                  false};
  const auto* text = source.find("text");
  draft.rule.text = text != nullptr ? text->value.string : translation;
  draft.rule.mode = safety.mode;
  draft.rule.share = safety.share;
  draft.rule.expires = safety.expires;
  draft.rule.limit = draft.rule.condition.limit();
  if (unavailable == "defer") draft.rule.unavailable = WhenUnavailable::defer;
  if (unavailable == "match") draft.rule.unavailable = WhenUnavailable::match;
  const auto* when = source.find("when");
  draft.always = when == nullptr || is_always(when->value.string);
  rules_.push_back(std::move(draft));
}

/// Keys that do not go with the rule's action.
void RuleCompiler::check_companions(const Node& source, const Action& action) const {
  auto& diagnostics = values_.diagnostics();
  const auto* unavailable = source.find("unavailable");
  const bool matches = unavailable != nullptr && unavailable->value.string == "match";
  if (matches && action.verdict == Verdict::pass && source.find("score") != nullptr) {
    diagnostics.error(unavailable->value.span, "a missing fact cannot add to a score",
                      "take it out: the rule is skipped then");
  } else if (action.refuses() && matches) {
    const std::string_view what = action.speaks()                         ? "refusal"
                                  : action.verdict == Verdict::discard    ? "discard"
                                  : action.verdict == Verdict::quarantine ? "quarantine"
                                                                          : "change";
    diagnostics.error(unavailable->value.span,
                      "a missing fact cannot make a " + std::string(what) + " come true",
                      "say unavailable = \"defer\" to refuse for now, or \"skip\"");
  }
  if (action.speaks()) return;
  const std::string does = action.accepts()                        ? "accepts"
                           : action.verdict == Verdict::discard    ? "discards"
                           : action.verdict == Verdict::quarantine ? "holds"
                                                                   : "decides nothing";
  for (const auto* key : {"code", "text", "language"}) {
    if (const auto* member = source.find(key)) {
      diagnostics.error(member->key_span,
                        quoted(key) + " belongs to a refusal, and this rule " + does,
                        "take it out");
    }
  }
}

/// The stages whose fields the text may name: the rule's own, or while that is not known, all that
/// may turn out to be it.
std::vector<Stage> RuleCompiler::stages_for_text(const Action& action,
                                                 const std::optional<Condition>& condition,
                                                 std::optional<Stage> stage) {
  if (stage) return {*stage};
  std::vector<Stage> stages;
  for (const auto each : all_stages) {
    if (action.reason != nullptr && !may_stand_at(*action.reason, each)) continue;
    if (condition && each < condition->earliest_stage()) continue;
    stages.push_back(each);
  }
  if (stages.empty()) stages.assign(all_stages.begin(), all_stages.end());
  return stages;
}

std::vector<DraftRule> RuleCompiler::take() {
  std::stable_sort(rules_.begin(), rules_.end(), [](const DraftRule& a, const DraftRule& b) {
    return a.rule.place.stage < b.rule.place.stage;
  });
  check_order_of_scores();
  bind();
  return std::move(rules_);
}

std::optional<std::string> RuleCompiler::read_name(const Node& source) {
  auto& diagnostics = values_.diagnostics();
  const auto* member = source.find("name");
  if (member == nullptr) {
    diagnostics.error(source.span, "this rule has no \"name\"",
                      "logs and explanations call it by its name; add name = \"...\"");
    return {};
  }
  auto name = values_.text(source, "rule.name");
  if (!name) return {};
  const bool printable =
      std::all_of(name->begin(), name->end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (name->empty() || name->size() > longest_name || !printable || name->front() == ' ' ||
      name->back() == ' ') {
    diagnostics.error(member->value.span, quoted(*name) + " cannot be the name of a rule",
                      "1 to 80 printable ASCII characters, no space at either end");
    return {};
  }
  const auto [known, is_new] = names_.emplace(*name, member->value.span);
  if (!is_new) {
    diagnostics.error(member->value.span, "there is a rule " + quoted(*name) + " already",
                      "the first one stands at " + place_text(known->second));
    return {};
  }
  return name;
}

std::optional<Condition> RuleCompiler::read_condition(const Node& source,
                                                      std::optional<Stage> stage,
                                                      const Reason* reason) const {
  const auto* member = source.find("when");
  if (member == nullptr) return Condition::always();
  if (!values_.text(source, "rule.when")) return {};
  auto compiled = Condition::compile(member->value.string, scope(stage, reason));
  if (auto* condition = std::get_if<Condition>(&compiled)) {
    report_warnings(member->value, *condition, values_.diagnostics());
    return std::move(*condition);
  }
  report_condition(member->value, std::get<std::vector<ExpressionProblem>>(compiled), tables_,
                   values_.diagnostics());
  return {};
}

Condition::Scope RuleCompiler::scope(std::optional<Stage> stage, const Reason* reason) const {
  return {&checks_,     &tables_.tables, stage, unread_ != Unread::nothing,
          &conditions_, &scores_,        reason};
}

/// The stage the rule stands at: what it says, else the earliest at which all that its condition
/// names is known and its reason may stand. Nothing when there is none, or it cannot be told.
std::optional<Stage> RuleCompiler::place(const Node& source, const Action& action,
                                         const Condition* condition,
                                         std::optional<Stage> wish) const {
  auto& diagnostics = values_.diagnostics();
  if (wish) {
    if (action.reason == nullptr || may_stand_at(*action.reason, *wish)) return wish;
    diagnostics.error(
        source.find("stage")->value.span,
        quoted(action.reason->id) + " cannot be a refusal of stage " + stage_text(*wish),
        "it may stand at " + stages_text(*action.reason));
    return {};
  }
  if (condition == nullptr) return {};
  const auto earliest = std::max({condition->earliest_stage(), earliest_stage(action.effects),
                                  earliest_of_weights(action.scores)});
  if (!action.speaks()) return earliest;
  if (action.reason == nullptr) return {};
  for (const auto stage : all_stages) {
    if (stage < earliest || !may_stand_at(*action.reason, stage)) continue;
    if (stage == earliest) return stage;
    // Names can go out of reach at a later stage: there is no `recipient` after RCPT.
    if (const auto* when = source.find("when")) {
      const auto later = Condition::compile(when->value.string, scope(stage, action.reason));
      if (!std::holds_alternative<Condition>(later)) break;
    }
    return stage;
  }
  diagnostics.error(action.member->value.span,
                    quoted(action.reason->id) + " may stand at " + stages_text(*action.reason) +
                        ", and the condition is known at " + stage_text(earliest),
                    "choose a reason that fits what the condition looks at");
  return {};
}

/// What of a message `condition` measures or numbers, in words.
std::string_view measure_of(const Condition& condition) {
  for (const auto& name : condition.names()) {
    const auto* row = expression::find_name(name.name);
    if (row == nullptr || !row->subjects.size) continue;
    if (row->id == expression::Name::queue_id) return "the queue id";
    if (row->id == expression::Name::recipient_count) return "the number of recipients";
    return "the size";
  }
  // Of the macros "i" alone is one.
  return "the queue id";
}

/// Semantics 2: an accept settles only what its condition speaks of.
void RuleCompiler::check_scope(const Action& action, const Condition& condition) const {
  if (action.scope != AcceptScope::session) return;
  const auto& subjects = condition.subjects();
  const std::string_view subject = subjects.content     ? "the content"
                                   : subjects.size      ? measure_of(condition)
                                   : subjects.recipient ? "the recipient"
                                   : subjects.sender    ? "the sender"
                                                        : "";
  if (subject.empty()) return;
  values_.diagnostics().error(
      action.member->value.span,
      "this would settle the whole session by " + std::string(subject) + " of one message",
      "write accept = \"message\"");
}

void RuleCompiler::check_text(const Node& source, const std::vector<Stage>& stages,
                              const std::optional<Condition>& condition) const {
  const auto* member = source.find("text");
  if (member == nullptr || !values_.text(source, "rule.text")) return;
  if (member->value.string.empty()) {
    values_.diagnostics().error(member->value.span, "\"text\" is empty",
                                "take it out for the catalogue's text");
    return;
  }
  // A map that the condition finds something in whenever it says yes always has a value.
  std::vector<ReplyField> maps;
  std::deque<std::string> names;
  for (const auto& [name, table] : tables_.tables) {
    const bool found = condition && condition->looks_up(name) == Condition::LookUp::always;
    maps.push_back({names.emplace_back("map." + name), Stage::connect, Stage::end_of_message,
                    found || !condition ? "-" : "", ""});
  }
  auto problems = check_template(member->value.string, stages.front(), maps);
  // Of several stages that the rule may stand at, only what is wrong at each of them is certain.
  for (const auto stage : stages) {
    const auto others = check_template(member->value.string, stage, maps);
    std::erase_if(problems, [&](const TemplateProblem& problem) {
      return std::none_of(others.begin(), others.end(), [&](const TemplateProblem& other) {
        return other.offset == problem.offset && other.message == problem.message;
      });
    });
  }
  for (const auto& problem : problems) {
    values_.diagnostics().error(member->value.part(problem.offset, problem.length), problem.message,
                                problem.hint);
  }
}

}  // namespace postern
