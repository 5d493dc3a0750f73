// Reason: why we refuse. A row of the catalogue (common/reply/catalogue.cc), which is data: codes,
// stages, texts and advice for every refusal Postern knows. Rows live as long as the program.
#pragma once

#include "postern/reply.h"

#include <array>
#include <optional>
#include <span>
#include <string_view>

namespace postern {

/// `none`: no refusal may rest on this alone; it can be explained, not used in a rule.
/// `positive`: an answer of class 2 (VRFY), likewise explained only.
enum class ReasonClass : std::uint8_t { temporary, permanent, none, positive };

/// What a reason's text says was looked at, beyond what the mail server itself tells. A rule that
/// never looked there would tell senders what is not true.
enum class Claim : std::uint8_t {
  none,
  reverse_name,      ///< reverse DNS of the client
  helo_lookup,       ///< the HELO name in DNS
  sender_lookup,     ///< the sender's domain in DNS
  lookup,            ///< some other name in DNS
  block_list,        ///< a block list in DNS
  spf,               ///< SPF
  signature,         ///< DKIM, DMARC or ARC
  earlier_attempts,  ///< whether the client came before (greylisting)
  counter,           ///< how often something happened
  reputation,        ///< what was seen of the client before
  callout,           ///< what the sender's own mail server says
  scan,              ///< a scanner's verdict on the content
  content,           ///< the form of the message
  dialogue,          ///< how the client keeps to the order of the session
};

struct Reason {
  /// A reply that stands in for the default at one stage, whose list lacks the default's code.
  struct AtStage {
    ReplyStage stage{};
    std::string_view reply;
  };

  std::string_view id;     ///< "dnsbl-listed"
  std::string_view group;  ///< "client"
  std::string_view what;   ///< a few words, for lists
  ReasonClass kind = ReasonClass::none;
  std::string_view reply;                       ///< "550 5.7.1"; empty for class none
  std::array<std::string_view, 5> tolerated{};  ///< what an administrator may choose instead
  std::array<AtStage, 2> at{};                  ///< empty reply: unused
  ReplyStages stages;                           ///< what the refusal is about
  std::string_view reference;                   ///< RFC sections
  std::string_view note;                        ///< caveats; may be empty
  Claim claim = Claim::none;                    ///< what the text says was looked at

  /// For the sender: a template of at most two sentences with {fields}. `{name|else}` gives a text
  /// for a field that has no value.
  std::string_view text;
  std::string_view advice;       ///< for the sender, part of the reply where there is room
  std::string_view sender_help;  ///< for the sender, at length, for `postern codes` and help pages
  std::string_view operator_help;            ///< for the administrator of the sending server
  std::string_view admin_help;               ///< for the administrator who refused
  std::array<std::string_view, 4> causes{};  ///< likely causes, most likely first
  /// RFC 3463 ties this enhanced code to the other class; a deliberate, documented exception.
  bool breaks_class_rule = false;
  /// The policy door may say DEFER_IF_PERMIT when the reply is 450 (semantics 12).
  bool defer_if_permit = false;
};

/// The whole catalogue, in its order.
std::span<const Reason> all_reasons() noexcept;
/// nullptr when there is no such reason.
const Reason* find_reason(std::string_view id) noexcept;

/// True if a rule may name it: class temporary or permanent and a stage at which a rule can stand.
bool usable_in_rule(const Reason& reason) noexcept;

/// The form in which `reason` is spoken at `spoken`: the administrator's wish if the stage's list
/// has its code and an enhanced code where one is required, else the `at` form, else the default,
/// else the first tolerated alternative, all under the same condition, never of another class than
/// the wish or default. At DATA and after the final dot, for a refusal that belongs to an earlier
/// command and was only reached there, 554 X.7.1 or 451 X.7.0 with the wish's class stands last.
/// nullopt: cannot be spoken there.
std::optional<ReplyForm> form_at(const Reason& reason, const std::optional<ReplyForm>& wish,
                                 ReplyStage spoken);

/// Where a rule with this reason may stand (semantics 4): its own stages, and later ones up to RCPT
/// that have a form for it.
bool may_stand_at(const Reason& reason, Stage stage) noexcept;

/// The allowed answers an administrator may choose from, default first.
std::span<const ReplyForm> allowed_forms(const Reason& reason);

}  // namespace postern
