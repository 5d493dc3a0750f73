#include "rules/loader_tests.h"

#include "checks/check.h"
#include "postern/reason.h"
#include "rules/check_weights.h"
#include "rules/loader.h"
#include "rules/names.h"
#include "tables/table.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

/// Octets; a name stands in one line of a report.
constexpr std::size_t longest_name = 200;

std::vector<std::string> all_reason_ids() {
  std::vector<std::string> ids;
  for (const auto& reason : all_reasons()) ids.emplace_back(reason.id);
  return ids;
}

/// Whether some reason has this code without an enhanced code there.
bool is_spoken_bare(const ReplyForm& reply, ReplyStage stage) {
  const auto reasons = all_reasons();
  return std::any_of(reasons.begin(), reasons.end(), [&](const Reason& reason) {
    const auto forms = allowed_forms(reason);
    if (form_at(reason, std::nullopt, stage) == reply) return true;
    return std::any_of(forms.begin(), forms.end(), [&](const ReplyForm& form) {
      return form_at(reason, form, stage) == reply;
    });
  });
}

/// A value as evidence spells it.
std::optional<std::string> evidence_value(const Node& value) {
  switch (value.kind) {
    case Node::Kind::string:
      return value.string;
    case Node::Kind::integer:
      return std::to_string(value.integer);
    case Node::Kind::boolean:
      return value.boolean ? "true" : "false";
    default:
      return {};
  }
}

bool is_weight(std::string_view name, const CheckRegistry& checks) {
  if (!name.ends_with(weight_ending)) return false;
  const auto check = checks.find(name.substr(0, name.size() - weight_ending.size()));
  return check && !check->description().weights.empty();
}

}  // namespace

void TestReader::add_all(const Node& root) {
  for (const auto* source : values_.list(root, "test")) add(*source);
}

void TestReader::add(const Node& source) {
  const auto errors_before = diagnostics().error_count();
  values_.check_keys(source, "test");
  const auto name = read_name(source);
  PolicyTest test;
  auto scene = read_scene(source, values_);
  read_world(source, test);
  read_tables(source, test);
  read_expectation(source, test.expect);
  if (scene && test.expect.reply) check_bare_code(source, scene->end(), *test.expect.reply);
  if (tests_.size() == most_tests) {
    diagnostics().error(source.span, "these are more than " + std::to_string(most_tests) + " tests",
                        "move some to a file of their own, for \"postern test FILE\"");
  }
  if (diagnostics().error_count() != errors_before || !name || !scene) return;
  test.name = *name;
  test.place = source.span.file->position(source.span.begin);
  test.scene = std::move(*scene);
  tests_.push_back(std::move(test));
}

std::optional<std::string> TestReader::read_name(const Node& source) {
  const auto* member = source.find("name");
  if (member == nullptr) {
    diagnostics().error(source.span, "this test has no \"name\"",
                        "say what must hold, as in name = \"partners are welcome\"");
    return {};
  }
  auto name = values_.text(source, "test.name");
  if (!name) return {};
  const bool control = std::any_of(name->begin(), name->end(),
                                   [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; });
  if (name->empty() || name->size() > longest_name || control) {
    diagnostics().error(member->value.span, "this cannot be the name of a test",
                        "1 to 200 octets in one line");
    return {};
  }
  const auto [known, is_new] = names_.emplace(*name, member->value.span);
  if (!is_new) {
    diagnostics().error(member->value.span, "there is a test " + quoted(*name) + " already",
                        "the first one stands at " + place_text(known->second));
    return {};
  }
  return name;
}

void TestReader::read_tables(const Node& source, PolicyTest& test) {
  const auto* section = values_.section(source, "test.tables");
  if (section == nullptr) return;
  for (const auto& member : section->members) {
    const auto known = scope_.tables.find(member.key);
    if (known == scope_.tables.end()) {
      if (!scope_.complete) continue;
      std::vector<std::string> names;
      for (const auto& [name, table] : scope_.tables) names.push_back(name);
      diagnostics().error(
          member.key_span, "there is no table " + quoted(member.key),
          nearest_hint(member.key, names,
                       names.empty() ? std::string("the policy has no tables")
                                     : "the policy has " + list_text(names, "and")));
      continue;
    }
    if (!known->second) continue;  // reported where it stands
    auto entries = inline_entries(member.value, values_);
    if (!entries) continue;
    const auto& own = *known->second;
    auto built = Table::build(member.key, own.kind(), std::move(*entries), own.options());
    for (auto problem : built.problems()) diagnostics().add(std::move(problem));
    if (built) test.tables.emplace(member.key, std::move(built).value());
  }
}

void TestReader::read_expectation(const Node& source, Expectation& expect) {
  const auto errors_before = diagnostics().error_count();
  const std::string example =
      "as in expect = { verdict = \"reject\", reply = \"550 5.7.1\", rule = \"...\" }";
  const auto* section = values_.section(source, "test.expect");
  if (section == nullptr) {
    if (source.find("expect") == nullptr) {
      diagnostics().error(source.span, "this test has no \"expect\"", example);
    }
    return;
  }
  values_.check_keys(*section, "test.expect");
  read_outcome(*section, expect);
  read_rule_names(*section, expect);
  read_evidence(*section, expect);
  if (expect.empty() && diagnostics().error_count() == errors_before) {
    diagnostics().error(section->span, "a test that expects nothing cannot fail", example);
  }
}

