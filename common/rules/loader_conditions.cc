#include "checks/check.h"
#include "rules/loader.h"
#include "rules/names.h"
#include "rules/parser.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

/// Names of `known` that `node` holds, in the order of the text.
void collect_names(const expression::Node& node, const std::map<std::string, const Member*>& known,
                   std::vector<std::string>& names) {
  if (node.kind == expression::NodeKind::name && known.contains(node.text)) {
    names.push_back(node.text);
  }
  for (const auto& part : node.parts) collect_names(part, known, names);
}

}  // namespace

void report_condition(const Node& value, const std::vector<ExpressionProblem>& problems,
                      const TableSet& tables, Diagnostics& diagnostics) {
  for (const auto& problem : problems) {
    // A check has been reported where it stands.
    const auto word =
        value.string.substr(std::min(problem.offset, value.string.size()), problem.length);
    if (tables.checks.contains(word.substr(0, word.find('.')))) continue;
    diagnostics.error(value.part(problem.offset, problem.length), problem.message, problem.hint);
  }
}

void report_warnings(const Node& value, const Condition& condition, Diagnostics& diagnostics) {
  for (const auto& warning : condition.warnings()) {
    diagnostics.warning(value.part(warning.offset, warning.length), warning.message, warning.hint);
  }
}

void ConditionCompiler::declare(const Node& root) {
  const auto* sections = values_.section(root, "when");
  if (sections == nullptr) return;
  auto& diagnostics = values_.diagnostics();
  for (const auto& section : sections->members) {
    if (section.value.kind != Node::Kind::table) {
      diagnostics.error(section.key_span, quoted(section.key) + " stands right under [when]",
                        "a condition has a name of yours: [when.NAME], and in it is = '...'");
      continue;
    }
    values_.check_keys(section.value, "when.*");
    if (!check_name(section)) continue;
    const auto [known, is_new] = sections_.emplace(section.key, &section);
    if (!is_new) {
      diagnostics.error(section.key_span,
                        "there is a condition " + quoted(section.key) + " already",
                        "the first one stands at " + place_text(known->second->key_span));
    }
  }
}

bool ConditionCompiler::check_name(const Member& section) const {
  const auto& name = section.key;
  std::string message;
  std::string hint = "choose another name for the condition";
  if (!is_own_name(name)) {
    message = quoted(name) + " cannot be the name of a condition";
    hint = "small letters, digits and underscores, and no digit first";
  } else if (expression::find_name(name) != nullptr || expression::is_name_to_come(name)) {
    message = quoted(name) + " has a meaning of its own in conditions";
  } else if (checks_.find(name) != nullptr || tables_.checks.contains(name)) {
    message = quoted(name) + " is the name of a check already";
  } else if (tables_.named.contains(name)) {
    message = quoted(name) + " is the name of a table already";
  } else {
    return true;
  }
  values_.diagnostics().error(section.key_span, std::move(message), std::move(hint));
  return false;
}

NamedConditions ConditionCompiler::take() {
  for (const auto& [name, section] : sections_) compile(name);
  return std::move(conditions_);
}

void ConditionCompiler::compile(const std::string& name) {
  if (conditions_.contains(name)) return;
  const auto& section = *sections_.at(name);
  const auto* member = section.value.find("is");
  if (member == nullptr) {
    values_.diagnostics().error(section.key_span, "condition " + quoted(name) + " has no \"is\"",
                                "add is = '...', the condition that has this name");
  }
  if (member == nullptr || !values_.text(section.value, "when.*.is")) {
    conditions_.emplace(name, nullptr);
    return;
  }
  path_.push_back(name);
  const bool sound = compile_parts(*member);
  path_.pop_back();
  // A circle that was found on the way has settled this one.
  if (conditions_.contains(name)) return;
  auto& condition = conditions_[name];
  if (!sound) return;
  auto compiled = Condition::compile(
      member->value.string,
      {&checks_, &tables_.tables, std::nullopt, unread_ != Unread::nothing, &conditions_});
  if (auto* made = std::get_if<Condition>(&compiled)) {
    report_warnings(member->value, *made, values_.diagnostics());
    condition = std::make_shared<const Condition>(std::move(*made));
  } else {
    report_condition(member->value, std::get<std::vector<ExpressionProblem>>(compiled), tables_,
                     values_.diagnostics());
  }
}

/// What the condition uses comes first. False if it comes back to itself.
bool ConditionCompiler::compile_parts(const Member& member) {
  std::vector<std::string> parts;
  collect_names(expression::parse(member.value.string).root, sections_, parts);
  for (const auto& part : parts) {
    const auto open = std::find(path_.begin(), path_.end(), part);
    if (open == path_.end()) {
      compile(part);
      continue;
    }
    std::string circle;
    for (auto at = open; at != path_.end(); ++at) circle += quoted(*at) + " uses ";
    values_.diagnostics().error(member.value.span,
                                "condition " + quoted(part) + " would rest on itself",
                                circle + quoted(part));
    // All of the circle is broken, and said once.
    for (auto at = open; at != path_.end(); ++at) conditions_.emplace(*at, nullptr);
    return false;
  }
  return true;
}

}  // namespace postern
