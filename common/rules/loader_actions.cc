#include "reply/compose.h"
#include "rules/loader.h"
#include "rules/loader_effects.h"
#include "rules/schema.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace postern {
namespace {

std::string forms_text(const Reason& reason) {
  std::vector<std::string> forms;
  for (const auto& form : allowed_forms(reason)) forms.push_back(form.text());
  return list_text(forms);
}

bool is_temporary(const ReplyForm& form) { return form.code.first_digit() == 4; }

/// True if one of the replies of `reason` says what `verdict` says.
bool has_class(const Reason& reason, Verdict verdict) {
  const auto forms = allowed_forms(reason);
  return std::any_of(forms.begin(), forms.end(), [&](const ReplyForm& form) {
    return is_temporary(form) == (verdict == Verdict::defer);
  });
}

std::string forms_text(const Reason& reason, Verdict verdict) {
  std::vector<std::string> forms;
  for (const auto& form : allowed_forms(reason)) {
    if (is_temporary(form) == (verdict == Verdict::defer)) forms.push_back(form.text());
  }
  return list_text(forms);
}

/// Words, as they stand between hyphens, that two names begin with.
std::size_t common_words(std::string_view a, std::string_view b) {
  std::size_t words = 0;
  for (std::size_t i = 0; i <= a.size() && i <= b.size(); ++i) {
    const bool a_ends = i == a.size() || a[i] == '-';
    const bool b_ends = i == b.size() || b[i] == '-';
    if (a_ends && b_ends) ++words;
    if (a_ends != b_ends || i == a.size() || i == b.size() || a[i] != b[i]) break;
  }
  return words;
}

/// Reasons that `verdict` may name, for one that it may not: the nearest of its group, and the
/// local rule that is always right.
std::vector<std::string> siblings(const Reason& reason, Verdict verdict) {
  // What stands for a fact that is missing (semantics 7) is no judgement on the sender.
  constexpr std::array<std::string_view, 5> troubles = {
      "client-rdns-temp", "helo-lookup-temp", "sender-domain-temp", "dns-timeout", "spf-temperror"};
  const std::string any = verdict == Verdict::defer ? "policy-defer" : "policy-reject";
  const Reason* nearest = nullptr;
  std::size_t most = 0;
  for (const auto& other : all_reasons()) {
    if (other.group != reason.group || !usable_in_rule(other) || !has_class(other, verdict) ||
        std::find(troubles.begin(), troubles.end(), other.id) != troubles.end()) {
      continue;
    }
    const auto words = common_words(other.id, reason.id);
    if (words <= most) continue;
    nearest = &other;
    most = words;
  }
  if (nearest == nullptr || nearest->id == any) return {any};
  return {std::string(nearest->id), any};
}

std::vector<std::string> usable_reasons() {
  std::vector<std::string> ids;
  for (const auto& reason : all_reasons()) {
    if (usable_in_rule(reason)) ids.emplace_back(reason.id);
  }
  return ids;
}

/// Where the doors that are configured speak a verdict of `stage` (semantics 5, 9). Without a door,
/// as in a library, it is spoken where it is asked.
std::vector<std::pair<ReplyStage, std::string>> spoken_at(Stage stage,
                                                          const ListenSettings& listen) {
  std::vector<std::pair<ReplyStage, std::string>> places;
  const bool before_mail = stage == Stage::connect || stage == Stage::helo;
  if (listen.milter) {
    const bool held_back = before_mail && listen.speak == Speak::rcpt;
    places.emplace_back(held_back ? ReplyStage::rcpt : reply_stage(stage), "the milter");
  }
  // Everything up to RCPT is asked at the policy door for each recipient; what stands at the end of
  // the headers, at END-OF-MESSAGE.
  if (!listen.policy.empty()) {
    places.emplace_back(stage <= Stage::rcpt ? ReplyStage::rcpt : reply_stage(stage),
                        "the policy service");
  }
  if (places.empty()) places.emplace_back(reply_stage(stage), "the mail server");
  return places;
}

/// True if a mail address stands in the words of a template; fields do not count.
bool has_address(std::string_view text) {
  const auto is_part = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  };
  for (auto at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    if (at > 0 && at + 1 < text.size() && is_part(text[at - 1]) && is_part(text[at + 1])) {
      return true;
    }
  }
  return false;
}

}  // namespace

