// Addresses as the rules compare them: IP addresses, networks, and mail addresses in one spelling
// at both doors (semantics 15). Plain immutable values; safe to share between threads.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address (::ffff:192.0.2.1) becomes IPv4, because
/// both MTAs may show the same client either way and a rule must not depend on that.
class IpAddress {
 public:
  enum class Family : std::uint8_t { v4, v6 };

  /// Reads "192.0.2.1", "2001:db8::1", and the MTAs' spelling "IPv6:2001:db8::1". No port,
  /// brackets, zone index or white space. nullopt on anything else.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress from_v4(const std::array<std::uint8_t, 4>& bytes);
  static IpAddress from_v6(const std::array<std::uint8_t, 16>& bytes);

  Family family() const noexcept { return family_; }
  /// Bits in the address: 32 or 128.
  unsigned bits() const noexcept { return family_ == Family::v4 ? 32 : 128; }
  /// Network byte order; the first 4 octets count for IPv4, the rest are zero.
  const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
  /// Canonical text (RFC 5952 for IPv6).
  std::string text() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  IpAddress() = default;
  Family family_ = Family::v4;
  std::array<std::uint8_t, 16> bytes_{};
};

/// A CIDR block; host bits are always zero.
class Network {
 public:
  /// Reads "192.0.2.0/24", "2001:db8::/32" or a bare address (/32, /128). Set host bits are
  /// refused: they nearly always are a slip of the pen. `nearest` then receives what was probably
  /// meant ("192.0.2.0/24" for "192.0.2.1/24"), else it is left alone.
  static std::optional<Network> parse(std::string_view text, std::string* nearest = nullptr);
  /// The block of `prefix` bits around an address; prefix above the family's bits is clamped.
  static Network around(const IpAddress& address, unsigned prefix);

  const IpAddress& address() const noexcept { return address_; }
  unsigned prefix() const noexcept { return prefix_; }
  bool contains(const IpAddress& address) const noexcept;
  std::string text() const;

  friend auto operator<=>(const Network&, const Network&) = default;

 private:
  Network(IpAddress address, unsigned prefix) : address_(address), prefix_(prefix) {}
  IpAddress address_;
  unsigned prefix_;
};

/// An envelope address in the one spelling of semantics 15: no brackets, local part unquoted with
/// its case kept, domain as lower-case A-label. The null reverse-path is the empty address.
/// Anything the MTA accepted is representable: what does not parse keeps its text as local part
/// with `domain` empty, because a filter must not fail on an address the MTA let through.
class MailAddress {
 public:
  MailAddress() = default;

  /// Reads what either MTA hands over: "<a@b>", "a@b", "\"a b\"@c", "<>", "", a source route
  /// ("<@x,@y:a@b>" gives a@b), "postmaster" without a domain.
  static MailAddress from_envelope(std::string_view text);
  /// Takes an address that the MTA has already freed of brackets and quotes, as Postfix hands it to
  /// policy services: the last '@' ends the local part, and whatever else looks like a quote or a
  /// source route is part of it.
  static MailAddress from_unquoted(std::string_view text);

  const std::string& local() const noexcept { return local_; }
  const std::string& domain() const noexcept { return domain_; }
  /// True for the null reverse-path.
  bool empty() const noexcept { return local_.empty() && domain_.empty(); }
  /// "local@domain", "local", or "" for the null reverse-path.
  std::string text() const;

  /// Local parts are compared octet by octet (RFC 5321 2.4), except "postmaster", which is
  /// case-insensitive (RFC 5321 4.5.1).
  friend bool operator==(const MailAddress&, const MailAddress&);

 private:
  std::string local_;
  std::string domain_;
};

/// A host name in lower case without its final dot, U-labels as A-labels where they are valid;
/// what is no host name comes back in lower case as it is.
std::string normal_domain(std::string_view name);

}  // namespace postern
