#include "rules/effects.h"

#include "checks/authserv_id.h"
#include "checks/check.h"
#include "model/text.h"
#include "postern/decision.h"
#include "rules/rule.h"
#include "rules/settings.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern {
namespace {

constexpr std::array<std::string_view, 7> kinds{"add_header", "remove_header", "redirect", "bcc",
                                                "tag",        "delay",         "warn"};
constexpr std::array<std::string_view, 4> states{"done", "earlier", "waiting", "failed"};

template <typename Enum, std::size_t Size>
std::optional<Enum> from_text(const std::array<std::string_view, Size>& texts,
                              std::string_view text) noexcept {
  for (std::size_t i = 0; i < Size; ++i) {
    if (texts[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

/// Octets of one field's value in a header or warning: an address of the greatest length
/// (RFC 5321 4.5.3.1) may be cut, no sender can push out what the administrator wrote.
constexpr std::size_t longest_field = 256;

/// The reference of the decision, which replies name in their own way.
constexpr std::string_view reference_field = "ref";

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

const ReplyField* find_field(std::string_view name) {
  const auto fields = reply_fields();
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

/// Fields whose values only a refusal by a check has.
bool has_value(const ReplyField& field) { return !field.otherwise.empty(); }

struct Piece {
  std::string_view literal;
  std::string_view field;  // empty: a literal
  std::string_view otherwise;
  std::size_t offset = 0;
  std::size_t length = 0;
};

std::vector<Piece> parse(std::string_view text, std::vector<TemplateProblem>& problems) {
  std::vector<Piece> pieces;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto open = std::min(text.find('{', at), text.size());
    const auto literal = text.substr(at, open - at);
    if (const auto stray = literal.find('}'); stray != std::string_view::npos) {
      problems.push_back({at + stray, 1, "'}' without '{'", "a field is written {name}"});
    }
    if (!literal.empty()) pieces.push_back({literal, {}, {}, at, literal.size()});
    if (open == text.size()) break;
    const auto close = text.find('}', open);
    if (close == std::string_view::npos) {
      problems.push_back(
          {open, text.size() - open, "'{' is never closed", "a field is written {name}"});
      break;
    }
    const auto inside = text.substr(open + 1, close - open - 1);
    const auto bar = inside.find('|');
    Piece piece;
    piece.field = inside.substr(0, bar);
    if (piece.field.empty()) piece.field = " ";  // no field's name
    if (bar != std::string_view::npos) piece.otherwise = inside.substr(bar + 1);
    piece.offset = open;
    piece.length = close + 1 - open;
    pieces.push_back(piece);
    at = close + 1;
  }
  return pieces;
}

/// One line of printable ASCII: what comes from outside can neither end a header field nor begin
/// another.
std::string clean(std::string_view value) {
  std::string text(value.substr(0, longest_field));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return !is_printable(c); }, '?');
  return text;
}

FieldValues values_for(const IdentitySettings& identity, const Transaction& transaction) {
  auto values = field_values(transaction);
  values.emplace_back("host", identity.host);
  if (!transaction.reference.empty()) {
    values.emplace_back(reference_field, transaction.reference.text());
  }
  return values;
}

std::string fill(std::string_view text, const FieldValues& values, std::size_t longest) {
  std::vector<TemplateProblem> ignored;
  std::string result;
  for (const auto& piece : parse(text, ignored)) {
    if (piece.field.empty()) {
      result += piece.literal;
      continue;
    }
    std::string_view value;
    for (const auto& [name, known] : values) {
      if (name == piece.field) value = known;
    }
    if (value.empty()) value = piece.otherwise;
    if (const auto* field = find_field(piece.field); value.empty() && field != nullptr) {
      value = field->otherwise;
    }
    result += value.empty() ? std::string("-") : clean(value);
  }
  if (result.size() > longest) {
    result.resize(longest - 3);
    result += "...";
  }
  return result;
}

std::string words(EffectKind kind, const std::string& name, const std::string& value,
                  std::chrono::milliseconds delay) {
  std::string text(to_text(kind));
  text += ' ';
  if (kind == EffectKind::delay) return text + std::to_string(delay.count()) + "ms";
  if (kind == EffectKind::remove_header) return text + name;
  if (kind == EffectKind::add_header) text += name + ": ";
  return text + value;
}

/// An answer is delayed where the rule's stage is answered: rules up to RCPT at each RCPT, which is
/// where both doors speak of them, later ones at their own. The policy service hears of the end of
/// the headers at the end of the message.
bool is_answered_here(const Rule& rule, const Transaction& transaction) {
  auto stage = std::max(rule.place.stage, Stage::rcpt);
  if (transaction.door == Door::policy && stage == Stage::end_of_headers) {
    stage = Stage::end_of_message;
  }
  return stage == transaction.stage;
}

/// The value of a field of checks; nullopt: there is nothing to tell, or not yet.
std::optional<std::string> value_of(const FieldOfChecks& field, const IdentitySettings& identity,
                                    const Transaction& transaction, const Facts& facts) {
  const bool is_list = field.form == FieldForm::authentication_results;
  std::string value = is_list ? identity.authserv_id() : std::string();
  bool told = false;
  for (const auto& check : field.checks) {
    if (transaction.stage < check->description().earliest) return std::nullopt;
    const auto part = check->field_text(field.form, transaction, facts);
    if (part.state == FieldText::State::open) return std::nullopt;
    if (part.state == FieldText::State::nothing) continue;
    if (!is_list) return part.text;
    // Names from outside may be long; a result that is cut would be another one.
    if (value.size() + 2 + part.text.size() > longest_header_value) continue;
    value += "; " + part.text;
    told = true;
  }
  if (!is_list) return std::nullopt;
  return told ? value : value + "; none";
}

}  // namespace

bool keeps_message(const Decision& decision) noexcept {
  return decision.verdict == Verdict::pass || decision.verdict == Verdict::accept ||
         decision.verdict == Verdict::quarantine;
}

std::string_view key_of(const RuleEffect& effect) noexcept {
  if (!effect.field) return to_text(effect.kind);
  return effect.field->form == FieldForm::received_spf ? "received_spf" : "authentication_results";
}

Stage earliest_stage(const std::vector<RuleEffect>& effects) noexcept {
  auto stage = Stage::connect;
  for (const auto& effect : effects) {
    if (!effect.field) continue;
    for (const auto& check : effect.field->checks) {
      stage = std::max(stage, check->description().earliest);
    }
  }
  return stage;
}

std::vector<Question> field_questions(const Rule& rule, const Transaction& transaction,
                                      const Facts& facts) {
  std::vector<Question> questions;
  for (const auto& effect : rule.effects) {
    if (!effect.field) continue;
    for (const auto& check : effect.field->checks) {
      if (transaction.stage < check->description().earliest) continue;
      auto part = check->field_text(effect.field->form, transaction, facts);
      if (part.state != FieldText::State::open) continue;
      for (auto& question : part.questions) {
        // Asking for what has been answered would never end.
        if (facts.find(question) != nullptr ||
            std::find(questions.begin(), questions.end(), question) != questions.end()) {
          continue;
        }
        questions.push_back(std::move(question));
      }
    }
  }
  return questions;
}

std::string_view to_text(EffectKind kind) noexcept { return kinds[static_cast<std::size_t>(kind)]; }
std::optional<EffectKind> effect_kind_from_text(std::string_view text) noexcept {
  return from_text<EffectKind>(kinds, text);
}

std::string_view to_text(EffectState state) noexcept {
  return states[static_cast<std::size_t>(state)];
}
std::optional<EffectState> effect_state_from_text(std::string_view text) noexcept {
  return from_text<EffectState>(states, text);
}

bool touches_message(EffectKind kind) noexcept {
  return kind != EffectKind::tag && kind != EffectKind::delay && kind != EffectKind::warn;
}

std::string describe(const Effect& effect) {
  return words(effect.kind, effect.name, effect.value, effect.delay);
}

std::vector<TemplateProblem> check_effect_text(std::string_view text, Stage stage) {
  std::vector<TemplateProblem> problems;
  for (const auto& piece : parse(text, problems)) {
    if (piece.field.empty() || piece.field == reference_field) continue;
    const auto* field = find_field(piece.field);
    if (field == nullptr || !has_value(*field)) {
      std::vector<std::string> names{std::string(reference_field)};
      for (const auto& known : reply_fields()) {
        if (has_value(known)) names.emplace_back(known.name);
      }
      const auto near = nearest_name(piece.field, names);
      problems.push_back({piece.offset, piece.length,
                          "there is no field {" + std::string(piece.field) + "} here",
                          near.empty() ? "" : "did you mean {" + near + "}?"});
    } else if ((stage < field->earliest || stage > field->latest) && piece.otherwise.empty()) {
      problems.push_back({piece.offset, piece.length,
                          '{' + std::string(field->name) + "} is not known at stage " +
                              std::string(to_text(stage)),
                          field->earliest == field->latest
                              ? "it is known at " + std::string(to_text(field->earliest)) + " only"
                              : "it is known from " + std::string(to_text(field->earliest)) +
                                    " on; give the rule that stage, or write {" +
                                    std::string(field->name) + "|none}"});
    }
  }
  const auto odd = std::find_if_not(text.begin(), text.end(), is_printable);
  if (odd != text.end()) {
    problems.push_back({static_cast<std::size_t>(odd - text.begin()), 1,
                        "an octet that is not printable ASCII", "write it in ASCII, on one line"});
  }
  return problems;
}

bool adds_results(const RuleEffect& effect) {
  return effect.kind == EffectKind::add_header && lower(effect.name) == results_field;
}

bool has_fields(std::string_view text) noexcept { return text.find('{') != std::string_view::npos; }

bool takes_away(const Rule& rule) noexcept {
  return std::any_of(rule.effects.begin(), rule.effects.end(),
                     [](const RuleEffect& effect) { return effect.kind == EffectKind::redirect; });
}

std::vector<std::string> effect_words(const Rule& rule) {
  std::vector<std::string> result;
  result.reserve(rule.effects.size());
  for (const auto& effect : rule.effects) {
    result.push_back(words(effect.kind, effect.name, effect.text, effect.delay));
  }
  return result;
}

void add_effects(Decision& decision, const std::vector<const Rule*>& acted,
                 const IdentitySettings& identity, const Transaction& transaction,
                 const Facts& facts) {
  if (acted.empty()) return;
  const bool touchable = keeps_message(decision);
  const auto values = values_for(identity, transaction);
  bool redirected = false;
  std::chrono::milliseconds delay_left = longest_delay;
  for (const auto* rule : acted) {
    for (const auto& effect : rule->effects) {
      if (touches_message(effect.kind) && !touchable) continue;
      if (effect.kind == EffectKind::redirect && std::exchange(redirected, true)) continue;
      const auto delay = std::min(effect.delay, delay_left);
      if (effect.kind == EffectKind::delay) {
        if (delay.count() == 0 || !is_answered_here(*rule, transaction)) continue;
        delay_left -= delay;
      }
      if (effect.field) {
        if (auto value = value_of(*effect.field, identity, transaction, facts)) {
          decision.effects.push_back(
              {effect.kind, rule->place.name, effect.name, std::move(*value), {}});
        }
        continue;
      }
      const bool filled = effect.kind == EffectKind::add_header || effect.kind == EffectKind::warn;
      const auto longest = effect.kind == EffectKind::warn ? longest_warning : longest_header_value;
      auto text = filled ? fill(effect.text, values, longest) : effect.text;
      // Readers of logs end a text there, and a sender may have one in a quoted local part.
      if (effect.kind == EffectKind::warn) std::replace(text.begin(), text.end(), ';', ',');
      decision.effects.push_back(
          {effect.kind, rule->place.name, effect.name, std::move(text), delay});
    }
  }
}

}  // namespace postern
