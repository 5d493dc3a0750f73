// The share of messages that a rule with mode = "N%" acts on (semantics 18). Pure functions.
#pragma once

#include "postern/transaction.h"
#include "rules/rule.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace postern {

/// SipHash-2-4: 64 bits that nobody can tell from dice without the key.
std::uint64_t siphash(const std::array<std::uint64_t, 2>& key, std::string_view octets) noexcept;

/// Where the message stands among a hundred, for a rule of that name at that stage: 0 to 99, the
/// same at every attempt, at every list of Postfix's, at either door and in a replay, and on every
/// server. It depends on the name, the client's network (/24 or /64), from stage mail on the sender
/// and at rcpt the recipient; addresses without regard to case.
unsigned share_place(std::string_view rule, Stage stage, const Transaction& transaction);

/// Whether the rule acts on this message, as far as its share goes. nullopt: it is not known for
/// whom it is asked. True for a rule without a share.
std::optional<bool> in_share(const Rule& rule, const Transaction& transaction);

/// Where the whole message stands among a hundred, 0 to 99, when the journal keeps a share of what
/// passes: the same for all that Postern is asked about it. It depends on the instance that Postfix
/// gave it, at the milter on the session, elsewhere on the reference.
unsigned message_place(const Transaction& transaction);

/// "10%" is 10; nullopt for anything but 1 to 99 percent.
std::optional<unsigned> share_from_text(std::string_view text) noexcept;

}  // namespace postern
