#include "model/dns_name.h"

#include "model/text.h"

#include <array>
#include <cstdint>

namespace postern {
namespace {

/// Adds one octet of a label in normal spelling.
void spell(std::string& name, char octet) {
  const auto value = static_cast<unsigned char>(octet);
  if (octet >= 'A' && octet <= 'Z') {
    name += static_cast<char>(octet - 'A' + 'a');
  } else if (octet == '.' || octet == '\\') {
    name += '\\';
    name += octet;
  } else if (value > 0x20 && value < 0x7f) {
    name += octet;
  } else {
    name += '\\';
    name += static_cast<char>('0' + value / 100);
    name += static_cast<char>('0' + value / 10 % 10);
    name += static_cast<char>('0' + value % 10);
  }
}

/// In normal spelling already, and without escapes: what nearly every name is.
bool is_plain(std::string_view name) noexcept {
  if (name.empty() || name.size() > longest_dns_wire_name - 2) return false;
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    const bool usual = (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
    if (!usual || ++label > longest_dns_label) return false;
  }
  return label > 0;
}

/// Labels, as octets, to wire form.
class WireWriter {
 public:
  bool add(char octet) {
    if (label_ == longest_dns_label || wire_.size() + 2 > longest_dns_wire_name) return false;
    if (label_ == 0) wire_ += '\0';
    wire_ += octet;
    ++label_;
    return true;
  }
  bool end_label() {
    if (label_ == 0) return false;
    wire_[wire_.size() - label_ - 1] = static_cast<char>(label_);
    label_ = 0;
    return true;
  }
  std::size_t in_label() const noexcept { return label_; }
  std::optional<std::string> take() {
    if (wire_.size() + 1 > longest_dns_wire_name) return {};
    wire_ += '\0';
    return std::move(wire_);
  }

 private:
  std::string wire_;
  std::size_t label_ = 0;
};

/// One octet of presentation form; moves `at` behind it.
struct Octet {
  char value = 0;
  bool separates = false;
};
std::optional<Octet> next_octet(std::string_view text, std::size_t& at) {
  const char c = text[at++];
  if (c == '.') return Octet{c, true};
  if (c != '\\') return Octet{c, false};
  if (at >= text.size()) return {};
  if (!is_digit(text[at])) return Octet{text[at++], false};
  if (at + 3 > text.size() || !is_digit(text[at + 1]) || !is_digit(text[at + 2])) return {};
  const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  if (value > 255) return {};
  at += 3;
  return Octet{static_cast<char>(value), false};
}

}  // namespace

std::optional<std::string> dns_name_to_wire(std::string_view name) {
  if (name == ".") return std::string(1, '\0');
  if (name.empty()) return {};
  WireWriter writer;
  for (std::size_t at = 0; at < name.size();) {
    const auto octet = next_octet(name, at);
    if (!octet) return {};
    if (octet->separates ? !writer.end_label() : !writer.add(octet->value)) return {};
  }
  // A final dot has ended the last label already.
  if (writer.in_label() > 0) writer.end_label();
  return writer.take();
}

std::optional<std::string> dns_name_from_wire(std::string_view wire) {
  if (wire.empty() || wire.size() > longest_dns_wire_name || wire.back() != '\0') return {};
  if (wire.size() == 1) return ".";
  std::string name;
  std::size_t at = 0;
  while (wire[at] != '\0') {
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(wire[at]));
    if (length > longest_dns_label || at + 1 + length >= wire.size()) return {};
    if (!name.empty()) name += '.';
    for (const char octet : wire.substr(at + 1, length)) spell(name, octet);
    at += 1 + length;
  }
  if (at + 1 != wire.size()) return {};
  return name;
}

std::optional<std::string> dns_name(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string converted;
  if (!is_ascii(text)) {
    converted = normal_domain(text);
    if (!is_ascii(converted)) return {};
    text = converted;
  }
  const auto wire = dns_name_to_wire(text);
  if (!wire) return {};
  return dns_name_from_wire(*wire);
}

std::optional<std::string> dns_name_of_octets(std::string_view octets) {
  if (is_plain(octets)) return std::string(octets);
  std::string converted;
  if (!is_ascii(octets)) {
    converted = normal_domain(octets);
    octets = converted;
  }
  if (octets.empty()) return {};
  WireWriter writer;
  for (const char octet : octets) {
    if (octet == '.' ? !writer.end_label() : !writer.add(octet)) return {};
  }
  if (writer.in_label() > 0) writer.end_label();
  const auto wire = writer.take();
  if (!wire) return {};
  return dns_name_from_wire(*wire);
}

bool is_name_of_host(std::string_view name) noexcept {
  if (name.empty() || name.size() > longest_dns_wire_name - 2) return false;
  std::size_t labels = 0;
  bool digits_only = true;
  while (true) {
    const auto dot = name.find('.');
    const auto label = name.substr(0, dot);
    if (label.empty() || label.size() > longest_dns_label) return false;
    if (label.front() == '-' || label.back() == '-') return false;
    digits_only = true;
    for (const char c : label) {
      if (!is_letter_or_digit(c) && c != '-' && c != '_') return false;
      digits_only = digits_only && is_digit(c);
    }
    ++labels;
    if (dot == std::string_view::npos) break;
    name.remove_prefix(dot + 1);
  }
  return labels >= 2 && !digits_only;
}

std::string dns_reversed(const IpAddress& address) {
  const auto& bytes = address.bytes();
  if (address.family() == IpAddress::Family::v4) {
    // Every list is asked by it.
    return IpAddress::from_v4({bytes[3], bytes[2], bytes[1], bytes[0]}).text();
  }
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * (2 * bytes.size()) - 1);
  for (std::size_t i = bytes.size(); i-- > 0;) {
    text += digits[bytes[i] & 15U];
    text += '.';
    text += digits[bytes[i] >> 4];
    if (i > 0) text += '.';
  }
  return text;
}

std::string reverse_dns_name(const IpAddress& address) {
  const bool v4 = address.family() == IpAddress::Family::v4;
  return dns_reversed(address).append(v4 ? ".in-addr.arpa" : ".ip6.arpa");
}

bool is_in_zone(std::string_view name, std::string_view zone) noexcept {
  if (zone == ".") return true;
  if (!name.ends_with(zone)) return false;
  if (name.size() == zone.size()) return true;
  // "a\.example" ends with ".example" and is one label.
  const auto above = name.size() - zone.size();
  if (name[above - 1] != '.') return false;
  std::size_t backslashes = 0;
  while (above >= 2 + backslashes && name[above - 2 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 0;
}

}  // namespace postern
