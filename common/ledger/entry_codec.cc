#include "ledger/entry_codec.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace postern {
namespace {

using Crc = std::uint32_t;
constexpr std::size_t checksum_size = 4;

constexpr std::array<Crc, 256> crc_table() {
  std::array<Crc, 256> table{};
  for (Crc octet = 0; octet < table.size(); ++octet) {
    Crc value = octet;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) * 0xEDB88320U);
    table[octet] = value;
  }
  return table;
}

Crc crc_of(std::string_view octets) noexcept {
  static constexpr auto table = crc_table();
  Crc value = ~Crc{0};
  for (const char each : octets) {
    value = table[(value ^ static_cast<unsigned char>(each)) & 0xFFU] ^ (value >> 8U);
  }
  return ~value;
}

void put(std::string& into, std::uint64_t number) {
  for (; number >= 0x80U; number >>= 7U) into += static_cast<char>((number & 0x7FU) | 0x80U);
  into += static_cast<char>(number);
}

void put(std::string& into, std::int64_t number) { put(into, static_cast<std::uint64_t>(number)); }

class Unpacker {
 public:
  explicit Unpacker(std::string_view octets) : rest_(octets) {}

  std::uint64_t number() noexcept {
    std::uint64_t found = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto octet = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      found |= std::uint64_t{octet & 0x7FU} << shift;
      if (octet < 0x80U) return found;
    }
    whole_ = false;
    return 0;
  }
  std::int64_t amount() noexcept { return static_cast<std::int64_t>(number()); }
  bool at_end() const noexcept { return whole_ && rest_.empty(); }
  bool whole() const noexcept { return whole_; }

 private:
  std::string_view rest_;
  bool whole_ = true;
};

/// Words with one space between, or another octet.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  template <typename Number>
  Number number(int base = 10, std::size_t digits = 0, char behind = ' ') noexcept {
    const auto end = std::min(rest_.find(behind), rest_.size());
    const auto word = rest_.substr(0, end);
    // A space that nothing follows is one too many.
    if (end + 1 == rest_.size()) whole_ = false;
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    Number found{};
    const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), found, base);
    if (error != std::errc() || stop != word.data() + word.size() ||
        (digits > 0 && word.size() != digits)) {
      whole_ = false;
      return Number{};
    }
    return found;
  }
  bool at_end() const noexcept { return whole_ && rest_.empty(); }
  bool whole() const noexcept { return whole_; }

 private:
  std::string_view rest_;
  bool whole_ = true;
};

constexpr std::size_t id_digits = 16;

std::string id_text(std::uint64_t id) {
  std::string text(id_digits, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, id >>= 4U) {
    *digit = "0123456789abcdef"[id & 0xFU];
  }
  return text;
}

}  // namespace

std::string pack(const LedgerEntry& entry) {
  std::string octets;
  octets.reserve(16 + entry.numbers.size() * 6 + entry.reserved.size() * 18 +
                 entry.counted.size() * 16);
  put(octets, std::uint64_t{ledger_version});
  put(octets, static_cast<std::uint64_t>(entry.kind));
  put(octets, entry.expires);
  put(octets, std::uint64_t{entry.numbers.size()});
  for (const auto number : entry.numbers) put(octets, number);
  put(octets, std::uint64_t{entry.reserved.size()});
  for (const auto& each : entry.reserved) {
    put(octets, each.id);
    put(octets, each.amount);
    put(octets, each.until);
  }
  put(octets, std::uint64_t{entry.counted.size()});
  for (const auto& each : entry.counted) {
    put(octets, each.id);
    put(octets, each.until);
  }
  for (Crc sum = crc_of(octets), octet = 0; octet < checksum_size; ++octet, sum >>= 8U) {
    octets += static_cast<char>(sum & 0xFFU);
  }
  return octets;
}

std::optional<LedgerEntry> unpack(std::string_view octets) {
  if (octets.size() < checksum_size) return std::nullopt;
  const auto content = octets.substr(0, octets.size() - checksum_size);
  Crc sum = 0;
  for (std::size_t i = octets.size(); i > content.size(); --i) {
    sum = (sum << 8U) | static_cast<unsigned char>(octets[i - 1]);
  }
  if (sum != crc_of(content)) return std::nullopt;
  Unpacker from(content);
  if (from.number() != ledger_version) return std::nullopt;
  LedgerEntry entry;
  const auto kind = from.number();
  if (kind > 0xFFU) return std::nullopt;
  entry.kind = static_cast<EntryKind>(kind);
  entry.expires = from.amount();
  const auto numbers = from.number();
  if (numbers > most_numbers) return std::nullopt;
  entry.numbers.reserve(numbers);
  for (std::uint64_t i = 0; i < numbers; ++i) entry.numbers.push_back(from.amount());
  const auto reserved = from.number();
  if (reserved > most_reservations) return std::nullopt;
  entry.reserved.resize(reserved);
  for (auto& each : entry.reserved) {
    each.id = from.number();
    each.amount = from.amount();
    each.until = from.amount();
  }
  const auto counted = from.number();
  if (counted > most_recognised) return std::nullopt;
  entry.counted.resize(counted);
  for (auto& each : entry.counted) {
    each.id = from.number();
    each.until = from.amount();
  }
  if (!from.at_end() || !is_sound(entry)) return std::nullopt;
  return entry;
}

std::string to_line(const LedgerEntry& entry) {
  std::string line = std::to_string(ledger_version) + " " +
                     std::to_string(static_cast<unsigned>(entry.kind)) + " " +
                     std::to_string(entry.expires) + " " + std::to_string(entry.numbers.size());
  for (const auto number : entry.numbers) line += " " + std::to_string(number);
  line += " " + std::to_string(entry.reserved.size());
  for (const auto& each : entry.reserved) {
    line += " " + id_text(each.id) + " " + std::to_string(each.amount) + " " +
            std::to_string(each.until);
  }
  line += " " + std::to_string(entry.counted.size());
  for (const auto& each : entry.counted) {
    line += " " + id_text(each.id) + ":" + std::to_string(each.until);
  }
  return line;
}

std::optional<LedgerEntry> entry_from_line(std::string_view line) {
  Words from(line);
  if (from.number<unsigned>() != ledger_version) return std::nullopt;
  LedgerEntry entry;
  entry.kind = static_cast<EntryKind>(from.number<std::uint8_t>());
  entry.expires = from.number<std::int64_t>();
  const auto numbers = from.number<std::size_t>();
  if (numbers > most_numbers) return std::nullopt;
  for (std::size_t i = 0; i < numbers && from.whole(); ++i) {
    entry.numbers.push_back(from.number<std::int64_t>());
  }
  const auto reserved = from.number<std::size_t>();
  if (reserved > most_reservations) return std::nullopt;
  for (std::size_t i = 0; i < reserved && from.whole(); ++i) {
    Reservation each;
    each.id = from.number<std::uint64_t>(16, id_digits);
    each.amount = from.number<std::int64_t>();
    each.until = from.number<std::int64_t>();
    entry.reserved.push_back(each);
  }
  const auto counted = from.number<std::size_t>();
  if (counted > most_recognised) return std::nullopt;
  for (std::size_t i = 0; i < counted && from.whole(); ++i) {
    CountedTransaction each;
    each.id = from.number<std::uint64_t>(16, id_digits, ':');
    each.until = from.number<std::int64_t>();
    entry.counted.push_back(each);
  }
  if (!from.at_end() || !is_sound(entry)) return std::nullopt;
  return entry;
}

}  // namespace postern
