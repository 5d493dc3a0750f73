#include "rules/org_domain.h"

#include "model/text.h"

#include <algorithm>
#include <array>
#include <libpsl.h>

namespace postern::expression {
namespace {

/// Octets of a name with its dots (RFC 1035 2.3.4).
constexpr std::size_t longest_name = 253;

/// "192.0.2.1" and "[192.0.2.1]": libpsl would take them for names.
bool is_address(std::string_view text) {
  const auto last = text.substr(text.rfind('.') + 1);
  return std::all_of(last.begin(), last.end(), is_digit) ||
         text.find_first_of("[]:") != std::string_view::npos;
}

}  // namespace

std::string_view org_domain(std::string_view domain) noexcept {
  if (!domain.empty() && domain.back() == '.') domain.remove_suffix(1);
  if (domain.empty() || domain.size() > longest_name || domain.front() == '.') return domain;
  if (is_address(domain) || domain.find('\0') != std::string_view::npos) return domain;
  std::array<char, longest_name + 1> lower{};
  std::transform(domain.begin(), domain.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  const char* found = psl_registrable_domain(psl_builtin(), lower.data());
  if (found == nullptr) return domain;
  return domain.substr(static_cast<std::size_t>(found - lower.data()));
}

}  // namespace postern::expression
