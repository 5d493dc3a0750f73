// MTA values: reads what an MTA hands over at the milter door into the one spelling of both doors
// (semantics 15, 16). Pure functions.
#pragma once

#include "postern/address.h"
#include "postern/transaction.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

struct sockaddr;

namespace postern::milter_door {

class MacroSource;

/// The two ends of a network connection as far as a socket address tells.
struct Peer {
  std::optional<IpAddress> address;  ///< none for unix sockets and for an unknown family
  std::uint16_t port = 0;
};
/// `address` may be null. A family other than IPv4 and IPv6 has no address.
Peer read_peer(const sockaddr* address);

/// The client of a session. `host` is xxfi_connect's name. Only {client_resolve} = OK makes the
/// name known; a reverse name is known when {client_ptr} is a name at all. A message that a local
/// user submits has no address: sendmail gives none, Postfix gives "localhost", a loopback address
/// and port 0, which no TCP client can have.
Client read_client(std::string_view host, const sockaddr* address, MacroSource& macros);

/// TLS as the macros of this stage tell it; all absent on a plain session.
Tls read_tls(MacroSource& macros);
/// Who logged in; absent when nobody did.
Authentication read_authentication(MacroSource& macros);

/// A whole number of octets or things; nullopt for anything but 1 to 18 digits.
std::optional<std::int64_t> read_number(std::string_view text);

/// SIZE= among the parameters of MAIL (RFC 1870 3); absent when not given or not a number.
Told<std::int64_t> declared_size(std::span<const std::string_view> parameters);

}  // namespace postern::milter_door
