#include "postern/address.h"

#include "model/text.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <idn2.h>

namespace postern {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::string unquoted(std::string_view local) {
  if (local.size() < 2 || local.front() != '"' || local.back() != '"') return std::string(local);
  local = local.substr(1, local.size() - 2);
  std::string result;
  result.reserve(local.size());
  for (std::size_t i = 0; i < local.size(); ++i) {
    if (local[i] == '\\' && i + 1 < local.size()) ++i;
    result += local[i];
  }
  return result;
}

bool is_postmaster(std::string_view local) { return lower(local) == "postmaster"; }

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() > 5 && lower(text.substr(0, 5)) == "ipv6:") text.remove_prefix(5);
  // The longest text inet_pton understands, with room for its final zero octet.
  std::array<char, INET6_ADDRSTRLEN + 1> buffer{};
  if (text.empty() || text.size() >= buffer.size()) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  std::copy(text.begin(), text.end(), buffer.begin());
  std::array<std::uint8_t, 4> four{};
  if (inet_pton(AF_INET, buffer.data(), four.data()) == 1) return from_v4(four);
  std::array<std::uint8_t, 16> sixteen{};
  if (inet_pton(AF_INET6, buffer.data(), sixteen.data()) == 1) return from_v6(sixteen);
  return std::nullopt;
}

IpAddress IpAddress::from_v4(const std::array<std::uint8_t, 4>& bytes) {
  IpAddress address;
  address.family_ = Family::v4;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

IpAddress IpAddress::from_v6(const std::array<std::uint8_t, 16>& bytes) {
  if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes.begin())) {
    return from_v4({bytes[12], bytes[13], bytes[14], bytes[15]});
  }
  IpAddress address;
  address.family_ = Family::v6;
  address.bytes_ = bytes;
  return address;
}

std::string IpAddress::text() const {
  if (family_ == Family::v4) {
    // Every record has a few of these, and inet_ntop() takes ten times as long.
    std::array<char, INET_ADDRSTRLEN> digits{};
    char* end = digits.data();
    for (std::size_t i = 0; i < 4; ++i) {
      if (i != 0) *end++ = '.';
      end = std::to_chars(end, digits.data() + digits.size(), bytes_[i]).ptr;
    }
    return {digits.data(), end};
  }
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(AF_INET6, bytes_.data(), buffer.data(), static_cast<socklen_t>(buffer.size()));
  return buffer.data();
}

std::optional<Network> Network::parse(std::string_view text, std::string* nearest) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Network(*address, address->bits());
  const auto digits = text.substr(slash + 1);
  unsigned prefix = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (error != std::errc() || end != digits.data() + digits.size() || prefix > address->bits()) {
    return std::nullopt;
  }
  const auto block = around(*address, prefix);
  if (block.address_ != *address) {
    if (nearest != nullptr) *nearest = block.text();
    return std::nullopt;
  }
  return block;
}

Network Network::around(const IpAddress& address, unsigned prefix) {
  prefix = std::min(prefix, address.bits());
  auto bytes = address.bytes();
  for (unsigned bit = prefix; bit < address.bits(); ++bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] & ~(0x80U >> (bit % 8)));
  }
  if (address.family() == IpAddress::Family::v4) {
    return {IpAddress::from_v4({bytes[0], bytes[1], bytes[2], bytes[3]}), prefix};
  }
  return {IpAddress::from_v6(bytes), prefix};
}

bool Network::contains(const IpAddress& address) const noexcept {
  if (address.family() != address_.family()) return false;
  const auto& a = address.bytes();
  const auto& b = address_.bytes();
  const unsigned whole = prefix_ / 8;
  // Nearly all differ in their first octet; a call of memcmp() takes longer than to see that.
  for (unsigned i = 0; i < whole; ++i) {
    if (a[i] != b[i]) return false;
  }
  const unsigned rest = prefix_ % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff00U >> rest);
  return (a[whole] & mask) == (b[whole] & mask);
}

std::string Network::text() const { return address_.text() + '/' + std::to_string(prefix_); }

MailAddress MailAddress::from_envelope(std::string_view text) {
  text = trimmed(text, " \t");
  if (text.size() >= 2 && text.front() == '<' && text.back() == '>') {
    text = text.substr(1, text.size() - 2);
  }
  // A source route carries no information that may be acted on (RFC 5321 C).
  if (!text.empty() && text.front() == '@') {
    if (const auto colon = text.find(':'); colon != std::string_view::npos) {
      text.remove_prefix(colon + 1);
    }
  }
  MailAddress address;
  const auto at = text.rfind('@');
  const bool has_domain = at != std::string_view::npos && at + 1 < text.size();
  // An '@' inside a quoted local part without a domain is no separator.
  const bool inside_quotes = has_domain && text.back() == '"' && text.front() == '"';
  if (!has_domain || inside_quotes) {
    address.local_ = unquoted(text);
    return address;
  }
  address.local_ = unquoted(text.substr(0, at));
  address.domain_ = normal_domain(text.substr(at + 1));
  return address;
}

MailAddress MailAddress::from_unquoted(std::string_view text) {
  MailAddress address;
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || at + 1 == text.size()) {
    address.local_ = text;
    return address;
  }
  address.local_ = text.substr(0, at);
  address.domain_ = normal_domain(text.substr(at + 1));
  return address;
}

std::string MailAddress::text() const { return domain_.empty() ? local_ : local_ + '@' + domain_; }

bool operator==(const MailAddress& a, const MailAddress& b) {
  if (a.domain_ != b.domain_) return false;
  return a.local_ == b.local_ || (is_postmaster(a.local_) && is_postmaster(b.local_));
}

std::string normal_domain(std::string_view name) {
  std::string result = lower(name);
  if (result.size() > 1 && result.back() == '.') result.pop_back();
  // 255 octets is the longest domain (RFC 5321 4.5.3.1.2); a U-label form of more is no domain.
  if (is_ascii(result) || result.size() > 255 || result.find('\0') != std::string::npos)
    return result;
  char* converted = nullptr;
  const int status =
      idn2_to_ascii_8z(result.c_str(), &converted, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  if (status != IDN2_OK || converted == nullptr) return result;
  std::string a_label(converted);
  idn2_free(converted);
  return lower(a_label);
}

}  // namespace postern
