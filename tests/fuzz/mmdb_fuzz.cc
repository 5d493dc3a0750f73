// Files in MaxMind's format: whatever the file holds is opened or refused, and every address gets a
// country, a network, nothing or trouble. The first octets are the addresses that are looked up.
#include "runtime/mmdb.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

using namespace postern;

void require(bool good) {
  if (!good) std::abort();
}

void look(const GeoDatabase& file, const IpAddress& address, GeoFact fact) {
  const auto answer = file.find(address);
  require(answer.source.note.size() <= 200);
  if (answer.state != Answer::State::value) return;
  require(answer.values.size() == 1);
  require(fact == GeoFact::country ? is_country_code(answer.values.front())
                                   : is_network_text(answer.values.front()));
}

}  // namespace

// libmaxminddb 1.7.1 forgets about 5 kB of a file whose metadata it refuses. Such a file is opened
// once each time that somebody replaces it, so that this costs nobody anything.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libmaxminddb\n"; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::array<std::uint8_t, 16> v6{};
  if (size < v6.size()) return 0;
  std::memcpy(v6.data(), data, v6.size());
  const std::array<std::uint8_t, 4> v4{v6[0], v6[1], v6[2], v6[3]};
  const std::string_view octets(reinterpret_cast<const char*>(data) + v6.size(), size - v6.size());
  static_cast<void>(is_bounded_value(octets, v6[15]));
  for (const auto fact : geo_facts) {
    const auto opened = mmdb_of(octets, fact, "fuzz.mmdb");
    if (!opened) continue;
    look(**opened, IpAddress::from_v4(v4), fact);
    look(**opened, IpAddress::from_v6(v6), fact);
  }
  return 0;
}
