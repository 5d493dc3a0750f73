#include "import/actions.h"

#include "import/parts.h"
#include "model/text.h"
#include "postern/policy.h"
#include "reply/compose.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace postern::importer {
namespace {

/// "550": three digits, a refusal.
bool is_refusal_code(std::string_view word) {
  return word.size() == 3 && all_digits(word) && (word.front() == '4' || word.front() == '5');
}

/// Reasons that fit what the rule looks at, the nearest first. Those whose catalogue text says more
/// than a list can know (that a mailbox is full, that it has moved) stand behind and are taken for
/// their code alone.
std::vector<std::string_view> candidates(Subject subject) {
  std::vector<std::string_view> ids;
  switch (subject) {
    case Subject::client:
      ids = {"client-blocked"};
      break;
    case Subject::sender:
      ids = {"sender-blocked"};
      break;
    case Subject::recipient:
      ids = {"rcpt-policy",  "rcpt-unknown",      "mailbox-disabled", "mailbox-disabled-temp",
             "mailbox-full", "mailbox-full-perm", "rcpt-moved",       "relay-denied"};
      break;
    case Subject::count:
      ids = {"too-many-recipients-policy", "too-many-recipients"};
      break;
    case Subject::size:
      ids = {"message-too-big"};
      break;
    case Subject::helo:
    case Subject::mixed:
      break;
  }
  ids.insert(ids.end(), {"policy-reject", "policy-defer", "overload", "shutdown"});
  return ids;
}

bool is_class(const ReplyForm& form, Verdict verdict) {
  return (form.code.first_digit() == 4) == (verdict == Verdict::defer);
}

struct Choice {
  const Reason* reason = nullptr;
  ReplyForm form;
};

/// The first candidate with a form that `fits`.
template <typename Fits>
std::optional<Choice> choose(Subject subject, Stage stage, Verdict verdict, const Fits& fits) {
  for (const auto id : candidates(subject)) {
    const auto* reason = find_reason(id);
    if (reason == nullptr || !may_stand_at(*reason, stage)) continue;
    for (const auto& form : allowed_forms(*reason)) {
      if (is_class(form, verdict) && fits(form)) return Choice{reason, form};
    }
  }
  return {};
}

/// Their words as a reply may say them; empty and a reason when it may not.
std::string own_text(std::string_view text, Stage stage, std::string& why) {
  std::string words;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool before_space = i + 1 == text.size() || text[i + 1] == ' ';
    if (text[i] == ';') {
      words += ',';
    } else if (text[i] == ':' && before_space) {
      words += " -";
    } else {
      words += text[i];
    }
  }
  words = std::string(trimmed(words));
  if (words.empty()) return {};
  const auto problems = check_template(words, stage);
  if (problems.empty()) return words;
  why = problems.front().message;
  return {};
}

bool is_enhanced(std::string_view word) { return EnhancedCode::parse(word).has_value(); }

Action unknown(std::string why) {
  Action action;
  action.why = std::move(why);
  return action;
}

Action accepting() {
  Action action;
  action.kind = Action::Kind::accept;
  return action;
}

/// Of a REJECT or DEFER: an enhanced code at the start of the text, as access(5) takes it.
Action refusal_with_text(Verdict verdict, std::string_view code, std::string_view rest,
                         Subject subject, Stage stage) {
  const auto [word, behind] = first_word(rest);
  if (is_enhanced(word)) return refusal(verdict, code, word, behind, subject, stage);
  return refusal(verdict, code, {}, rest, subject, stage);
}

/// What this version has no action for, by the first word of the line.
std::string_view why_not(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> words{{
      {"discard", "mail is not dropped silently by imported rules; decide on each yourself"},
      {"replace", "rules made by the importer do not change header fields"},
      {"filter", "Postern has no content filters to hand mail to"},
      {"defer_if_reject", "Postern does not know what Postfix's other restrictions say"},
      {"sleep", "rules made by the importer do not delay answers"},
      {"strip", "rules made by the importer do not change messages"},
      {"ignore", "rules made by the importer do not change header fields"},
  }};
  const auto small = lower(word);
  for (const auto& [name, why] : words) {
    if (name == small) return why;
  }
  return {};
}

/// Actions that do something with the message and let Postfix go on to its next restriction.
std::optional<Action> read_effect(std::string_view name, std::string_view rest) {
  Action action;
  action.kind = Action::Kind::effect;
  action.value = rest;
  if (name == "warn" || name == "info") {
    action.effect = "warn";
    if (rest.empty()) action.value = "an access table says " + std::string(name);
  } else if (name == "hold") {
    action.effect = "quarantine";
    if (rest.empty()) action.value = "held by an access table";
    action.differences.emplace_back(
        "what is held is taken: rules behind it are not asked, as Postfix's restrictions would be");
  } else if (name == "redirect" || name == "bcc") {
    action.effect = name;
  } else if (name == "prepend") {
    action.effect = "add_header";
  } else {
    return {};
  }
  return action;
}

}  // namespace

