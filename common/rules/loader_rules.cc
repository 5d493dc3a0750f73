#include "reply/compose.h"
#include "rules/loader.h"

#include <algorithm>
#include <array>
#include <cctype>
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

std::string forms_text(const Reason& reason) {
  std::vector<std::string> forms;
  for (const auto& form : allowed_forms(reason)) forms.push_back(form.text());
  return list_text(forms);
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

bool is_always(std::string_view condition) {
  const auto first = condition.find_first_not_of(" \t\r\n");
  const auto last = condition.find_last_not_of(" \t\r\n");
  return first != std::string_view::npos && condition.substr(first, last - first + 1) == "true";
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

struct RuleCompiler::Action {
  Verdict verdict = Verdict::pass;
  const Member* member = nullptr;  ///< accept, reject or defer
  std::optional<AcceptScope> scope;
  const Reason* reason = nullptr;
  std::optional<ReplyForm> form;

  bool refuses() const { return verdict != Verdict::accept; }
};

void RuleCompiler::add(const Node& source) {
  values_.check_keys(source, "rule");
  auto& diagnostics = values_.diagnostics();
  const auto name = read_name(source);
  const auto action = read_action(source, name.value_or(""));
  const auto stage_word = values_.text(source, "rule.stage");
  const auto wish = stage_word ? stage_from_text(*stage_word) : std::nullopt;
  const bool wrong_stage = source.find("stage") != nullptr && !wish;
  auto condition = read_condition(source, wish);
  const auto mode = values_.text(source, "rule.mode");
  const auto unavailable = values_.text(source, "rule.unavailable");

  bool good = name && action && condition && !wrong_stage;
  if (action && action->refuses() && unavailable == "match") {
    diagnostics.error(source.find("unavailable")->value.span,
                      "a missing fact cannot make a refusal come true",
                      "say unavailable = \"defer\" to refuse for now, or \"skip\"");
    good = false;
  }
  if (action && !action->refuses()) {
    for (const auto* key : {"code", "text"}) {
      if (const auto* member = source.find(key)) {
        diagnostics.error(member->key_span,
                          quoted(key) + " belongs to a refusal, and this rule accepts",
                          "take it out");
        good = false;
      }
    }
  }
  if (action && condition) good = check_scope(*action, *condition) && good;
  if (!action || !condition || wrong_stage) return;

  const auto stage = place(source, *action, *condition, wish);
  if (!stage) return;
  if (action->refuses()) {
    good = check_spoken(*action, *stage) && good;
    good = check_text(source, *stage) && good;
    good = check_new_address(source, *action) && good;
  }
  if (!good || !name) return;

  DraftRule draft{{{*name, source.span.file->name(),
                    source.span.file->position(source.span.begin).line, *stage},
                   std::move(*condition),
                   action->verdict,
                   action->scope,
                   action->reason,
                   action->form,
                   {},
                   mode == "shadow" ? RuleMode::shadow : RuleMode::enforce,
                   WhenUnavailable::skip,
                   {}},
                  &source,
                  source.find("name")->value.span,
                  false};
  if (const auto* text = source.find("text")) draft.rule.text = text->value.string;
  draft.rule.limit = draft.rule.condition.limit();
  if (unavailable == "defer") draft.rule.unavailable = WhenUnavailable::defer;
  if (unavailable == "match") draft.rule.unavailable = WhenUnavailable::match;
  const auto* when = source.find("when");
  draft.always = when == nullptr || is_always(when->value.string);
  rules_.push_back(std::move(draft));
}

std::vector<DraftRule> RuleCompiler::take() {
  std::stable_sort(rules_.begin(), rules_.end(), [](const DraftRule& a, const DraftRule& b) {
    return a.rule.place.stage < b.rule.place.stage;
  });
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

std::optional<RuleCompiler::Action> RuleCompiler::read_action(const Node& source,
                                                              const std::string& name) const {
  auto& diagnostics = values_.diagnostics();
  Action action;
  bool one = true;
  for (const auto& member : source.members) {
    if (member.key != "accept" && member.key != "reject" && member.key != "defer") continue;
    if (action.member != nullptr) {
      diagnostics.error(member.key_span, "a rule has one action, and this is another",
                        "it already has " + quoted(action.member->key) + " at " +
                            place_text(action.member->key_span) + "; make it two rules");
      one = false;
      continue;
    }
    action.member = &member;
    action.verdict = member.key == "accept"   ? Verdict::accept
                     : member.key == "reject" ? Verdict::reject
                                              : Verdict::defer;
  }
  if (action.member == nullptr) {
    const bool later = source.find("discard") != nullptr || source.find("quarantine") != nullptr;
    if (!later) {
      diagnostics.error(source.span,
                        name.empty() ? std::string("this rule has no action")
                                     : "rule " + quoted(name) + " has no action",
                        "add accept, reject or defer");
    }
    return {};
  }
  if (!action.refuses()) {
    const auto scope = values_.text(source, "rule.accept");
    if (!scope) return {};
    action.scope = accept_scope_from_text(*scope);
    return one ? std::optional(action) : std::nullopt;
  }
  if (!values_.text(source, "rule." + action.member->key)) return {};
  action.reason = read_reason(action.member->value);
  if (action.reason == nullptr || !read_code(source, action)) return {};
  if (!check_class(source, action) || !one) return {};
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

bool RuleCompiler::read_code(const Node& source, Action& action) const {
  const auto* member = source.find("code");
  if (member == nullptr) return true;
  const auto code = values_.text(source, "rule.code");
  if (!code) return false;
  const auto forms = allowed_forms(*action.reason);
  const auto form = ReplyForm::parse(*code);
  if (form && std::find(forms.begin(), forms.end(), *form) != forms.end()) {
    action.form = form;
    return true;
  }
  std::string why = quoted(*code) + " is not a reply that " + quoted(action.reason->id) + " allows";
  if (!form) why = quoted(*code) + " is not a legal pair of reply code and enhanced code";
  values_.diagnostics().error(member->value.span, std::move(why),
                              "it allows " + forms_text(*action.reason));
  return false;
}

/// What the reply's first digit says must be what the verdict says.
bool RuleCompiler::check_class(const Node& source, const Action& action) const {
  const auto form = action.form ? action.form : ReplyForm::parse(action.reason->reply);
  const bool temporary =
      form ? form->code.first_digit() == 4 : action.reason->kind == ReasonClass::temporary;
  if (temporary == (action.verdict == Verdict::defer)) return true;
  const std::string other = temporary ? "defer" : "reject";
  const auto* code = source.find("code");
  if (action.form && code != nullptr) {
    values_.diagnostics().error(code->value.span,
                                quoted(code->value.string) + " refuses " +
                                    (temporary ? "for now" : "for good") + ", and the rule says " +
                                    action.member->key,
                                "write " + other + " = " + quoted(action.reason->id));
  } else {
    values_.diagnostics().error(action.member->key_span,
                                quoted(action.reason->id) + " is a " +
                                    (temporary ? "temporary" : "permanent") + " refusal (" +
                                    std::string(action.reason->reply) + ")",
                                "write " + other + " = " + quoted(action.reason->id));
  }
  return false;
}

std::optional<Condition> RuleCompiler::read_condition(const Node& source,
                                                      std::optional<Stage> stage) const {
  const auto* member = source.find("when");
  if (member == nullptr) return Condition::always();
  if (!values_.text(source, "rule.when")) return {};
  auto compiled = Condition::compile(member->value.string, {&checks_, &tables_.tables, stage});
  if (auto* condition = std::get_if<Condition>(&compiled)) return std::move(*condition);
  for (const auto& problem : std::get<std::vector<ExpressionProblem>>(compiled)) {
    // A table that did not load has been reported where it stands.
    const auto word = member->value.string.substr(
        std::min(problem.offset, member->value.string.size()), problem.length);
    if (tables_.broken.contains(word)) continue;
    values_.diagnostics().error(member->value.part(problem.offset, problem.length), problem.message,
                                problem.hint);
  }
  return {};
}

/// The stage the rule stands at: what it says, else the earliest at which all that its condition
/// names is known and its reason may stand.
std::optional<Stage> RuleCompiler::place(const Node& source, const Action& action,
                                         const Condition& condition,
                                         std::optional<Stage> wish) const {
  auto& diagnostics = values_.diagnostics();
  if (wish) {
    if (!action.refuses() || may_stand_at(*action.reason, *wish)) return wish;
    diagnostics.error(
        source.find("stage")->value.span,
        quoted(action.reason->id) + " cannot be a refusal of stage " + stage_text(*wish),
        "it may stand at " + stages_text(*action.reason));
    return {};
  }
  const auto earliest = condition.earliest_stage();
  if (!action.refuses()) return earliest;
  for (const auto stage : all_stages) {
    if (stage < earliest || !may_stand_at(*action.reason, stage)) continue;
    if (stage == earliest) return stage;
    // Names can go out of reach at a later stage: there is no `recipient` after RCPT.
    if (const auto* when = source.find("when")) {
      const auto later = Condition::compile(when->value.string, {&checks_, &tables_.tables, stage});
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

bool RuleCompiler::check_spoken(const Action& action, Stage stage) const {
  std::optional<ReplyStage> reported;
  for (const auto& [spoken, door] : spoken_at(stage, settings_.listen)) {
    if (form_at(*action.reason, action.form, spoken) || reported == spoken) continue;
    values_.diagnostics().error(action.member->value.span,
                                door + " speaks this refusal at " + std::string(to_text(spoken)) +
                                    ", where " + quoted(action.reason->id) + " has no legal reply",
                                "choose another reason or another stage");
    reported = spoken;
  }
  return !reported;
}

/// Semantics 2: an accept settles only what its condition speaks of.
bool RuleCompiler::check_scope(const Action& action, const Condition& condition) const {
  if (action.scope != AcceptScope::session) return true;
  const auto& subjects = condition.subjects();
  const auto* subject = subjects.content     ? "the content"
                        : subjects.size      ? "the size"
                        : subjects.recipient ? "the recipient"
                        : subjects.sender    ? "the sender"
                                             : nullptr;
  if (subject == nullptr) return true;
  values_.diagnostics().error(
      action.member->value.span,
      std::string("this would settle the whole session by ") + subject + " of one message",
      "write accept = \"message\"");
  return false;
}

bool RuleCompiler::check_text(const Node& source, Stage stage) const {
  const auto* member = source.find("text");
  if (member == nullptr) return true;
  if (!values_.text(source, "rule.text")) return false;
  if (member->value.string.empty()) {
    values_.diagnostics().error(member->value.span, "\"text\" is empty",
                                "take it out for the catalogue's text");
    return false;
  }
  const auto problems = check_template(member->value.string, stage);
  for (const auto& problem : problems) {
    values_.diagnostics().error(member->value.part(problem.offset, problem.length), problem.message,
                                problem.hint);
  }
  return problems.empty();
}

/// RFC 5321 3.4, 4.2.3: a 551 says where the mailbox is now. Only the administrator knows that.
bool RuleCompiler::check_new_address(const Node& source, const Action& action) const {
  const auto form = action.form ? action.form : ReplyForm::parse(action.reason->reply);
  if (!form || form->code.value() != 551) return true;
  const auto* text = source.find("text");
  if (text != nullptr && (text->value.string.empty() || has_address(text->value.string))) {
    return true;  // an empty one has been reported
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
  return false;
}

}  // namespace postern
