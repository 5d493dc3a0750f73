#include "milter/carry_out.h"

#include "model/text.h"

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

EffectFate done() { return {EffectState::done, {}}; }

EffectFate fate(bool good) {
  if (good) return done();
  return {EffectState::failed, "the mail server refused it"};
}

}  // namespace

std::vector<EffectFate> carry_out(const Decision& decision, const MessageFacts& message,
                                  MessageEditor& editor) {
  if (decision.verdict == Verdict::quarantine && !editor.hold(decision.note)) {
    throw std::runtime_error("the mail server does not let us hold a message");
  }
  std::vector<EffectFate> fates(decision.effects.size(), done());
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
    fates[i] =
        fate(editor.insert_header(effect.name, std::string(message.before_value) + effect.value));
  }
  return fates;
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
