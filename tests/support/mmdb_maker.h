// MmdbMaker: small files in MaxMind's format for tests, after the public description of it (MaxMind
// DB File Format Specification 2.0). Values are octets already encoded, so that a test can make
// wrong ones too.
#pragma once

#include "postern/address.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::test {

/// Below 65,821 octets.
std::string mmdb_text(std::string_view text);
/// Unsigned, of 32 bits.
std::string mmdb_number(std::uint32_t number);
/// Keys and encoded values.
std::string mmdb_map(const std::vector<std::pair<std::string, std::string>>& members);
std::string mmdb_array(const std::vector<std::string>& values);
/// To what begins `offset` octets into the data section; below 2048.
std::string mmdb_pointer(unsigned offset);

/// As GeoLite2-Country has it, shortened.
std::string mmdb_country(std::string_view code, std::string_view name);
/// As GeoLite2-ASN has it.
std::string mmdb_network(std::uint32_t number, std::string_view organisation);

class MmdbMaker {
 public:
  explicit MmdbMaker(std::string type) : type_(std::move(type)) {}

  /// No network within another. IPv4 addresses stand below ::/96, as in all files for both.
  MmdbMaker& add(std::string_view network, std::string value);
  /// The metadata in place of a good one.
  MmdbMaker& with_metadata(std::string encoded);
  std::string octets() const;

 private:
  struct Entry {
    std::array<std::uint8_t, 16> address{};
    unsigned prefix = 0;
    std::size_t offset = 0;
  };
  std::string type_;
  std::vector<Entry> entries_;
  std::string data_;
  std::string metadata_;
};

}  // namespace postern::test
