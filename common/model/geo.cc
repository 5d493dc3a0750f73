#include "model/geo.h"

#include "model/text.h"

#include <algorithm>

namespace postern {
namespace {

// ISO 3166-1 alpha-2, officially assigned, in order, two letters each; and XK.
constexpr std::string_view country_codes =
    "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCM"
    "CNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGY"
    "HKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMF"
    "MGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARE"
    "RORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZ"
    "VAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";
static_assert(country_codes.size() == 250 * 2, "249 that ISO 3166-1 has assigned, and XK");

}  // namespace

std::string_view to_text(GeoFact fact) noexcept {
  return fact == GeoFact::country ? "country" : "asn";
}

std::optional<GeoFact> geo_fact_from_text(std::string_view text) noexcept {
  for (const auto fact : geo_facts) {
    if (to_text(fact) == text) return fact;
  }
  return std::nullopt;
}

bool is_country_code(std::string_view text) noexcept {
  if (text.size() != 2) return false;
  for (std::size_t i = 0; i < country_codes.size(); i += 2) {
    if (country_codes.substr(i, 2) == text) return true;
  }
  return false;
}

std::string network_text(std::uint32_t number) { return "AS" + std::to_string(number); }

bool is_network_text(std::string_view text) noexcept {
  constexpr std::size_t most_digits = 10;
  if (!text.starts_with("AS")) return false;
  text.remove_prefix(2);
  if (text.empty() || text.size() > most_digits || text.front() == '0') return false;
  if (!std::all_of(text.begin(), text.end(), is_digit)) return false;
  std::uint64_t number = 0;
  for (const char c : text) number = number * 10 + static_cast<std::uint64_t>(c - '0');
  return number <= 0xFFFFFFFF;
}

}  // namespace postern
