// GeoDatabase: what a local file says of IP addresses: the country, or the network that announces
// them (an autonomous system, RFC 1930).
#pragma once

#include "postern/address.h"
#include "postern/facts.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

enum class GeoFact : std::uint8_t { country, asn };
inline constexpr std::array geo_facts{GeoFact::country, GeoFact::asn};
/// "country", "asn": the subject of a question of kind geo, whose key is the address.
std::string_view to_text(GeoFact fact) noexcept;
std::optional<GeoFact> geo_fact_from_text(std::string_view text) noexcept;

/// What is said of an address that the file does not know.
inline constexpr std::string_view geo_unknown = "unknown";

/// Whether `text` is a code of two capital letters that ISO 3166-1 has assigned, or XK, which files
/// have for Kosovo.
bool is_country_code(std::string_view text) noexcept;
/// "AS64496" of 64496.
std::string network_text(std::uint32_t number);
/// Whether `text` is written so, of a number from 1 to 4294967295: nobody has 0 (RFC 7607).
bool is_network_text(std::string_view text) noexcept;

/// Immutable; any thread may ask at any time.
class GeoDatabase {
 public:
  virtual ~GeoDatabase() = default;
  /// A value: "DE" or "AS64496", and in the source's note the name that goes with it, as it came.
  /// Nothing: the address is not known. Unavailable: the file is broken there.
  virtual Answer find(const IpAddress& address) const = 0;
  /// SHA-256 of the file, as 64 hexadecimal digits.
  virtual const std::string& digest() const noexcept = 0;
  /// What the file says of itself: "GeoLite2-Country of 2026-11-17".
  virtual const std::string& title() const noexcept = 0;
};

/// One for each GeoFact, at its number; null: none.
using GeoDatabases = std::array<std::shared_ptr<const GeoDatabase>, geo_facts.size()>;

constexpr std::size_t place_of(GeoFact fact) noexcept { return static_cast<std::size_t>(fact); }

}  // namespace postern
