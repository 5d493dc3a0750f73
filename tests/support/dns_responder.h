// DnsResponder: a DNS server on loopback for tests, over UDP and TCP, that says what a
// ScriptedServer says, right or wrong. Has a thread of its own.
#pragma once

#include "dns/scripted_server.h"
#include "model/dns_servers.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace postern::test {

class DnsResponder {
 public:
  enum class Ids : std::uint8_t {
    right,
    wrong,  ///< as somebody who guesses would
  };
  enum class Family : std::uint8_t { v4, v6 };

  /// Throws std::system_error, also where there is no IPv6.
  explicit DnsResponder(ScriptedServer server, Ids ids = Ids::right, Family family = Family::v4);
  ~DnsResponder();

  /// Where it listens.
  DnsServer address() const;
  void replace(ScriptedServer server);

  struct Counts {
    std::size_t udp = 0;  ///< queries
    std::size_t tcp = 0;
    std::size_t ports = 0;  ///< different source ports seen over UDP
  };
  Counts counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// An address where nobody listens.
DnsServer deaf_address();

}  // namespace postern::test
