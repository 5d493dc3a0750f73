// ScriptedTransport: carries packets to scripted servers in the same process, in the time of a
// clock. What has no delay is answered inside send(). Thread-safe.
#pragma once

#include "dns/scripted_server.h"
#include "dns/transport.h"
#include "system/clock.h"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace postern {

class ScriptedTransport final : public DnsTransport {
 public:
  /// `clock` lives longer.
  ScriptedTransport(std::vector<ScriptedServer> servers, const Clock& clock);

  std::size_t servers() const noexcept override;
  /// "server 1", ...
  std::string server_name(std::size_t server) const override;
  std::chrono::milliseconds patience() const noexcept override;
  void send(DnsSend what, std::function<void(DnsArrival)> done) override;
  void start(std::function<void()> tick) override;
  void wake_at(std::chrono::steady_clock::time_point) override {}
  void stop() override;

  /// Delivers what is due by the clock and ticks; whoever turns the clock calls it.
  void turn();
  /// From now on the server is another one: it has been repaired, or has broken.
  void replace(std::size_t server, ScriptedServer by);
  /// From now on nothing listens at its address, or again.
  enum class Reach : std::uint8_t { reachable, unreachable };
  void set_reach(std::size_t server, Reach reach);

  struct Sent {
    std::size_t server = 0;
    DnsSend::Carrier carrier = DnsSend::Carrier::udp;
    std::string packet;
  };
  /// All that was sent so far.
  std::vector<Sent> sent() const;

 private:
  struct Pending {
    std::function<void(DnsArrival)> done;
    DnsArrival arrival;
  };
  struct Server {
    ScriptedServer script;
    Reach reach = Reach::reachable;
  };

  const Clock& clock_;
  std::function<void()> tick_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<Server> servers_;
  std::multimap<std::chrono::steady_clock::time_point, Pending> pending_;
  std::vector<Sent> sent_;
  bool stopped_ = false;
};

}  // namespace postern
