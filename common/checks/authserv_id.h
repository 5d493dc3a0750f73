// Authserv-ids: which fields of an arriving message claim to be results of ours (RFC 8601 5). Who
// reads the results believes those that begin with the name of his own server, so whatever came in
// with it has to go before ours is added. Pure; the value is untrusted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// The name of the field, in small letters.
inline constexpr std::string_view results_field = "authentication-results";
/// As it is written.
inline constexpr std::string_view results_field_name = "Authentication-Results";

/// What the value of an Authentication-Results field begins with.
struct ResultsClaim {
  enum class Version : std::uint8_t { supported, unsupported };  ///< 1 or none; any other number
  std::string id;  ///< in normal spelling, as of a domain name; empty: there is none
  Version version = Version::supported;
};

/// `value` with its folding, comments and quotes. Reads no further than the version, so that what
/// is no result behind the name does not hide the claim.
ResultsClaim results_claim(std::string_view value);

/// Whether a field from outside has to go: it claims one of `ours`, which are in normal spelling,
/// or is of a version that we do not know.
bool is_forged(const ResultsClaim& claim, const std::vector<std::string>& ours) noexcept;

}  // namespace postern
