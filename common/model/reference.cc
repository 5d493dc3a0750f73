#include "postern/reference.h"

#include <array>

namespace postern {
namespace {

// Crockford's base32: no I, L, O, U, so that nothing is misread aloud or on paper.
constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr unsigned time_bits = 41;
constexpr unsigned host_bits = 6;
constexpr unsigned sequence_bits = 8;
constexpr unsigned digits = 11;

// 2020-01-01T00:00:00Z in milliseconds of the system clock's epoch (1970).
constexpr std::uint64_t epoch_milliseconds = 1'577'836'800'000;

// Multiplication in GF(32) modulo x^5 + x^2 + 1.
constexpr unsigned multiply(unsigned a, unsigned b) {
  unsigned product = 0;
  for (unsigned bit = 0; bit < 5; ++bit) {
    if ((b >> bit & 1U) != 0) product ^= a << bit;
  }
  for (unsigned bit = 9; bit >= 5; --bit) {
    if ((product >> bit & 1U) != 0) product ^= 0b100101U << (bit - 5);
  }
  return product;
}

// Weights are distinct powers of x, none of them 1 (the check character's own weight): so every
// single error and every swap of two neighbours changes the sum.
constexpr unsigned check_digit(std::uint64_t bits) {
  unsigned sum = 0;
  unsigned weight = 1;
  for (unsigned i = 0; i < digits; ++i) {
    weight = multiply(weight, 2);
    sum ^= multiply(static_cast<unsigned>(bits >> (5 * i)) & 31U, weight);
  }
  return sum;
}

int digit_value(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (c == 'O') c = '0';
  if (c == 'I' || c == 'L') c = '1';
  const auto found = alphabet.find(c);
  return found == std::string_view::npos ? -1 : static_cast<int>(found);
}

}  // namespace

Reference Reference::make(std::chrono::system_clock::time_point time, unsigned host,
                          unsigned sequence) {
  const auto since_1970 =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  std::uint64_t milliseconds = 0;
  if (since_1970 > static_cast<std::int64_t>(epoch_milliseconds)) {
    milliseconds = static_cast<std::uint64_t>(since_1970) - epoch_milliseconds;
  }
  milliseconds &= (std::uint64_t{1} << time_bits) - 1;
  Reference reference;
  reference.bits_ = milliseconds << (host_bits + sequence_bits) |
                    std::uint64_t{host & ((1U << host_bits) - 1)} << sequence_bits |
                    (sequence & ((1U << sequence_bits) - 1));
  return reference;
}

std::optional<Reference> Reference::parse(std::string_view text) {
  const auto is_separator = [](char c) { return c == ' ' || c == '-' || c == '\t'; };
  while (!text.empty() && is_separator(text.front())) text.remove_prefix(1);
  // "ref" is no part of the id; U is in no id, and R, E, F are, so only the whole word counts.
  if (text.size() > 3 && (text[0] == 'r' || text[0] == 'R') && (text[1] == 'e' || text[1] == 'E') &&
      (text[2] == 'f' || text[2] == 'F') && is_separator(text[3])) {
    text.remove_prefix(3);
  }
  std::uint64_t bits = 0;
  unsigned count = 0;
  unsigned check = 0;
  for (const char c : text) {
    if (is_separator(c)) continue;
    const int value = digit_value(c);
    if (value < 0 || count > digits) return std::nullopt;
    if (count < digits) {
      bits = bits << 5U | static_cast<unsigned>(value);
    } else {
      check = static_cast<unsigned>(value);
    }
    ++count;
  }
  if (count != digits + 1 || check != check_digit(bits)) return std::nullopt;
  Reference reference;
  reference.bits_ = bits;
  return reference;
}

std::chrono::system_clock::time_point Reference::time() const {
  const std::uint64_t milliseconds = (bits_ >> (host_bits + sequence_bits)) + epoch_milliseconds;
  return std::chrono::system_clock::time_point(
      std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds)));
}

unsigned Reference::host() const noexcept {
  return static_cast<unsigned>(bits_ >> sequence_bits) & ((1U << host_bits) - 1);
}

unsigned Reference::sequence() const noexcept {
  return static_cast<unsigned>(bits_) & ((1U << sequence_bits) - 1);
}

std::string Reference::text() const {
  std::string result;
  result.reserve(14);
  for (unsigned i = 0; i < digits; ++i) {
    if (i == 4 || i == 8) result += '-';
    result += alphabet[bits_ >> (5 * (digits - 1 - i)) & 31U];
  }
  result += alphabet[check_digit(bits_)];
  return result;
}

}  // namespace postern
