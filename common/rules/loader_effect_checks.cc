// EffectLoader: what of a rule's modifying actions does not go with its verdict, its condition, its
// stage, or the doors that are configured (semantics 25).

#include "rules/loader_effects.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

/// "a" or "an" does not matter: these stand behind "this rule ...".
std::string_view doing(EffectKind kind) {
  switch (kind) {
    case EffectKind::add_header:
      return "adds a header field";
    case EffectKind::remove_header:
      return "removes header fields";
    case EffectKind::redirect:
      return "redirects the message";
    case EffectKind::bcc:
      return "adds a recipient";
    case EffectKind::tag:
    case EffectKind::delay:
    case EffectKind::warn:
      break;  // leave the message as it is
  }
  return "";
}

std::string_view past(Verdict verdict) {
  return verdict == Verdict::discard ? "discards the message" : "holds the message";
}

bool names_recipient(const Condition& condition) {
  bool of_a_set = false;
  for (const auto& name : condition.names()) {
    if (name.name == "recipient" || name.name.starts_with("recipient.")) return true;
    if (name.name == "recipients") of_a_set = true;
  }
  return condition.earliest_stage() == Stage::rcpt || (condition.subjects().recipient && !of_a_set);
}

}  // namespace

void EffectLoader::check(const Node& rule, Verdict verdict, const std::vector<RuleEffect>& effects,
                         const Condition* condition, std::optional<Stage> stage) const {
  auto& diagnostics = values_.diagnostics();
  if (const auto* loss = rule.find("acknowledge_loss"); loss && verdict != Verdict::discard) {
    diagnostics.error(loss->key_span, "\"acknowledge_loss\" belongs to a discard", "take it out");
  }
  check_subject(rule, verdict, effects, condition, stage);
  if (!stage) return;
  check_templates(rule, *stage);
  check_field_stages(rule, effects, *stage);
  check_doors(rule, effects, *stage);
  check_number(rule, verdict, effects);
}

/// Postfix takes one action with an answer, and in a recipient list alone there is one answer to
/// each recipient.
void EffectLoader::check_number(const Node& rule, Verdict verdict,
                                const std::vector<RuleEffect>& effects) const {
  if (!doors_known_ || settings_.listen.policy.empty()) return;
  auto actions = std::count_if(effects.begin(), effects.end(), [](const RuleEffect& effect) {
    return touches_message(effect.kind) && effect.kind != EffectKind::remove_header;
  });
  if (verdict == Verdict::quarantine) ++actions;
  if (actions < 2) return;
  const auto* name = rule.find("name");
  values_.diagnostics().warning(
      name != nullptr ? name->value.span : rule.span,
      "this rule does " + std::to_string(actions) +
          " things to the message, and the policy service can tell Postfix one of them with each "
          "answer",
      "the others go with later requests of the message; if there are none, they are not done, "
      "and the record says so");
}

void EffectLoader::check_templates(const Node& rule, Stage stage) const {
  const auto look = [&](const Node& value, std::size_t from) {
    for (const auto& problem :
         check_effect_text(std::string_view(value.string).substr(from), stage)) {
      values_.diagnostics().error(value.part(from + problem.offset, problem.length),
                                  problem.message, problem.hint);
    }
  };
  const auto look_at_header = [&](const Node& value) {
    if (value.kind == Node::Kind::string) {
      const auto colon = value.string.find(':');
      look(value, std::min(colon, value.string.size() - 1) + 1);
    } else if (const auto* text = value.find("value")) {
      look(text->value, 0);
    }
  };
  if (const auto* member = rule.find("warn")) look(member->value, 0);
  if (const auto* member = rule.find("add_header")) {
    if (member->value.kind == Node::Kind::array) {
      for (const auto& item : member->value.items) look_at_header(item);
    } else {
      look_at_header(member->value);
    }
  }
}

/// What touches the whole message must not hang on one of its recipients, and a message that is
/// refused or dropped is not changed.
void EffectLoader::check_subject(const Node& rule, Verdict verdict,
                                 const std::vector<RuleEffect>& effects, const Condition* condition,
                                 std::optional<Stage> stage) const {
  auto& diagnostics = values_.diagnostics();
  const bool takes_all = verdict == Verdict::discard || verdict == Verdict::quarantine;
  const auto touching = std::find_if(effects.begin(), effects.end(), [](const RuleEffect& effect) {
    return touches_message(effect.kind);
  });
  const bool touches = touching != effects.end();
  if (touches && (verdict == Verdict::reject || verdict == Verdict::defer)) {
    diagnostics.error(rule.find(key_of(*touching))->key_span,
                      "this rule refuses the message, and " + std::string(doing(touching->kind)),
                      "a refused message is not changed; take " + quoted(key_of(*touching)) +
                          " out, or do not refuse");
  } else if (touches && verdict == Verdict::discard) {
    diagnostics.error(rule.find(key_of(*touching))->key_span,
                      "this rule discards the message, and " + std::string(doing(touching->kind)),
                      "nobody would get to see that; for a copy, redirect it instead");
  }
  if (!touches && !takes_all) return;
  const std::string what(takes_all ? past(verdict) : doing(touching->kind));
  const auto* key = takes_all ? rule.find(to_text(verdict)) : rule.find(key_of(*touching));
  const auto& span = key != nullptr ? key->key_span : rule.span;
  if (condition != nullptr && names_recipient(*condition)) {
    diagnostics.error(
        span,
        "this rule " + what + ", for all its recipients, and its condition is about one of them",
        "accept or refuse that recipient, or test recipients, which is known from "
        "stage \"data\" on");
    return;
  }
  if (stage != Stage::rcpt) return;
  diagnostics.error(rule.find("stage") != nullptr ? rule.find("stage")->value.span : span,
                    "this rule " + what +
                        ", for all its recipients, and stage \"rcpt\" is asked for each of them",
                    "take \"stage\" out, or write \"data\" to have it asked after the recipients");
}

void EffectLoader::check_doors(const Node& rule, const std::vector<RuleEffect>& effects,
                               Stage stage) const {
  if (!doors_known_) return;
  const auto& listen = settings_.listen;
  if (listen.policy.empty()) return;  // the milter can carry everything
  auto& diagnostics = values_.diagnostics();
  std::vector<EffectKind> said;
  for (const auto& effect : effects) {
    if (adds_results(effect) && stage <= Stage::data) {
      diagnostics.warning(rule.find(key_of(effect))->key_span,
                          "the policy service cannot remove fields that only claim to be ours",
                          listen.milter
                              ? "trust them in mail that came through the milter alone (RFC 8601 5)"
                              : "let nobody trust them, or add listen.milter (RFC 8601 5)");
    }
    if (std::find(said.begin(), said.end(), effect.kind) != said.end()) continue;
    std::string why;
    if (effect.kind == EffectKind::remove_header) {
      why = "Postfix's policy protocol cannot remove header fields";
    } else if (effect.kind == EffectKind::add_header && stage > Stage::data) {
      why =
          "Postfix takes no header field from a policy service at END-OF-MESSAGE, where this "
          "rule is asked";
    }
    if (why.empty()) continue;
    said.push_back(effect.kind);
    const auto& span = rule.find(key_of(effect))->key_span;
    if (listen.milter) {
      diagnostics.warning(span, "the policy service cannot do this: " + why,
                          "mail that comes through the milter is changed, other mail is not");
    } else {
      diagnostics.error(span, "no door that is configured can do this: " + why,
                        effect.kind == EffectKind::add_header
                            ? "add listen.milter, or give the rule an earlier stage"
                            : "add listen.milter, or take it out");
    }
  }
}

}  // namespace postern
