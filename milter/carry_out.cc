#include "milter/carry_out.h"

#include "checks/authserv_id.h"
#include "model/text.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace postern::milter_door {
namespace {

bool remove_header(const std::string& name, const MessageFacts& message, MessageEditor& editor) {
  const auto found = message.headers.find(lower(name));
  bool good = true;
  // From the last one on: taking one out changes the numbers of those behind it.
  for (int index = found == message.headers.end() ? 0 : found->second; index > 0; --index) {
    good = editor.delete_header(name, index) && good;
  }
  return good;
}

/// Before any other field is removed: that would change their numbers. Where a rule removes all
/// fields of the name, these go with them.
void remove_forged(const Decision& decision, const MessageFacts& message, MessageEditor& editor,
                   CarriedOut& carried) {
  const auto removes_all = [](const Effect& effect) {
    return effect.kind == EffectKind::remove_header && lower(effect.name) == results_field;
  };
  const auto& effects = decision.effects;
  if (std::any_of(effects.begin(), effects.end(), removes_all)) return;
  const std::string name(results_field_name);
  const auto& numbers = message.forged_results;
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    ++(editor.delete_header(name, *number) ? carried.forged_removed : carried.forged_left);
  }
}

/// A field is folded where a result ends, so that people can read it; whoever reads it by the
/// standard sees one line.
std::string folded(std::string value) {
  constexpr std::size_t good_length = 78;  // octets, RFC 5322 2.1.1
  if (value.size() + results_field_name.size() + 2 <= good_length) return value;
  bool quoted = false;
  for (std::size_t i = 0; i + 1 < value.size(); ++i) {
    if (quoted && value[i] == '\\') {
      ++i;
    } else if (value[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && value[i] == ';' && value[i + 1] == ' ') {
      value.replace(i + 1, 1, "\n\t");
    }
  }
  return value;
}

/// The new recipient first: a message that has none vanishes without a word (seen in both MTAs).
void redirect(const std::string& address, const MessageFacts& message, MessageEditor& editor) {
  const std::string wrapped = '<' + address + '>';
  if (!editor.add_recipient(wrapped)) {
    throw std::runtime_error("the mail server does not let us redirect a message");
  }
  for (const auto& recipient : message.recipients) {
    if (lower(recipient) == lower(wrapped)) continue;
    if (!editor.remove_recipient(recipient)) {
      throw std::runtime_error("the mail server does not let us take recipients out");
    }
  }
}

/// What `postern` writes of itself; what a policy writes stays as it is.
bool is_traced(const std::string& name) {
  return lower(name) == results_field || lower(name) == "received-spf";
}

EffectFate done() { return {EffectState::done, {}}; }

EffectFate fate(bool good) {
  if (good) return done();
  return {EffectState::failed, "the mail server refused it"};
}

}  // namespace

CarriedOut carry_out(const Decision& decision, const MessageFacts& message, MessageEditor& editor) {
  if (decision.verdict == Verdict::quarantine &&
      !editor.hold(logged_note(decision.note, message.reference))) {
    throw std::runtime_error("the mail server does not let us hold a message");
  }
  CarriedOut carried;
  remove_forged(decision, message, editor, carried);
  auto& fates = carried.fates;
  fates.resize(decision.effects.size(), done());
  for (std::size_t i = 0; i < fates.size(); ++i) {
    const auto& effect = decision.effects[i];
    switch (effect.kind) {
      case EffectKind::redirect:
        redirect(effect.value, message, editor);
        break;
      case EffectKind::bcc:
        fates[i] = fate(editor.add_recipient('<' + effect.value + '>'));
        break;
      case EffectKind::remove_header:
        fates[i] = fate(remove_header(effect.name, message, editor));
        break;
      case EffectKind::add_header:
      case EffectKind::tag:
      case EffectKind::warn:
      case EffectKind::delay:
        break;
    }
  }
  // Each goes to the top, so the first of them is put there last. Behind the removals: what we add
  // ourselves is not to be counted by these.
  for (std::size_t i = fates.size(); i-- > 0;) {
    const auto& effect = decision.effects[i];
    if (effect.kind != EffectKind::add_header) continue;
    const auto value = is_traced(effect.name) ? folded(effect.value) : effect.value;
    fates[i] = fate(editor.insert_header(effect.name, std::string(message.before_value) + value));
  }
  return carried;
}

std::vector<EffectFate> wait_for_end(const Decision& decision) {
  std::vector<EffectFate> fates;
  fates.reserve(decision.effects.size());
  for (const auto& effect : decision.effects) {
    fates.push_back(touches_message(effect.kind)
                        ? EffectFate{EffectState::waiting, "for the end of the message"}
                        : done());
  }
  return fates;
}

}  // namespace postern::milter_door