std::string effect_fault(const Action& action, std::string_view name) {
  // The loader knows best; a policy of this one rule is read.
  NewRule rule;
  rule.name = "x";
  rule.stage = "rcpt";
  rule.when = std::string(name) + (name == "client.ip" ? " == \"192.0.2.1\"" : " == \"a.example\"");
  if (name == "sender" || name == "recipient")
    rule.when = std::string(name) + " == \"a@a.example\"";
  set_action(rule, action);
  const auto text = "[identity]\nhost = \"mx1.example.org\"\n" + rule_text(rule);
  const auto read = [&](const std::string&) -> Result<std::string> { return text; };
  const auto compiled = Policy::compile("rule.toml", read);
  return compiled ? std::string() : compiled.problems().front().message;
}

Subject subject_of(Keys keys) noexcept {
  switch (keys) {
    case Keys::client:
      return Subject::client;
    case Keys::helo:
      return Subject::helo;
    case Keys::sender:
      return Subject::sender;
    case Keys::recipient:
      return Subject::recipient;
  }
  return Subject::mixed;
}

Action refusal(Verdict verdict, std::string_view code, std::string_view enhanced,
               std::string_view text, Subject subject, Stage stage) {
  Action action;
  action.kind = Action::Kind::refuse;
  action.verdict = verdict;
  const auto any = [](const ReplyForm&) { return true; };
  auto choice = choose(subject, stage, verdict, any);
  if (!code.empty() || !enhanced.empty()) {
    const auto has_code = [&](const ReplyForm& form) {
      return code.empty() || form.code.text() == code;
    };
    const auto has_both = [&](const ReplyForm& form) {
      return has_code(form) && form.enhanced && form.enhanced->text() == enhanced;
    };
    auto better = choose(subject, stage, verdict, has_both);
    if (!better) better = choose(subject, stage, verdict, has_code);
    if (better) choice = better;
  }
  if (!choice) return unknown("there is no reply of this kind at this stage");

  action.reason = choice->reason->id;
  const auto sent = choice->form.text();
  if (sent != choice->reason->reply) action.code = sent;
  const bool other_code = !code.empty() && choice->form.code.text() != code;
  const bool other_enhanced =
      !enhanced.empty() && (!choice->form.enhanced || choice->form.enhanced->text() != enhanced);
  if (other_code || other_enhanced) {
    std::string asked(code);
    if (!enhanced.empty()) asked += (asked.empty() ? "" : " ") + std::string(enhanced);
    action.differences.push_back("no reason that fits allows " + asked + ", so " + action.reason +
                                 " answers " + sent);
  }
  std::string why;
  action.text = own_text(text, stage, why);
  if (!why.empty()) {
    action.differences.push_back("its text cannot stand in a reply (" + why +
                                 "), so the catalogue's is sent");
  }
  return action;
}

Action read_access_action(std::string_view text, Subject subject, Stage stage) {
  text = trimmed(text);
  const auto [word, rest] = first_word(text);
  const auto name = lower(word);
  if (is_refusal_code(word)) {
    // Postfix takes digits alone for OK, and whoever wrote them hardly meant that.
    if (rest.empty())
      return unknown("Postfix takes a code without a text for OK; write which is meant");
    const auto verdict = word.front() == '4' ? Verdict::defer : Verdict::reject;
    return refusal_with_text(verdict, word, rest, subject, stage);
  }
  if (name == "ok" || name == "permit" || all_digits(text)) return accepting();
  if (name == "dunno") {
    Action action;
    action.kind = Action::Kind::shield;
    return action;
  }
  if (name == "reject") return refusal_with_text(Verdict::reject, {}, rest, subject, stage);
  if (name == "defer" || name == "defer_if_permit") {
    return refusal_with_text(Verdict::defer, {}, rest, subject, stage);
  }
  if (auto effect = read_effect(name, rest)) return std::move(*effect);
  if (const auto why = why_not(name); !why.empty()) return unknown(std::string(why));
  if (text.empty()) return unknown("it has no action");
  return unknown(
      "this is no action of access(5) but a restriction or a class of them, which only Postfix can "
      "apply");
}

std::string too_many_exceptions() {
  return "more than " + std::to_string(most_exceptions) +
         " runs of lines before it keep mail from it, and rules for so many would be too large; "
         "make tables of the two kinds of lines by hand";
}

bool stands_at_mail(const Action& action) {
  return action.kind == Action::Kind::effect && action.effect != "warn";
}

void set_action(NewRule& rule, const Action& action) {
  if (stands_at_mail(action)) rule.stage = "mail";
  rule.verdict = action.kind == Action::Kind::refuse ? action.verdict : Verdict::accept;
  rule.reason = action.reason;
  rule.code = action.code;
  rule.text = action.text;
  rule.effect = action.effect;
  rule.value = action.value;
}

std::string_view outcome_text(const Action& action) {
  if (action.kind == Action::Kind::effect) return "marked";
  if (action.kind != Action::Kind::refuse) return "accepted";
  return action.verdict == Verdict::defer ? "put off" : "refused";
}

}  // namespace postern::importer
