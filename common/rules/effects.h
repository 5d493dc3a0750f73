// Effects of rules: how the modifying actions of the rules that said yes become the effects of a
// decision (semantics 25). Behind the walk. Pure; any thread.
#pragma once

#include "postern/effect.h"
#include "postern/facts.h"
#include "postern/transaction.h"
#include "reply/compose.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

class Check;
enum class FieldForm : std::uint8_t;
struct Decision;
struct Rule;
struct IdentitySettings;

/// A header field whose value is what checks have found.
struct FieldOfChecks {
  FieldForm form;
  std::vector<std::shared_ptr<const Check>> checks;  ///< of received_spf, one
};

/// A modifying action of a rule.
struct RuleEffect {
  EffectKind kind = EffectKind::tag;
  std::string name;                    ///< of a header field
  std::string text;                    ///< template of the value or text; address; word
  std::chrono::milliseconds delay{0};  ///< of a delay
  /// Of a header field instead of a template, whose place in `text` their names take; null: none.
  std::shared_ptr<const FieldOfChecks> field = {};
};

/// Octets of a header field's value, whatever its fields expand to: with the longest name it stays
/// below the 998 of a line (RFC 5322 2.1.1), so that nobody has to fold it.
inline constexpr std::size_t longest_header_value = 900;
/// The longest that all rules together delay one answer, ours: with the default deadline it stays
/// below milter_command_timeout, 30s (postconf(5)); Postfix waits 100s for the policy service.
inline constexpr std::chrono::milliseconds longest_delay{15'000};
/// Octets of a warning in the log, whose lines are under 1,024 octets as a whole.
inline constexpr std::size_t longest_warning = 200;

/// Faults of a template for a header's value or a warning, of a rule that stands at `stage`:
/// unknown fields, fields that are not known there, braces without a partner, octets that are not
/// printable ASCII.
std::vector<TemplateProblem> check_effect_text(std::string_view text, Stage stage);
/// True if it names a field.
bool has_fields(std::string_view text) noexcept;

/// The key that the policy has for it: "add_header", "received_spf".
std::string_view key_of(const RuleEffect& effect) noexcept;

/// The earliest stage at which all that the effects tell of is known.
Stage earliest_stage(const std::vector<RuleEffect>& effects) noexcept;

/// What header fields of the rule still have to know of checks that are known at the stage of
/// `transaction`. A field says the same whatever came first, so it waits for all its answers, and
/// for no others.
std::vector<Question> field_questions(const Rule& rule, const Transaction& transaction,
                                      const Facts& facts);

/// Whether it adds an Authentication-Results field. Before it is done, fields of the message that
/// only claim to be ours have to go (RFC 8601 5).
bool adds_results(const RuleEffect& effect);

/// Whether the message goes on to whom it was sent to, so that it may be changed.
bool keeps_message(const Decision& decision) noexcept;

/// Whether the rule takes the message away from whom it was sent to. As a refusal for good, that
/// must not rest on an answer that is missing (semantics 6).
bool takes_away(const Rule& rule) noexcept;

/// The rule's effects in words, for the trail: its templates are not filled.
std::vector<std::string> effect_words(const Rule& rule);

/// Fills in `decision.effects` from the rules that acted, in their order. A refusal and a discard
/// leave nothing that touches the message; the first redirect is the one that counts. A header
/// field of checks is left out as long as it has questions.
void add_effects(Decision& decision, const std::vector<const Rule*>& acted,
                 const IdentitySettings& identity, const Transaction& transaction,
                 const Facts& facts);

}  // namespace postern
