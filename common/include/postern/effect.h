// Effect: what a decision does besides its verdict: header fields, other recipients, marks in the
// log. A part of the decision, as pure as the rest of it; the front ends carry it out.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

enum class EffectKind : std::uint8_t {
  add_header,
  remove_header,  ///< every field of the name
  redirect,       ///< to one address instead of all recipients
  bcc,            ///< to one address more
  tag,            ///< a word in record and log
  delay,          ///< before the answer
  warn,           ///< a text in record and log
};
/// "add_header": as the policy's key.
std::string_view to_text(EffectKind kind) noexcept;
std::optional<EffectKind> effect_kind_from_text(std::string_view text) noexcept;

/// True for what changes the message or its recipients, all of them.
bool touches_message(EffectKind kind) noexcept;

struct Effect {
  EffectKind kind = EffectKind::tag;
  std::string rule;                    ///< name of the rule that wants it
  std::string name;                    ///< of a header field
  std::string value;                   ///< the field's value, the address, the word, the text
  std::chrono::milliseconds delay{0};  ///< of a delay

  friend bool operator==(const Effect&, const Effect&) = default;
};
/// "add_header X-Spam: yes", "bcc archive@example.org": for people. Printable ASCII.
std::string describe(const Effect& effect);

/// What has become of an effect when the answer went out.
enum class EffectState : std::uint8_t {
  done,
  earlier,  ///< with an earlier answer about the same message
  waiting,  ///< for a later answer about the same message, or for its end
  failed,   ///< and will not be done; the message goes on without it
};
std::string_view to_text(EffectState state) noexcept;
std::optional<EffectState> effect_state_from_text(std::string_view text) noexcept;

struct EffectFate {
  EffectState state = EffectState::waiting;
  std::string why;  ///< of a failure, or what it waits for; may be empty

  friend bool operator==(const EffectFate&, const EffectFate&) = default;
};

}  // namespace postern
