// DnsTransport: carries one packet to a server and brings what comes back. Whether it is asked
// again, elsewhere or not at all is not its business.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace postern {

/// One attempt.
struct DnsSend {
  enum class Carrier : std::uint8_t {
    udp,
    plain_udp,  ///< to a server that does not know EDNS
    tcp,
  };
  std::size_t server = 0;  ///< index into the servers
  Carrier carrier = Carrier::udp;
  std::string packet;  ///< the transport puts its own id into the first two octets
};

/// What became of it.
struct DnsArrival {
  enum class Kind : std::uint8_t {
    packet,       ///< with our id and our question
    unreachable,  ///< refused or no route, or the connection broke
    nothing,      ///< given up after a long time
  };
  Kind kind = Kind::nothing;
  std::string packet;
};

/// Thread-safe.
class DnsTransport {
 public:
  virtual ~DnsTransport() = default;

  virtual std::size_t servers() const noexcept = 0;
  /// "127.0.0.1:53".
  virtual std::string server_name(std::size_t server) const = 0;
  /// How long send() goes on listening. An answer may come long after the asker has tried
  /// elsewhere.
  virtual std::chrono::milliseconds patience() const noexcept = 0;

  /// `done` is called exactly once, from any thread, perhaps before send() returns, or never when
  /// stop() comes first. It does not throw.
  virtual void send(DnsSend what, std::function<void(DnsArrival)> done) = 0;

  /// From now on `tick` is called at or soon after the times that wake_at() names. It returns
  /// nothing and does not throw. Called once, before the first send().
  virtual void start(std::function<void()> tick) = 0;
  virtual void wake_at(std::chrono::steady_clock::time_point time) = 0;
  /// No callback runs when it returns, and none comes later. Not to be called from a callback.
  virtual void stop() = 0;
};

}  // namespace postern
