#include "model/dns_servers.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace postern {
namespace {

constexpr std::uint16_t dns_port = 53;

std::optional<std::uint16_t> port_from(std::string_view digits) {
  std::uint16_t port = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, port);
  if (error != std::errc() || stop != end || port == 0) return {};
  return port;
}

std::string_view first_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const auto word = line.substr(0, line.find_first_of(" \t\r"));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace

std::string DnsServer::text() const {
  const bool v6 = address.family() == IpAddress::Family::v6;
  return (v6 ? '[' + address.text() + ']' : address.text()) + ':' + std::to_string(port);
}

std::optional<DnsServer> dns_server_from_text(std::string_view text) {
  if (text.starts_with("IPv6:")) return {};
  std::string_view port;
  const bool bracket = text.starts_with('[');
  if (bracket) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return {};
    port = text.substr(close + 1);
    text = text.substr(1, close - 1);
    if (text.find(':') == std::string_view::npos) return {};
    if (!port.empty() && !port.starts_with(':')) return {};
  } else if (const auto colon = text.find(':');
             colon != std::string_view::npos && colon == text.rfind(':')) {
    port = text.substr(colon);
    text = text.substr(0, colon);
  }
  const auto address = IpAddress::parse(text);
  if (!address) return {};
  if (port.empty()) return DnsServer{*address, dns_port};
  const auto number = port_from(port.substr(1));
  if (!number) return {};
  return DnsServer{*address, *number};
}

std::vector<DnsServer> dns_servers_of_resolv_conf(std::string_view text) {
  std::vector<DnsServer> servers;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (first_word(line) != "nameserver") continue;
    const auto address = IpAddress::parse(first_word(line));
    if (!address) continue;
    const DnsServer server{*address, dns_port};
    if (std::find(servers.begin(), servers.end(), server) == servers.end()) {
      servers.push_back(server);
    }
  }
  if (servers.empty()) servers.push_back({IpAddress::from_v4({127, 0, 0, 1}), dns_port});
  return servers;
}

bool is_loopback(const IpAddress& address) noexcept {
  if (address.family() == IpAddress::Family::v4) return address.bytes()[0] == 127;
  std::array<std::uint8_t, 16> one{};
  one.back() = 1;
  return address.bytes() == one;
}

}  // namespace postern
