// Plan: what the loaded policy needs of an SMTP session, and the milter options that follow from
// it.
//
// What is negotiated costs three to four times more than what is computed, so every step, and every
// reply, that no rule can use is turned off before the session begins.
#pragma once

#include "postern/policy.h"
#include "postern/transaction.h"
#include "rules/settings.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace postern::milter_door {

/// Protocol options of the milter protocol, version 6. libmilter's own names are macros of a header
/// that only callbacks.cc includes; that file checks that the values agree.
namespace step {
inline constexpr std::uint32_t no_body = 0x10;
inline constexpr std::uint32_t no_headers = 0x20;
inline constexpr std::uint32_t no_end_of_headers = 0x40;
inline constexpr std::uint32_t no_reply_header = 0x80;
inline constexpr std::uint32_t no_unknown = 0x100;
inline constexpr std::uint32_t no_data = 0x200;
inline constexpr std::uint32_t no_reply_connect = 0x1000;
inline constexpr std::uint32_t no_reply_helo = 0x2000;
inline constexpr std::uint32_t no_reply_mail = 0x4000;
inline constexpr std::uint32_t no_reply_data = 0x10000;
inline constexpr std::uint32_t no_reply_end_of_headers = 0x40000;
inline constexpr std::uint32_t no_reply_body = 0x80000;
inline constexpr std::uint32_t header_leading_space = 0x100000;
}  // namespace step

/// Actions of the milter protocol. Naming the macros we want is always asked for, the others only
/// when a rule may need them: an MTA need not expect changes of a filter that never makes any.
namespace action {
inline constexpr std::uint32_t add_headers = 0x1;
inline constexpr std::uint32_t add_recipients = 0x4;
inline constexpr std::uint32_t delete_recipients = 0x8;
inline constexpr std::uint32_t change_headers = 0x10;
inline constexpr std::uint32_t quarantine = 0x20;
}  // namespace action
inline constexpr std::uint32_t action_set_symbols = 0x100;

/// A plain value, made once per session from its policy.
struct Plan {
  std::array<bool, stage_count> rules{};  ///< true where a rule stands, by Stage
  Speak speak = Speak::rcpt;
  bool content = false;  ///< a rule asks for the message's content, or its real size at its end
  std::uint32_t actions = 0;           ///< that rules may need
  std::vector<std::string> to_remove;  ///< header fields that a rule removes, in small letters
  /// Names that only we may have in Authentication-Results, in normal spelling; empty: no rule adds
  /// such a field, and whatever comes in with them is none of our business.
  std::vector<std::string> authserv_ids;

  static Plan of(const Policy& policy);

  bool rule_at(Stage stage) const noexcept { return rules[static_cast<std::size_t>(stage)]; }
  /// True if we have to see the header's fields.
  bool reads_headers() const noexcept { return !to_remove.empty() || !authserv_ids.empty(); }
  /// True if a rule stands at `stage` or before it.
  bool rule_up_to(Stage stage) const noexcept;
  /// True if the answer at `stage` can be anything but "go on". At RCPT and at the end of message
  /// always: there trouble of earlier stages is spoken as well.
  bool speaks_at(Stage stage) const noexcept;
  /// True if `decision`, made at `stage`, is a refusal to be spoken there; else it is found again
  /// and spoken at a later stage (semantics 4, 5), or is none.
  bool speaks(Stage stage, const Decision& decision) const noexcept;
};

/// What libmilter is told. Never holds an option that was not offered, because libmilter then ends
/// the session.
struct Negotiated {
  std::uint32_t actions = 0;
  std::uint32_t steps = 0;

  /// True if the MTA was told not to wait for an answer at `stage`.
  bool no_reply_at(Stage stage) const noexcept;
  bool has(std::uint32_t option) const noexcept { return (steps & option) != 0; }
};

Negotiated negotiate(const Plan& plan, std::uint32_t offered_actions, std::uint32_t offered_steps);

}  // namespace postern::milter_door
