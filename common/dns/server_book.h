// ServerBook: which DNS servers are in service. Not thread-safe; reads no clock.
//
// Attempts that nobody answered may be the zone's fault, which the server would have asked. So a
// server with several in a row is asked for something that every server has, and goes out of
// service only when that is not answered either; it comes back with the first answer to such a
// probe.
#pragma once

#include "dns/settings.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace postern {

class ServerBook {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Entry {
    std::string name;
    bool in_service = true;
    std::uint64_t asked = 0;
    std::uint64_t answered = 0;
    std::uint64_t unanswered = 0;  ///< in their time; some may have been answered later
    std::uint64_t went_out = 0;    ///< of service
    unsigned failures = 0;         ///< in a row
    bool edns = true;
  };
  /// What became of it, so that who was wrongly suspected can be cleared.
  enum class Change : std::uint8_t { none, out_of_service, back };

  ServerBook(std::vector<std::string> names, const DnsSettings& settings);

  std::size_t size() const noexcept { return servers_.size(); }
  const std::string& name(std::size_t server) const { return servers_[server].entry.name; }
  /// The first server in service from `from` on, round and round; nullopt when none is.
  std::optional<std::size_t> choose(std::size_t from) const noexcept;

  void was_asked(std::size_t server) { ++servers_[server].entry.asked; }
  /// Anything it sent, also an error.
  Change has_answered(std::size_t server);
  /// Not in its time, or it cannot be reached, or sent garbage.
  void has_failed(std::size_t server, Time now);

  /// Whether it is to be asked with EDNS. One that cannot is tried again after a quarter of an
  /// hour.
  bool speaks_edns(std::size_t server, Time now);
  void has_no_edns(std::size_t server, Time now);

  /// The probes to send now; each is followed by has_answered() or, by time, probe_failed().
  std::vector<std::size_t> probes_due(Time now);
  /// Ends probes that nobody answered in time.
  Change end_probes(Time now);
  /// When one of the two is to be called next.
  Time next_due() const noexcept;

  std::vector<Entry> entries() const;

 private:
  struct Server {
    Entry entry;
    std::chrono::milliseconds pause{0};
    Time probe_at = Time::max();    ///< to be sent
    Time probe_ends = Time::max();  ///< under way
    Time edns_again = Time::min();
  };

  std::vector<Server> servers_;
  const DnsSettings settings_;
};

}  // namespace postern
