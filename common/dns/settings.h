// DnsSettings: how the resolver asks and what it keeps. Plain data.
#pragma once

#include <chrono>
#include <cstddef>

namespace postern {

struct DnsSettings {
  /// How long one server may take before the next is asked. A resolver that has to ask all the way
  /// from the root needs up to a second; a decision has eight.
  std::chrono::milliseconds try_time{1500};
  /// Attempts a question gets when nobody answers; all of them fit into a decision's deadline.
  unsigned tries = 3;

  /// Bounds on how long an answer is kept. The least one spans the stages of one message, so that
  /// a TTL of 0 does not make every recipient ask again.
  std::chrono::seconds ttl_least{5};
  std::chrono::seconds ttl_most{std::chrono::hours(24)};
  /// RFC 2308 5 recommends one to three hours.
  std::chrono::seconds negative_ttl_most{std::chrono::hours(1)};
  /// RFC 9520 3.2: at least 1 s, at most 5 minutes. Short, because trouble ends unannounced.
  std::chrono::seconds failure_ttl{5};
  /// Octets, all shards together.
  std::size_t cache_octets = std::size_t{32} * 1024 * 1024;

  /// Questions under way, about a kilobyte each: ten of each of 5,000 transactions, and some. Each
  /// needs an id of 16 bits of its own on one of the sockets to its server.
  std::size_t most_flights = 60'000;
  /// Askers that wait, whatever for.
  std::size_t most_waiting = 100'000;

  /// Attempts without an answer, one after another, until a server is probed.
  unsigned server_failures = 5;
  /// Questions without an answer, one after another, until their zone is left alone.
  unsigned zone_failures = 8;
  /// How long a server or zone that failed is left alone, doubled each time it fails again.
  std::chrono::milliseconds first_pause{1000};
  std::chrono::milliseconds longest_pause{30'000};
  /// Of a server: it is tried with a single packet, and without it nothing can be asked at all.
  std::chrono::milliseconds longest_server_pause{2000};
};

}  // namespace postern
