// Addresses of DNS servers, as settings and /etc/resolv.conf write them. Pure.
#pragma once

#include "postern/address.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

struct DnsServer {
  IpAddress address;
  std::uint16_t port = 53;

  /// "127.0.0.1:53", "[::1]:53".
  std::string text() const;
  friend bool operator==(const DnsServer&, const DnsServer&) = default;
};

/// Reads "127.0.0.1", "127.0.0.1:53", "::1", "[::1]:53"; port 0 is none.
std::optional<DnsServer> dns_server_from_text(std::string_view text);

/// The `nameserver` lines of a resolv.conf(5), each server once; of what cannot be read, nothing.
/// An empty file means the server on this host, as for the system's own resolver.
std::vector<DnsServer> dns_servers_of_resolv_conf(std::string_view text);

/// Whether answers cannot have been forged on the way: it is on this host.
bool is_loopback(const IpAddress& address) noexcept;

}  // namespace postern
