// HELO: what a client calls itself (RFC 5321 4.1.1.1, 2.3.5, 4.1.3). Pure, as checks/spf.h.
//
// That a name does not lead to the client's address must never be a reason to refuse (RFC 5321
// 4.1.4): `mismatch` is for records and scores.
#pragma once

#include "postern/address.h"
#include "postern/facts.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

enum class HeloForm : std::uint8_t {
  missing,
  malformed,    ///< 501
  unusual,      ///< against the syntax, but common: an underscore, a final dot
  unqualified,  ///< legal, but no name that others know: "localhost", "192.0.2.1"
  literal,      ///< "[192.0.2.1]", "[IPv6:2001:db8::1]"
  name,
};
/// "missing", "malformed", ...
std::string_view to_text(HeloForm form) noexcept;
/// `helo` as the client sent it.
HeloForm helo_form(std::string_view helo) noexcept;

enum class HeloDns : std::uint8_t {
  not_asked,     ///< it is no name; of a literal too, which leads nowhere but to itself
  matches,       ///< leads to the client
  mismatch,      ///< leads elsewhere
  resolves,      ///< exists; whether it leads to the client cannot be told now
  unresolvable,  ///< no address and no MX
  temperror,
};
/// "not asked", "matches", ...
std::string_view to_text(HeloDns dns) noexcept;

/// Who we are, so that nobody else can be.
struct OurSelves {
  std::vector<std::string> names;  ///< in normal spelling
  std::vector<IpAddress> addresses;
};
/// Whether the client is this host: a content filter or web mailer on it greets with our name.
bool is_one_of_us(const IpAddress& client, const OurSelves& ours) noexcept;

struct HeloOutcome {
  enum class State : std::uint8_t { open, done };
  enum class Claim : std::uint8_t { its_own, ours };

  State state = State::done;
  std::vector<Question> questions;  ///< when open: kind `helo_dns`
  // At once.
  HeloForm form = HeloForm::missing;
  Claim claim = Claim::its_own;  ///< of a name or literal: it calls itself as we are called
  // When done.
  HeloDns dns = HeloDns::not_asked;
  std::string cause;  ///< of a temperror
};

HeloOutcome helo(std::string_view name, const IpAddress& client, const OurSelves& ours,
                 const std::function<const Answer*(const Question&)>& lookup);

}  // namespace postern
