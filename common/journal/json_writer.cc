#include "journal/json_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace postern {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

unsigned octet(char c) { return static_cast<unsigned char>(c); }

// Characters that stand in a JSON string as they are; nearly all there is to write.
constexpr std::array<bool, 256> plain = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < 0x7F; ++c) table[c] = c != '"' && c != '\\';
  return table;
}();

std::size_t plain_length(std::string_view octets) {
  std::size_t length = 0;
  while (length < octets.size() && plain[octet(octets[length])]) ++length;
  return length;
}

// Whether all octets of `eight` are plain.
constexpr bool are_plain(std::uint64_t eight) {
  constexpr std::uint64_t each = 0x0101010101010101;
  constexpr std::uint64_t high = 0x80 * each;
  const auto zero = [](std::uint64_t value) { return (value - each) & ~value; };
  const auto below_space = (eight - 0x20 * each) & ~eight;
  const auto not_ascii = eight | (eight + each);  // and 0x7F
  return ((below_space | not_ascii | zero(eight ^ '"' * each) | zero(eight ^ '\\' * each)) &
          high) == 0;
}

// Copies `octets` to `to` if all of them are plain; else leaves anything there. Ends on a full word
// that overlaps the one before, because a loop over what is left would cost more than all the rest.
bool copy_plain(std::string_view octets, char* to) {
  const auto size = octets.size();
  std::uint64_t eight = 0;
  if (size >= sizeof eight) {
    const auto take = [&](std::size_t at) {
      std::memcpy(&eight, octets.data() + at, sizeof eight);
      std::memcpy(to + at, &eight, sizeof eight);
      return are_plain(eight);
    };
    const auto last = size - sizeof eight;
    for (std::size_t at = 0; at < last; at += sizeof eight) {
      if (!take(at)) return false;
    }
    return take(last);
  }
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  if (size >= sizeof first) {
    std::memcpy(&first, octets.data(), sizeof first);
    std::memcpy(&last, octets.data() + size - sizeof last, sizeof last);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + size - sizeof last, &last, sizeof last);
    return are_plain(std::uint64_t{first} << 32U | last);
  }
  std::copy(octets.begin(), octets.end(), to);
  return plain_length(octets) == size;
}

bool continues(unsigned value) { return (value & 0xC0U) == 0x80U; }

// Octets U+10FE80 to U+10FEFF have in UTF-8: F4 8F BA xx and F4 8F BB xx.
bool is_octet_escape(unsigned first, unsigned second, unsigned third) {
  return first == 0xF4 && second == 0x8F && (third == 0xBA || third == 0xBB);
}

// Length of the well-formed UTF-8 sequence (RFC 3629 4) at the start of `text`, or 0 if there is
// none or if it is one of our own escapes, which must not be mistaken for an escaped octet.
std::size_t sequence_length(std::string_view text) {
  const unsigned first = octet(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(octet(text[i]))) return 0;
  }
  const unsigned second = octet(text[1]);
  if (first == 0xE0 && second < 0xA0) return 0;  // overlong
  if (first == 0xED && second > 0x9F) return 0;  // surrogates
  if (first == 0xF0 && second < 0x90) return 0;  // overlong
  if (first == 0xF4 && second > 0x8F) return 0;  // beyond U+10FFFF
  if (length == 4 && is_octet_escape(first, second, octet(text[2]))) return 0;
  return length;
}

void append_hex(std::string& out, unsigned value) {
  out += hex_digits[(value >> 4U) & 0xFU];
  out += hex_digits[value & 0xFU];
}

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (octet(c) < 0x20 || octet(c) == 0x7F) {
    out += "\\u00";
    append_hex(out, octet(c));
  } else {
    out += c;
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view octets) {
  out += '"';
  for (;;) {
    const auto run = plain_length(octets);
    out.append(octets.data(), run);
    if (run == octets.size()) break;
    octets.remove_prefix(run);
    const std::size_t length = sequence_length(octets);
    if (length == 0) {
      out += "\\udbff\\ude";
      append_hex(out, octet(octets[0]));
      octets.remove_prefix(1);
      continue;
    }
    if (length == 1) {
      append_ascii(out, octets[0]);
    } else if (octet(octets[0]) == 0xC2 && octet(octets[1]) < 0xA0) {
      out += "\\u00";
      append_hex(out, octet(octets[1]));
    } else {
      out += octets.substr(0, length);
    }
    octets.remove_prefix(length);
  }
  out += '"';
}

std::string octets_from_json(std::string_view text) {
  std::string octets;
  octets.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.size() - i >= 4 &&
        is_octet_escape(octet(text[i]), octet(text[i + 1]), octet(text[i + 2]))) {
      const unsigned value =
          0x80 + ((octet(text[i + 2]) - 0xBA) << 6U) + (octet(text[i + 3]) & 0x3F);
      octets += static_cast<char>(value);
      i += 3;
    } else {
      octets += text[i];
    }
  }
  return octets;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  quote(name);
  put(':');
  comma_ = false;
  return *this;
}

void JsonWriter::string(std::string_view octets) {
  separate();
  quote(octets);
}

void JsonWriter::number(std::int64_t value) {
  separate();
  char digits[20];  // -2^63 has 19 digits and a sign
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  put(std::string_view(digits, static_cast<std::size_t>(end.ptr - digits)));
}

void JsonWriter::boolean(bool value) {
  separate();
  put(value ? std::string_view("true") : std::string_view("false"));
}

void JsonWriter::null() {
  separate();
  put("null");
}

void JsonWriter::raw(std::string_view json) {
  separate();
  put(json);
}

void JsonWriter::open(char bracket) {
  separate();
  put(bracket);
  comma_ = false;
  ++depth_;
}

void JsonWriter::close(char bracket) {
  put(bracket);
  comma_ = true;
  if (--depth_ == 0) hand_over();
}

void JsonWriter::separate() {
  if (comma_) put(',');
  comma_ = true;
}

void JsonWriter::quote(std::string_view octets) {
  constexpr std::size_t quotes = 2;
  if (room_.size() - used_ < octets.size() + quotes) hand_over();
  if (room_.size() >= octets.size() + quotes) {
    char* const to = room_.data() + used_;
    if (copy_plain(octets, to + 1)) {
      to[0] = to[octets.size() + 1] = '"';
      used_ += octets.size() + quotes;
      return;
    }
  }
  hand_over();
  append_json_string(out_, octets);
}

void JsonWriter::put(char c) {
  if (used_ == room_.size()) hand_over();
  room_[used_++] = c;
}

void JsonWriter::put(std::string_view octets) {
  if (room_.size() - used_ < octets.size()) hand_over();
  if (room_.size() < octets.size()) {
    out_ += octets;
    return;
  }
  std::copy(octets.begin(), octets.end(), room_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ += octets.size();
}

void JsonWriter::hand_over() {
  out_.append(room_.data(), used_);
  used_ = 0;
}

}  // namespace postern
