// Generic names: host names that a provider gives to every address of a network, and that tell
// nothing of whoever has it. Pure.
#pragma once

#include "postern/address.h"

#include <string_view>

namespace postern {

/// True if `name`, in normal spelling, is made of the address (three of the four octets of IPv4 in
/// either order, decimal or hexadecimal; of IPv6, its last 32 bits), or has a label with a word
/// that providers use for customers, such as "dyn" or "dhcp", and a digit. Mail servers have such
/// names too, so it is a hint and no proof.
bool is_generic_name(std::string_view name, const IpAddress& address);

}  // namespace postern
