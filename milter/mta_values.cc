#include "milter/mta_values.h"

#include "milter/symbols.h"
#include "model/text.h"

#include <charconv>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

namespace postern::milter_door {
namespace {

std::string_view text_of(const char* value) {
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

/// Both MTAs write the address in brackets, or "unknown", where there is no name.
bool is_name(std::string_view text) {
  return !text.empty() && text.front() != '[' && text != "unknown";
}

Told<std::string> told_or_absent(const char* value) {
  if (value == nullptr || *value == '\0') return Told<std::string>::absent();
  return std::string(value);
}

bool is_loopback(const IpAddress& address) {
  if (address.family() == IpAddress::Family::v4) return address.bytes()[0] == 127;
  return address.text() == "::1";
}

}  // namespace

Peer read_peer(const sockaddr* address) {
  Peer peer;
  if (address == nullptr) return peer;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
    peer.address = IpAddress::from_v4(bytes);
    peer.port = ntohs(v4.sin_port);
  } else if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    peer.address = IpAddress::from_v6(bytes);
    peer.port = ntohs(v6.sin6_port);
  }
  return peer;
}

Client read_client(std::string_view host, const sockaddr* address, MacroSource& macros) {
  Client client;
  const Peer peer = read_peer(address);
  client.address = peer.address;
  client.port = peer.port;
  const bool postfix_local =
      peer.address && peer.port == 0 && host == "localhost" && is_loopback(*peer.address);
  if (!client.address || postfix_local) {
    client.address.reset();
    client.port = 0;
    client.name = Told<std::string>::absent();
    client.reverse_name = Told<std::string>::absent();
    return client;
  }

  if (text_of(macros.macro("{client_resolve}")) == "OK") {
    auto name = text_of(macros.macro("{client_name}"));
    if (!is_name(name)) name = host;
    if (is_name(name)) client.name = normal_domain(name);
  }
  const auto reverse = text_of(macros.macro("{client_ptr}"));
  if (is_name(reverse)) client.reverse_name = normal_domain(reverse);
  return client;
}

Tls read_tls(MacroSource& macros) {
  Tls tls;
  tls.version = told_or_absent(macros.macro("{tls_version}"));
  tls.cipher = told_or_absent(macros.macro("{cipher}"));
  const auto bits = read_number(text_of(macros.macro("{cipher_bits}")));
  tls.bits = bits ? Told<std::int64_t>(*bits) : Told<std::int64_t>::absent();
  return tls;
}

Authentication read_authentication(MacroSource& macros) {
  Authentication authentication;
  authentication.user = told_or_absent(macros.macro("{auth_authen}"));
  authentication.mechanism = told_or_absent(macros.macro("{auth_type}"));
  return authentication;
}

std::optional<std::int64_t> read_number(std::string_view text) {
  // 18 digits always fit into 63 bits.
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

Told<std::int64_t> declared_size(std::span<const std::string_view> parameters) {
  constexpr std::string_view name = "size=";
  for (const auto parameter : parameters) {
    if (parameter.size() <= name.size() || lower(parameter.substr(0, name.size())) != name)
      continue;
    if (const auto size = read_number(parameter.substr(name.size()))) return *size;
  }
  return Told<std::int64_t>::absent();
}

}  // namespace postern::milter_door
