// CachingResolver: the Resolver. Keeps answers, asks one question once however many wait for it,
// tries several servers, and leaves alone what does not answer. Thread-safe.
//
// What it knows of networks is a DnsTransport, so that the same code runs against real servers, and
// against a world of the tests under a clock turned by hand.
#pragma once

#include "dns/cache.h"
#include "dns/resolver.h"
#include "dns/server_book.h"
#include "dns/settings.h"
#include "dns/transport.h"
#include "dns/zone_book.h"
#include "system/clock.h"

#include <memory>
#include <string>
#include <vector>

namespace postern {

/// For `postern status` and metrics.
struct DnsStatus {
  std::vector<ServerBook::Entry> servers;
  std::vector<ZoneBook::Entry> suspended_zones;
  DnsCache::Numbers cache;
  std::size_t flights = 0;  ///< questions under way
  std::size_t waiting = 0;  ///< askers
  std::uint64_t asked = 0;
  std::uint64_t joined = 0;     ///< found their question under way
  std::uint64_t late = 0;       ///< answers that came when nobody waited any more
  std::uint64_t deadlines = 0;  ///< askers whose time ran out
  std::uint64_t overloads = 0;
};

class CachingResolver final : public Resolver {
 public:
  /// `transport` and `clock` live longer. `zones` stand for themselves when they fail (ZoneBook).
  CachingResolver(DnsTransport& transport, const Clock& clock, DnsSettings settings = {},
                  std::vector<std::string> zones = {});
  /// Stops the transport. Whoever still waits is told that it is `suspended`.
  ~CachingResolver() override;
  CachingResolver(const CachingResolver&) = delete;
  CachingResolver& operator=(const CachingResolver&) = delete;

  std::optional<DnsReply> known(const DnsQuestionView& question) override;
  void ask(const DnsQuestion& question, std::chrono::steady_clock::time_point deadline,
           std::function<void(DnsReply)> done, Freshness freshness = Freshness::cached) override;
  void forget(std::string_view zone) override;
  /// From now on these zones stand for themselves when they fail.
  void set_zones(std::vector<std::string> zones);

  /// Does what is due by the clock. The transport calls it; whoever turns a clock by hand does so
  /// after turning.
  void tick() noexcept;

  DnsStatus status() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern
