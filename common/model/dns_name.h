// Domain names as DNS knows them: any octet may stand in a label, and only length is limited
// (RFC 2181 11). Pure functions.
//
// The spelling used everywhere: lower case, A-labels, no final dot; a dot or backslash inside a
// label as "\." and "\\", octets outside printable ASCII (the space too) as "\DDD". The root is
// ".".
#pragma once

#include "postern/address.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// Octets of a name on the wire, with the length octets and the root (RFC 1035 2.3.4).
constexpr std::size_t longest_dns_wire_name = 255;
/// Octets of a label, likewise.
constexpr std::size_t longest_dns_label = 63;

/// The name in normal spelling, from any presentation form (RFC 1035 5.1 escapes, a final dot,
/// U-labels in UTF-8 per RFC 5891). nullopt: an empty label, a label or name that is too long, an
/// escape that is none, octets that are neither ASCII nor a valid U-label.
std::optional<std::string> dns_name(std::string_view text);

/// The name whose labels, separated by dots, are these octets as they are: no escapes are read.
/// What SPF macros expand to. nullopt as above; U-labels are converted where they are valid, other
/// octets are written as "\DDD".
std::optional<std::string> dns_name_of_octets(std::string_view octets);

/// Uncompressed wire form, with the final root octet. nullopt where dns_name() would refuse.
std::optional<std::string> dns_name_to_wire(std::string_view name);
/// Normal spelling of an uncompressed wire name, which has to end with its root octet at the end of
/// `wire`. nullopt when it does not, or is too long.
std::optional<std::string> dns_name_from_wire(std::string_view wire);

/// True of names that hosts have in DNS: letters, digits and hyphens, at least two labels, the last
/// not all digits (RFC 1123 2.1, RFC 3696 2). Underscores are let through, as in every mail server.
bool is_name_of_host(std::string_view name) noexcept;

/// The address as lists and reverse DNS are asked about it: "1.2.0.192", or the 32 digits of IPv6
/// (RFC 1035 3.5, RFC 3596 2.5, RFC 5782 2).
std::string dns_reversed(const IpAddress& address);
/// With "in-addr.arpa" or "ip6.arpa" behind it.
std::string reverse_dns_name(const IpAddress& address);

/// True if `name` is `zone` or below it; both in normal spelling. Everything is below ".".
bool is_in_zone(std::string_view name, std::string_view zone) noexcept;

}  // namespace postern
