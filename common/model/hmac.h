// Keyed hashes. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace postern {

/// HMAC-SHA-256 (RFC 2104) as 64 lower-case hexadecimal digits.
std::string hmac_sha256_hex(std::string_view key, std::string_view octets);

}  // namespace postern
