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
  const Member* member = nullptr;  ///< accept, reject or defer; nullptr: none was found
  std::optional<AcceptScope> scope;
  const Reason* reason = nullptr;
  std::optional<ReplyForm> form;

  bool accepts() const { return member != nullptr && verdict == Verdict::accept; }
  bool refuses() const { return member != nullptr && verdict != Verdict::accept; }
  bool complete() const { return scope || reason != nullptr; }
};

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
  auto condition = read_condition(source, wish);
  const auto mode = values_.text(source, "rule.mode");
  const auto unavailable = values_.text(source, "rule.unavailable");
  check_companions(source, action);
  if (condition) check_scope(action, *condition);

  const bool unclear = source.find("stage") != nullptr && !wish;
  const auto stage =
      unclear ? std::nullopt : place(source, action, condition ? &*condition : nullptr, wish);
  if (stage && action.reason != nullptr) check_spoken(action, *stage);
  if (!action.accepts()) check_text(source, stages_for_text(action, condition, stage));
  if (action.reason != nullptr) check_new_address(source, action);

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

/// Keys that do not go with the rule's action.
void RuleCompiler::check_companions(const Node& source, const Action& action) const {
  auto& diagnostics = values_.diagnostics();
  const auto* unavailable = source.find("unavailable");
  if (action.refuses() && unavailable != nullptr && unavailable->value.string == "match") {
    diagnostics.error(unavailable->value.span, "a missing fact cannot make a refusal come true",
                      "say unavailable = \"defer\" to refuse for now, or \"skip\"");
  }
  if (!action.accepts()) return;
  for (const auto* key : {"code", "text"}) {
    if (const auto* member = source.find(key)) {
      diagnostics.error(member->key_span,
                        quoted(key) + " belongs to a refusal, and this rule accepts",
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

RuleCompiler::Action RuleCompiler::read_action(const Node& source, const std::string& name) const {
  auto& diagnostics = values_.diagnostics();
  Action action;
  for (const auto& member : source.members) {
    if (member.key != "accept" && member.key != "reject" && member.key != "defer") continue;
    if (action.member != nullptr) {
      diagnostics.error(member.key_span, "a rule has one action, and this is another",
                        "it already has " + quoted(action.member->key) + " at " +
                            place_text(action.member->key_span) + "; make it two rules");
      continue;
    }
    action.member = &member;
    action.verdict = member.key == "accept"   ? Verdict::accept
                     : member.key == "reject" ? Verdict::reject
                                              : Verdict::defer;
  }
  if (action.member == nullptr) {
    // Any key to come may be its action, and has been reported.
    const bool later =
        std::any_of(source.members.begin(), source.members.end(), [](const Member& member) {
          const auto* key = find_key("rule." + member.key);
          return key != nullptr && key->availability == Availability::later;
        });
    if (!later) {
      diagnostics.error(source.span,
                        name.empty() ? std::string("this rule has no action")
                                     : "rule " + quoted(name) + " has no action",
                        "add accept, reject or defer");
    }
    read_code(source, action);
    return action;
  }
  if (action.accepts()) {
    const auto scope = values_.text(source, "rule.accept");
    if (scope) action.scope = accept_scope_from_text(*scope);
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

std::optional<Condition> RuleCompiler::read_condition(const Node& source,
                                                      std::optional<Stage> stage) const {
  const auto* member = source.find("when");
  if (member == nullptr) return Condition::always();
  if (!values_.text(source, "rule.when")) return {};
  auto compiled = Condition::compile(member->value.string, scope(stage));
  if (auto* condition = std::get_if<Condition>(&compiled)) return std::move(*condition);
  for (const auto& problem : std::get<std::vector<ExpressionProblem>>(compiled)) {
    // A check has been reported where it stands.
    const auto word = member->value.string.substr(
        std::min(problem.offset, member->value.string.size()), problem.length);
    if (tables_.checks.contains(word.substr(0, word.find('.')))) continue;
    values_.diagnostics().error(member->value.part(problem.offset, problem.length), problem.message,
                                problem.hint);
  }
  return {};
}

Condition::Scope RuleCompiler::scope(std::optional<Stage> stage) const {
  return {&checks_, &tables_.tables, stage, unread_ != Unread::nothing};
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
  const auto earliest = condition->earliest_stage();
  if (action.accepts()) return earliest;
  if (action.reason == nullptr) return {};
  for (const auto stage : all_stages) {
    if (stage < earliest || !may_stand_at(*action.reason, stage)) continue;
    if (stage == earliest) return stage;
    // Names can go out of reach at a later stage: there is no `recipient` after RCPT.
    if (const auto* when = source.find("when")) {
      const auto later = Condition::compile(when->value.string, scope(stage));
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

/// Semantics 2: an accept settles only what its condition speaks of.
void RuleCompiler::check_scope(const Action& action, const Condition& condition) const {
  if (action.scope != AcceptScope::session) return;
  const auto& subjects = condition.subjects();
  const auto* subject = subjects.content     ? "the content"
                        : subjects.size      ? "the size"
                        : subjects.recipient ? "the recipient"
                        : subjects.sender    ? "the sender"
                                             : nullptr;
  if (subject == nullptr) return;
  values_.diagnostics().error(
      action.member->value.span,
      std::string("this would settle the whole session by ") + subject + " of one message",
      "write accept = \"message\"");
}

void RuleCompiler::check_text(const Node& source, const std::vector<Stage>& stages) const {
  const auto* member = source.find("text");
  if (member == nullptr || !values_.text(source, "rule.text")) return;
  if (member->value.string.empty()) {
    values_.diagnostics().error(member->value.span, "\"text\" is empty",
                                "take it out for the catalogue's text");
    return;
  }
  auto problems = check_template(member->value.string, stages.front());
  // Of several stages that the rule may stand at, only what is wrong at each of them is certain.
  for (const auto stage : stages) {
    const auto others = check_template(member->value.string, stage);
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
