#include "model/dns_question.h"

#include <array>

namespace postern {
namespace {

constexpr std::array<std::string_view, 8> types{"A",   "AAAA",  "MX", "TXT",
                                                "PTR", "CNAME", "NS", "SOA"};

}  // namespace

std::string_view to_text(DnsType type) noexcept { return types[static_cast<std::size_t>(type)]; }

std::optional<DnsType> dns_type_from_text(std::string_view text) noexcept {
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i] == text) return static_cast<DnsType>(i);
  }
  return {};
}

std::vector<std::string> dns_type_names() { return {types.begin(), types.end()}; }

}  // namespace postern
