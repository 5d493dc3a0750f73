#include "support/mmdb_maker.h"

#include <cstdlib>

namespace postern::test {
namespace {

constexpr unsigned type_pointer = 1;
constexpr unsigned type_text = 2;
constexpr unsigned type_number_16 = 5;
constexpr unsigned type_number_32 = 6;
constexpr unsigned type_map = 7;
constexpr unsigned type_number_64 = 9;
constexpr unsigned type_array = 11;

void append(std::string& octets, std::uint64_t number, unsigned count) {
  for (unsigned i = count; i > 0; --i) {
    octets += static_cast<char>(number >> (8 * (i - 1)) & 0xFF);
  }
}

std::string control(unsigned type, std::size_t size) {
  const std::size_t low = size < 29 ? size : size < 285 ? 29 : 30;
  std::string octets;
  append(octets, (type > 7 ? 0 : type << 5U) | low, 1);
  if (type > 7) append(octets, type - 7, 1);
  if (low == 29) append(octets, size - 29, 1);
  if (low == 30) append(octets, size - 285, 2);
  return octets;
}

std::string number(unsigned type, std::uint64_t value, unsigned size) {
  auto octets = control(type, size);
  append(octets, value, size);
  return octets;
}

unsigned bit(const std::array<std::uint8_t, 16>& address, unsigned place) {
  return address[place / 8] >> (7 - place % 8) & 1U;
}

}  // namespace

std::string mmdb_text(std::string_view text) {
  return control(type_text, text.size()) + std::string(text);
}

std::string mmdb_number(std::uint32_t value) { return number(type_number_32, value, 4); }

std::string mmdb_map(const std::vector<std::pair<std::string, std::string>>& members) {
  auto octets = control(type_map, members.size());
  for (const auto& [key, value] : members) octets += mmdb_text(key) + value;
  return octets;
}

std::string mmdb_array(const std::vector<std::string>& values) {
  auto octets = control(type_array, values.size());
  for (const auto& value : values) octets += value;
  return octets;
}

std::string mmdb_pointer(unsigned offset) {
  std::string octets;
  append(octets, type_pointer << 5U | offset >> 8U, 1);
  append(octets, offset & 0xFF, 1);
  return octets;
}

std::string mmdb_country(std::string_view code, std::string_view name) {
  return mmdb_map(
      {{"continent", mmdb_map({{"code", mmdb_text("EU")}})},
       {"country",
        mmdb_map({{"iso_code", mmdb_text(code)},
                  {"names", mmdb_map({{"de", mmdb_text("?")}, {"en", mmdb_text(name)}})}})},
       {"registered_country", mmdb_map({{"iso_code", mmdb_text("US")}})}});
}

std::string mmdb_network(std::uint32_t value, std::string_view organisation) {
  return mmdb_map({{"autonomous_system_number", mmdb_number(value)},
                   {"autonomous_system_organization", mmdb_text(organisation)}});
}

MmdbMaker& MmdbMaker::add(std::string_view text, std::string value) {
  const auto network = Network::parse(text);
  if (!network) std::abort();
  Entry entry;
  const auto& bytes = network->address().bytes();
  const bool v4 = network->address().family() == IpAddress::Family::v4;
  const unsigned first = v4 ? 12 : 0;
  for (unsigned i = first; i < 16; ++i) entry.address[i] = bytes[i - first];
  entry.prefix = network->prefix() + 8 * first;
  entry.offset = data_.size();
  data_ += value;
  entries_.push_back(entry);
  return *this;
}

MmdbMaker& MmdbMaker::with_metadata(std::string encoded) {
  metadata_ = std::move(encoded);
  return *this;
}

std::string MmdbMaker::octets() const {
  // A record is the number of a node, or 0 for nothing, or a negative one for an entry.
  std::vector<std::array<int, 2>> nodes(1);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto& entry = entries_[i];
    std::size_t node = 0;
    for (unsigned place = 0; place + 1 < entry.prefix; ++place) {
      const auto side = bit(entry.address, place);
      if (nodes[node][side] == 0) {
        nodes[node][side] = static_cast<int>(nodes.size());
        nodes.push_back({});
      }
      node = static_cast<std::size_t>(nodes[node][side]);
    }
    nodes[node][bit(entry.address, entry.prefix - 1)] = -static_cast<int>(i) - 1;
  }
  std::string octets;
  for (const auto& node : nodes) {
    for (const int record : node) {
      auto value = nodes.size();
      if (record > 0) value = static_cast<std::size_t>(record);
      if (record < 0) value += 16 + entries_[static_cast<std::size_t>(-record - 1)].offset;
      append(octets, value, 3);
    }
  }
  octets.append(16, '\0');
  octets += data_;
  octets += "\xAB\xCD\xEFMaxMind.com";
  if (!metadata_.empty()) return octets + metadata_;
  return octets + mmdb_map({{"binary_format_major_version", number(type_number_16, 2, 2)},
                            {"binary_format_minor_version", number(type_number_16, 0, 2)},
                            {"build_epoch", number(type_number_64, 1'794'000'000, 8)},
                            {"database_type", mmdb_text(type_)},
                            {"description", mmdb_map({{"en", mmdb_text("of a test")}})},
                            {"ip_version", number(type_number_16, 6, 2)},
                            {"languages", mmdb_array({mmdb_text("en")})},
                            {"node_count", mmdb_number(static_cast<std::uint32_t>(nodes.size()))},
                            {"record_size", number(type_number_16, 24, 2)}});
}

}  // namespace postern::test
