// Effects of rules: how the modifying actions of the rules that said yes become the effects of a
// decision (semantics 25). Behind the walk. Pure; any thread.
#pragma once

#include "postern/effect.h"
#include "postern/transaction.h"
#include "reply/compose.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

struct Decision;
struct Rule;
struct IdentitySettings;

/// A modifying action of a rule.
struct RuleEffect {
  EffectKind kind = EffectKind::tag;
  std::string name;                    ///< of a header field
  std::string text;                    ///< template of the value or text; address; word
  std::chrono::milliseconds delay{0};  ///< of a delay
};

/// Octets of a header field's value, whatever its fields expand to: with the longest name it stays
/// below the 998 of a line (RFC 5322 2.1.1), so that nobody has to fold it.
inline constexpr std::size_t longest_header_value = 900;
/// Octets of a warning in the log, whose lines are under 1,024 octets as a whole.
inline constexpr std::size_t longest_warning = 200;

/// Faults of a template for a header's value or a warning, of a rule that stands at `stage`:
/// unknown fields, fields that are not known there, braces without a partner, octets that are not
/// printable ASCII.
std::vector<TemplateProblem> check_effect_text(std::string_view text, Stage stage);
/// True if it names a field.
bool has_fields(std::string_view text) noexcept;

/// Whether the rule takes the message away from whom it was sent to. As a refusal for good, that
/// must not rest on an answer that is missing (semantics 6).
bool takes_away(const Rule& rule) noexcept;

/// The rule's effects in words, for the trail: its templates are not filled.
std::vector<std::string> effect_words(const Rule& rule);

/// Fills in `decision.effects` from the rules that acted, in their order. A refusal and a discard
/// leave nothing that touches the message; the first redirect is the one that counts.
void add_effects(Decision& decision, const std::vector<const Rule*>& acted,
                 const IdentitySettings& identity, const Transaction& transaction);

}  // namespace postern
