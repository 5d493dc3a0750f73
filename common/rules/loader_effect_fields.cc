// EffectLoader: header fields that tell what checks have found.

#include "checks/authserv_id.h"
#include "checks/login_result.h"
#include "rules/loader_effects.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace postern {
namespace {

/// Checks of one rule that a field tells of: each takes room in a field of bounded length.
constexpr std::size_t most_checks = 10;

/// What stands for the client's login, which is no check.
std::shared_ptr<const Check> login_result() {
  static const auto login = std::make_shared<const LoginResult>();
  return login;
}

std::string field_name(FieldForm form) {
  return form == FieldForm::received_spf ? "Received-SPF" : std::string(results_field_name);
}

}  // namespace

std::shared_ptr<const Check> EffectLoader::find_check(
    const Node& value, FieldForm form,
    const std::function<bool(std::string_view)>& may_stand_elsewhere) const {
  std::vector<std::string> known;
  const auto login = login_result();
  if (login->speaks(form)) {
    if (value.string == login->description().name) return login;
    known.push_back(login->description().name);
  }
  for (const auto& [name, check] : checks_.all()) {
    if (check->speaks(form)) known.push_back(name);
  }
  const auto found = checks_.find(value.string);
  if (found && found->speaks(form)) return found;
  if (!found && may_stand_elsewhere(value.string)) return nullptr;
  const auto message =
      found
          ? quoted(value.string) + " has no word in " + field_name(form) + " (" +
                (form == FieldForm::received_spf ? "RFC 7208 9.1" : "RFC 8601 2.7, RFC 8904") + ')'
          : "there is no check " + quoted(value.string);
  const auto choice = "it may name " + list_text(known);
  values_.diagnostics().error(value.span, message,
                              found ? choice : nearest_hint(value.string, known, choice));
  return nullptr;
}

void EffectLoader::read_field(
    const Member& member, FieldForm form, std::vector<RuleEffect>& effects,
    const std::function<bool(std::string_view)>& may_stand_elsewhere) const {
  auto& diagnostics = values_.diagnostics();
  std::vector<const Node*> items{&member.value};
  if (member.value.kind == Node::Kind::array) {
    items.clear();
    for (const auto& item : member.value.items) items.push_back(&item);
  }
  if (items.empty() || items.size() > most_checks) {
    diagnostics.error(member.value.span, quoted(member.key) + " names 1 to " +
                                             std::to_string(most_checks) + " checks");
    return;
  }
  std::vector<std::shared_ptr<const Check>> checks;
  std::string names;
  for (const auto* item : items) {
    if (item->kind != Node::Kind::string) {
      diagnostics.error(
          item->span,
          quoted(member.key) + " is the name of a check, not " + std::string(to_text(item->kind)),
          "as in \"spf\", or a list of names");
      continue;
    }
    auto check = find_check(*item, form, may_stand_elsewhere);
    if (!check) continue;
    if (std::find(checks.begin(), checks.end(), check) != checks.end()) {
      diagnostics.error(item->span, quoted(item->string) + " is named twice", "take it out");
      continue;
    }
    names += (names.empty() ? "" : ", ") + item->string;
    checks.push_back(std::move(check));
  }
  const auto add = [&](std::string text, std::vector<std::shared_ptr<const Check>> of) {
    RuleEffect effect{EffectKind::add_header, field_name(form), std::move(text), {}};
    effect.field = std::make_shared<const FieldOfChecks>(FieldOfChecks{form, std::move(of)});
    effects.push_back(std::move(effect));
  };
  if (form == FieldForm::authentication_results) {
    if (!checks.empty()) add(std::move(names), std::move(checks));
    return;
  }
  // One field tells of one identity (RFC 7208 9.1).
  for (auto& check : checks) {
    auto name = check->description().name;
    add(std::move(name), {std::move(check)});
  }
}

void EffectLoader::check_field_stages(const Node& rule, const std::vector<RuleEffect>& effects,
                                      Stage stage) const {
  for (const auto& effect : effects) {
    if (!effect.field) continue;
    for (const auto& check : effect.field->checks) {
      const auto& about = check->description();
      if (stage >= about.earliest) continue;
      const auto* wish = rule.find("stage");
      values_.diagnostics().error(
          wish != nullptr ? wish->value.span : rule.find(key_of(effect))->key_span,
          quoted(about.name) + " is not known at stage " + quoted(to_text(stage)),
          "it is known from " + std::string(to_text(about.earliest)) +
              " on; take \"stage\" out, or write that one");
      return;
    }
  }
}

}  // namespace postern
