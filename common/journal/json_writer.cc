#include "journal/json_writer.h"

#include <charconv>
#include <cstddef>

namespace postern {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

unsigned octet(char c) { return static_cast<unsigned char>(c); }

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
  while (!octets.empty()) {
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
  append_json_string(out_, name);
  out_ += ':';
  comma_ = false;
  return *this;
}

void JsonWriter::string(std::string_view octets) {
  separate();
  append_json_string(out_, octets);
}

void JsonWriter::number(std::int64_t value) {
  separate();
  char digits[20];  // -2^63 has 19 digits and a sign
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  out_.append(digits, end.ptr);
}

void JsonWriter::boolean(bool value) {
  separate();
  out_ += value ? "true" : "false";
}

void JsonWriter::null() {
  separate();
  out_ += "null";
}

void JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
}

void JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
}

void JsonWriter::close(char bracket) {
  out_ += bracket;
  comma_ = true;
}

void JsonWriter::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

}  // namespace postern
