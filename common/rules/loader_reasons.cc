// [reason.NAME]: an administrator's words for a reason, in one place for all rules that give it,
// and how Postfix is told of it.

#include "reply/compose.h"
#include "rules/loader.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern {
namespace {

constexpr std::array all_stages{Stage::connect,       Stage::helo, Stage::mail,
                                Stage::rcpt,          Stage::data, Stage::end_of_headers,
                                Stage::end_of_message};

/// "de", "pt-br": small letters, then perhaps subtags (RFC 5646 2.1).
bool is_language(std::string_view text) {
  const auto letters = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz");
  const auto first = std::min(letters, text.size());
  if (first < 2 || first > 8 || text.size() > 16) return false;
  return first == text.size() ||
         (text[first] == '-' && text.back() != '-' &&
          std::all_of(text.begin() + static_cast<std::ptrdiff_t>(first), text.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
          }));
}

/// A text that may be given wherever its reason may stand, which no single rule says.
void check_words(const Node& value, const Reason& reason, Diagnostics& diagnostics) {
  if (value.kind != Node::Kind::string) {
    diagnostics.error(value.span,
                      "this text is not a string but " + std::string(to_text(value.kind)));
    return;
  }
  if (value.string.empty()) {
    diagnostics.error(value.span, "this text is empty", "take it out for the catalogue's text");
    return;
  }
  for (const auto stage : all_stages) {
    if (!may_stand_at(reason, stage)) continue;
    const auto problems = check_template(value.string, stage);
    for (const auto& problem : problems) {
      diagnostics.error(value.part(problem.offset, problem.length), problem.message, problem.hint);
    }
    if (!problems.empty()) return;  // at other stages the same, or what follows from it
  }
}

std::vector<std::string> usable_reasons() {
  std::vector<std::string> ids;
  for (const auto& reason : all_reasons()) {
    if (usable_in_rule(reason)) ids.emplace_back(reason.id);
  }
  return ids;
}

/// Sections name reasons of the catalogue; those that no rule can give are never spoken.
const Reason* find_usable(const Member& section, Diagnostics& diagnostics) {
  const auto* reason = find_reason(section.key);
  if (reason == nullptr) {
    diagnostics.error(
        section.key_span, "there is no reason " + quoted(section.key),
        nearest_hint(section.key, usable_reasons(), "\"postern codes\" lists them all"));
    return nullptr;
  }
  if (usable_in_rule(*reason)) return reason;
  diagnostics.error(section.key_span,
                    quoted(section.key) + " is a reason that no reply is given for",
                    "\"postern codes " + section.key + "\" explains why");
  return nullptr;
}

void read_translations(const Node& section, const Reason& reason, ReasonSettings& settings,
                       Diagnostics& diagnostics) {
  const auto* texts = section.find("texts");
  if (texts == nullptr) return;
  if (texts->value.kind != Node::Kind::table) {
    diagnostics.error(
        texts->value.span,
        "\"texts\" is texts by language, not " + std::string(to_text(texts->value.kind)),
        "as in texts = { de = \"...\" }; the text without a language is \"text\"");
    return;
  }
  for (const auto& text : texts->value.members) {
    if (!is_language(text.key)) {
      diagnostics.error(text.key_span, quoted(text.key) + " is not the code of a language",
                        "small letters, as in \"de\" or \"pt-br\"");
      continue;
    }
    // A faulty one is there as well: that a rule names it is right.
    check_words(text.value, reason, diagnostics);
    settings.texts[text.key] = text.value.string;
  }
}

void read_deferral(const Node& section, const Reason& reason, const ValueReader& values,
                   ReasonSettings& settings) {
  settings.defer_if_permit = values.boolean(section, "reason.*.defer_if_permit");
  if (!settings.defer_if_permit.value_or(false)) return;
  const auto forms = allowed_forms(reason);
  if (std::any_of(forms.begin(), forms.end(),
                  [](const ReplyForm& form) { return form.code.value() == 450; })) {
    return;
  }
  values.diagnostics().error(
      section.find("defer_if_permit")->value.span,
      "Postfix says 450 for DEFER_IF_PERMIT, and no reply of " + quoted(reason.id) + " is one",
      "take it out; the reply is " + std::string(reason.reply));
}

}  // namespace

void read_reasons(const Node& root, const ValueReader& values, Settings& settings) {
  const auto* sections = values.section(root, "reason");
  if (sections == nullptr) return;
  auto& diagnostics = values.diagnostics();
  for (const auto& section : sections->members) {
    if (section.value.kind != Node::Kind::table) {
      diagnostics.error(
          section.key_span, quoted(section.key) + " stands right under [reason]",
          "name a reason of the catalogue: [reason.rcpt-unknown], and in it text = ...");
      continue;
    }
    values.check_keys(section.value, "reason.*");
    const auto* reason = find_usable(section, diagnostics);
    if (reason == nullptr) continue;
    auto& own = settings.reasons[section.key];
    if (const auto* text = section.value.find("text")) {
      check_words(text->value, *reason, diagnostics);
      settings.identity.texts[section.key] = text->value.string;
    }
    read_translations(section.value, *reason, own, diagnostics);
    read_deferral(section.value, *reason, values, own);
  }
}

/// Empty: the reason's own text, or the catalogue's.
std::string RuleCompiler::text_in_language(const Node& source, const Action& action) const {
  const auto* member = source.find("language");
  const auto language = values_.text(source, "rule.language");
  if (!language || action.reason == nullptr) return {};
  auto& diagnostics = values_.diagnostics();
  if (const auto* text = source.find("text")) {
    diagnostics.error(member->key_span,
                      "\"language\" chooses among the texts of a reason, and this rule has its own",
                      "take one of the two out; the text stands at " + place_text(text->key_span));
    return {};
  }
  // What is wrong in the section has been reported there.
  if (unread_ == Unread::part_of_main_file) return {};
  const auto found = settings_.reasons.find(action.reason->id);
  const std::string section = "[reason." + std::string(action.reason->id) + "]";
  if (found == settings_.reasons.end() || found->second.texts.empty()) {
    diagnostics.error(member->value.span, section + " has no texts in other languages",
                      "write texts = { " +
                          (is_language(*language) ? *language : std::string("de")) +
                          " = \"...\" } there");
    return {};
  }
  const auto text = found->second.texts.find(*language);
  if (text != found->second.texts.end()) return text->second;
  std::vector<std::string> known;
  for (const auto& [name, words] : found->second.texts) known.push_back(name);
  diagnostics.error(member->value.span, section + " has no text in " + quoted(*language),
                    "it has " + list_text(known, "and"));
  return {};
}

/// Semantics 12: a code of one's own goes out as it is, and DEFER_IF_PERMIT is always 450.
void RuleCompiler::check_explicit_code(const Node& source, const Action& action) const {
  const auto found = settings_.reasons.find(action.reason->id);
  if (found == settings_.reasons.end() || !found->second.defer_if_permit.value_or(false)) return;
  const auto form = action.form ? action.form : ReplyForm::parse(action.reason->reply);
  if (!form || form->code.value() == 450) return;
  const auto* code = source.find("code");
  values_.diagnostics().error(
      (code != nullptr ? code->value : action.member->value).span,
      "[reason." + std::string(action.reason->id) +
          "] says defer_if_permit = true, which is 450, and this rule answers " + form->text(),
      "choose a code that begins with 450, or take defer_if_permit out");
}

}  // namespace postern