RuleCompiler::Action RuleCompiler::read_action(const Node& source, const std::string& name) const {
  auto& diagnostics = values_.diagnostics();
  Action action;
  for (const auto& member : source.members) {
    const auto verdict = verdict_from_text(member.key);
    const auto* key = find_key("rule." + member.key);
    if (!verdict || key == nullptr || key->availability == Availability::later) continue;
    if (action.member != nullptr) {
      diagnostics.error(member.key_span, "a rule decides one thing, and this is another",
                        "it already has " + quoted(action.member->key) + " at " +
                            place_text(action.member->key_span) + "; make it two rules");
      continue;
    }
    action.member = &member;
    action.verdict = *verdict;
  }
  const EffectLoader loader(values_, settings_, checks_, unread_ != Unread::part_of_main_file);
  action.effects = loader.read(source, [this](std::string_view check) {
    return unread_ != Unread::nothing || tables_.checks.contains(check);
  });
  action.scores = read_scores(source);
  if (action.member == nullptr) action.member = first_effect(source);
  if (action.member == nullptr) action.member = source.find("score");
  if (action.member == nullptr) {
    // Any key to come may be its action, and has been reported.
    const bool later =
        std::any_of(source.members.begin(), source.members.end(), [](const Member& member) {
          const auto* key = find_key("rule." + member.key);
          return key != nullptr && key->availability == Availability::later;
        });
    if (!later) {
      diagnostics.error(
          source.span,
          name.empty() ? std::string("this rule has no action")
                       : "rule " + quoted(name) + " has no action",
          "add accept, reject, defer, quarantine, discard, or one that modifies, such as "
          "add_header");
    }
    read_code(source, action);
    return action;
  }
  if (action.accepts()) {
    const auto scope = values_.text(source, "rule.accept");
    if (scope) action.scope = accept_scope_from_text(*scope);
    return action;
  }
  if (action.verdict == Verdict::pass) return action;
  if (!action.speaks()) {
    action.note = loader.read_note(source, *action.member);
    return action;
  }
  if (values_.text(source, "rule." + action.member->key)) {
    action.reason = read_reason(action.member->value);
  }
  read_code(source, action);
  if (action.reason != nullptr) check_class(source, action);
  return action;
}

const Reason* RuleCompiler::read_reason(const Node& value) const {
  const auto* reason = find_reason(value.string);
  if (reason == nullptr) {
    values_.diagnostics().error(
        value.span, "there is no reason " + quoted(value.string),
        nearest_hint(value.string, usable_reasons(), "\"postern codes\" lists them all"));
    return nullptr;
  }
  if (usable_in_rule(*reason)) return reason;
  const bool nothing = reason->kind == ReasonClass::none || reason->kind == ReasonClass::positive;
  values_.diagnostics().error(
      value.span,
      quoted(value.string) + (nothing ? " is not a ground for refusal by itself"
                                      : " belongs to commands that rules are not asked at"),
      "\"postern codes " + value.string + "\" explains why");
  return nullptr;
}

