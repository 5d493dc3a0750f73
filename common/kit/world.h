// World: all that may be asked about in a test: DNS and counters. Plain data, pure.
#pragma once

#include "kit/dns_world.h"
#include "model/geo.h"
#include "postern/facts.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace postern {

/// What a counter is: the check that counts, and for whom.
struct CounterKey {
  std::string check;
  std::string key;

  friend auto operator<=>(const CounterKey&, const CounterKey&) = default;
};
/// Reads "CHECK KEY": all behind the first space is the key.
std::variant<CounterKey, KitFault> counter_key(std::string_view text);

/// What a file about addresses may be said to know: "DE" of a country, "AS64496" of a network,
/// "unknown" of either, which is kept as the empty text.
std::variant<std::string, KitFault> geo_value(GeoFact fact, std::string_view text);

struct World {
  DnsWorld dns;
  /// What has been counted before the transaction.
  std::map<CounterKey, std::int64_t> counters;
  /// What files about addresses say of the client, by place_of(); empty: nothing.
  std::array<std::string, geo_facts.size()> geo;

  /// The answer to a question of a check. Of the kinds that DNS answers (dns, spf, reverse_dns,
  /// helo_dns, sender_dns) the subject is the type of records and the key the name; SERVFAIL and
  /// TIMEOUT are unavailable, a name or records that do not exist are nothing. Of kind store, the
  /// subject is the check's name and the key its key; one that is not named has counted nothing.
  /// Of kind geo the subject is "country" or "asn".
  /// Everything else cannot be asked in a test, and is unavailable.
  Answer answer(const Question& question) const;
};

}  // namespace postern
