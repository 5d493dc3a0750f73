// Renders a Reply for each door, within what that door's MTA leaves intact. Pure.
#pragma once

#include "postern/reason.h"
#include "postern/reply.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What smfi_setmlreply gets, and what the client then sees.
struct MilterReply {
  std::string code;                   ///< "550"
  std::string enhanced;               ///< "5.7.1"; empty where the form has none
  std::vector<std::string> lines;     ///< '%' doubled; each non-empty
  std::vector<std::string> expected;  ///< whole lines at the client, without CRLF, without prefix
};
/// `first_line_prefix`: octets that sendmail may put before the first line ("<address>... "). The
/// first sentence is cut to what they leave, but not below a few words.
MilterReply render_for_milter(const Reply& reply, std::size_t first_line_prefix);

/// As libmilter sends them: "550-5.7.1 one", "550 5.7.1 two".
std::vector<std::string> wire_lines(const MilterReply& reply);

/// The restriction list that asks (Postfix's policy_context as the printed main.cf lines set it).
enum class PolicyContext : std::uint8_t { client, helo, sender, recipient, data, end };
inline constexpr std::size_t policy_context_count = 6;
std::string_view to_text(PolicyContext context) noexcept;
/// What a request's policy_context attribute says; anything unknown or empty is `recipient`, or, by
/// protocol state, data and end.
PolicyContext policy_context(std::string_view attribute, ReplyStage state) noexcept;

/// The action line of the policy protocol, and what the client then sees.
struct PolicyAnswer {
  std::string action;     ///< "550 5.7.1 text": what stands after "action="
  ReplyForm sent;         ///< after avoiding Postfix's remapping of X.1.y codes (semantics 11)
  std::string expected;   ///< the reply at the client without CRLF and without Postfix's prefix
  std::string condition;  ///< "unless a later restriction rejects", for DEFER_IF_PERMIT
};
/// `prefix`: octets of "<name>: CLASS rejected: " that Postfix will put before the text. Codes,
/// prefix and text are together at most 510 octets while the prefix leaves 63 for codes, the
/// shortest sentence and the reference; a longer prefix gets no more than these. `defer_if_permit`:
/// what the administrator says of a reply of 450 with this reason; none: as the catalogue has it.
PolicyAnswer render_for_policy(const Reply& reply, const Reason& reason, PolicyContext context,
                               std::size_t prefix, std::optional<bool> defer_if_permit = {});
/// The longest prefix Postfix can put before our text in this context. `named_value`: what it names
/// in the angle brackets, a client as "name[address]".
std::size_t policy_prefix(PolicyContext context, std::string_view named_value) noexcept;

}  // namespace postern