void RuleCompiler::read_code(const Node& source, Action& action) const {
  const auto* member = source.find("code");
  if (member == nullptr) return;
  const auto code = values_.text(source, "rule.code");
  if (!code) return;
  if (code->starts_with("{map.") && code->ends_with('}')) {
    action.code_map = code->substr(5, code->size() - 6);
    return;
  }
  const auto form = ReplyForm::parse(*code);
  if (action.reason == nullptr) {
    // Which replies it may be is not known without a reason.
    if (!form) {
      values_.diagnostics().error(
          member->value.span,
          quoted(*code) + " is not a legal pair of reply code and enhanced code",
          "as in \"550 5.7.1\"");
    }
    return;
  }
  const auto forms = allowed_forms(*action.reason);
  if (form && std::find(forms.begin(), forms.end(), *form) != forms.end()) {
    action.form = form;
    return;
  }
  // Whoever writes a temporary code for a permanent reason is told about the reason.
  if (form && is_temporary(*form) == (action.verdict == Verdict::defer) &&
      !has_class(*action.reason, action.verdict)) {
    return;
  }
  std::string why = quoted(*code) + " is not a reply that " + quoted(action.reason->id) + " allows";
  if (!form) why = quoted(*code) + " is not a legal pair of reply code and enhanced code";
  values_.diagnostics().error(member->value.span, std::move(why),
                              "it allows " + forms_text(*action.reason));
}

/// What the reply's first digit says must be what the verdict says.
void RuleCompiler::check_class(const Node& source, Action& action) const {
  const auto& reason = *action.reason;
  const auto* code = source.find("code");
  const bool possible = has_class(reason, action.verdict);
  // A code that is not allowed has been reported; another one may be of the right class.
  if (possible && code != nullptr && !action.form) return;
  const auto form = action.form ? action.form : ReplyForm::parse(reason.reply);
  const bool temporary = form ? is_temporary(*form) : reason.kind == ReasonClass::temporary;
  if (temporary == (action.verdict == Verdict::defer)) return;
  const std::string rewrite =
      "write " + std::string(temporary ? "defer" : "reject") + " = " + quoted(reason.id);
  if (possible && action.form) {
    values_.diagnostics().error(code->value.span,
                                quoted(code->value.string) + " refuses " +
                                    (temporary ? "for now" : "for good") + ", and the rule says " +
                                    action.member->key,
                                rewrite);
    action.form.reset();  // what follows from the wrong code is not said
    return;
  }
  values_.diagnostics().error(
      action.member->key_span,
      quoted(reason.id) + " is a " + (temporary ? "temporary" : "permanent") + " refusal (" +
          std::string(reason.reply) + ")",
      possible
          ? rewrite + ", or choose a code with which it is " +
                (temporary ? "permanent" : "temporary") + ", " + forms_text(reason, action.verdict)
          : rewrite + ", or name a " + (temporary ? "permanent" : "temporary") +
                " reason, such as " + list_text(siblings(reason, action.verdict)));
}

void RuleCompiler::check_spoken(const Action& action, Stage stage) const {
  // Without all of the main file it is not known which doors there are.
  if (unread_ == Unread::part_of_main_file) return;
  std::optional<ReplyStage> reported;
  for (const auto& [spoken, door] : spoken_at(stage, settings_.listen)) {
    if (form_at(*action.reason, action.form, spoken) || reported == spoken) continue;
    values_.diagnostics().error(action.member->value.span,
                                door + " speaks this refusal at " + std::string(to_text(spoken)) +
                                    ", where " + quoted(action.reason->id) + " has no legal reply",
                                "choose another reason or another stage");
    reported = spoken;
  }
}

/// RFC 5321 3.4, 4.2.3: a 551 says where the mailbox is now. Only the administrator knows that.
void RuleCompiler::check_new_address(const Node& source, const Action& action) const {
  const auto form = action.form ? action.form : ReplyForm::parse(action.reason->reply);
  if (!form || form->code.value() != 551) return;
  const auto* text = source.find("text");
  if (text != nullptr && (text->value.string.empty() || has_address(text->value.string))) {
    return;  // an empty one has been reported
  }
  const auto* code = source.find("code");
  const auto& place = text != nullptr   ? text->value
                      : code != nullptr ? code->value
                                        : action.member->value;
  values_.diagnostics().error(
      place.span, "a 551 must name the new address (RFC 5321 3.4), and this rule has none",
      std::string("write text = \"User not local, please try <new@example.net> instead.\", or ") +
          (action.form && ReplyForm::parse(action.reason->reply)->code.value() != 551
               ? "take \"code\" out"
               : "use \"rcpt-moved\" if the address is not to be told"));
}

}  // namespace postern
