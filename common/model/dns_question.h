// DnsQuestion: what DNS is asked for. Plain data; safe to share between threads.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

enum class DnsType : std::uint8_t { a, aaaa, mx, txt, ptr, cname, ns, soa };
/// "A", "AAAA", "MX", "TXT", "PTR", "CNAME", "NS", "SOA".
std::string_view to_text(DnsType type) noexcept;
/// Capital letters only, as records are written.
std::optional<DnsType> dns_type_from_text(std::string_view text) noexcept;
std::vector<std::string> dns_type_names();

/// What is asked: "example.com MX".
struct DnsQuestion {
  std::string name;  ///< lower case, A-labels, without its final dot
  DnsType type = DnsType::a;

  friend auto operator<=>(const DnsQuestion&, const DnsQuestion&) = default;
};

}  // namespace postern