void TestReader::read_outcome(const Node& section, Expectation& expect) {
  if (const auto verdict = values_.text(section, "test.expect.verdict")) {
    expect.verdict = verdict_from_text(*verdict);
  }
  if (const auto reply = values_.text(section, "test.expect.reply")) {
    expect.reply = ReplyForm::parse(*reply);
    if (!expect.reply) {
      diagnostics().error(section.find("reply")->value.span,
                          quoted(*reply) + " is not a legal pair of reply code and enhanced code",
                          "as in \"550 5.7.1\"");
    }
  }
  if (auto reason = values_.text(section, "test.expect.reason")) {
    if (find_reason(*reason) == nullptr) {
      diagnostics().error(
          section.find("reason")->value.span, "there is no reason " + quoted(*reason),
          nearest_hint(*reason, all_reason_ids(), "\"postern codes\" lists them all"));
    }
    expect.reason = std::move(reason);
  }
  expect.text = values_.text(section, "test.expect.text");
  if (expect.text && expect.text->empty()) {
    diagnostics().error(section.find("text")->value.span, "\"text\" is empty",
                        "a part of what the sender must read");
  }
}

/// Only before EHLO a reply may have no enhanced code (RFC 2034 4), and few reasons are told there.
void TestReader::check_bare_code(const Node& source, Stage stage, const ReplyForm& reply) const {
  if (reply.enhanced || is_spoken_bare(reply, reply_stage(std::min(stage, Stage::rcpt))) ||
      is_spoken_bare(reply, reply_stage(stage))) {
    return;
  }
  const auto* expect = source.find("expect");
  const auto* member = expect == nullptr ? nullptr : expect->value.find("reply");
  if (member == nullptr) return;
  diagnostics().error(member->value.span,
                      "no reply at stage " + quoted(to_text(stage)) + " is " +
                          quoted(reply.text()) + " alone: an enhanced code follows",
                      "as in \"550 5.7.1\"; \"text\" holds a part of what stands behind");
}

void TestReader::check_rule(const Node& value) const {
  if (!scope_.complete || value.string.empty() || scope_.rules.count(value.string) > 0) return;
  diagnostics().error(value.span, "there is no rule " + quoted(value.string),
                      nearest_hint(value.string, {scope_.rules.begin(), scope_.rules.end()},
                                   "\"postern check\" lists the rules"));
}

void TestReader::read_rule_names(const Node& section, Expectation& expect) {
  expect.rule = values_.text(section, "test.expect.rule");
  if (expect.rule) check_rule(section.find("rule")->value);
  if (section.find("effects") != nullptr) {
    expect.effects.emplace();
    for (const auto* each : values_.texts(section, "test.expect.effects")) {
      expect.effects->push_back(each->string);
    }
  }
  const auto* shadow = section.find("shadow");
  if (shadow == nullptr) return;
  expect.shadow.emplace();
  for (const auto* each : values_.texts(section, "test.expect.shadow")) {
    check_rule(*each);
    expect.shadow->push_back(each->string);
  }
}

void TestReader::read_evidence(const Node& section, Expectation& expect) {
  const auto* evidence = values_.section(section, "test.expect.evidence");
  if (evidence == nullptr) return;
  for (const auto& member : evidence->members) {
    check_evidence_name(member);
    std::vector<const Node*> nodes{&member.value};
    if (member.value.kind == Node::Kind::array) {
      nodes.clear();
      for (const auto& item : member.value.items) nodes.push_back(&item);
    }
    auto& accepted = expect.evidence[member.key];
    for (const auto* node : nodes) {
      if (auto value = evidence_value(*node)) {
        accepted.push_back(std::move(*value));
      } else {
        diagnostics().error(node->span,
                            "evidence is a string, a whole number, true or false, not " +
                                std::string(to_text(node->kind)),
                            "one value, or a list of those that are accepted");
      }
    }
    if (nodes.empty()) {
      diagnostics().error(member.value.span, "an empty list accepts nothing",
                          "one value, or a list of those that are accepted");
    }
  }
}

void TestReader::check_evidence_name(const Member& member) const {
  const std::string_view name = member.key;
  // A score that no rule adds to is evidence of nothing, so that its test fails and says so.
  if (expression::find_name(name) != nullptr || name.starts_with("macro(") ||
      name.starts_with("score.") || scope_.tables.find(name) != scope_.tables.end() ||
      scope_.checks.find(name) != nullptr || is_weight(name, scope_.checks) || !scope_.complete) {
    return;
  }
  if (expression::is_name_to_come(name)) {
    diagnostics().error(member.key_span, quoted(name) + ' ' + std::string(not_built),
                        "take it out: nothing would look at it");
    return;
  }
  std::vector<std::string> known;
  for (const auto& row : expression::all_names()) known.emplace_back(row.name);
  for (const auto& [table, each] : scope_.tables) known.push_back(table);
  for (const auto& [check, each] : scope_.checks.all()) known.push_back(check);
  diagnostics().error(member.key_span, "there is no name " + quoted(name),
                      nearest_hint(name, known, "evidence goes by the names that conditions use"));
}

}  // namespace postern
