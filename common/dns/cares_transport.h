// CaresTransport: carries packets to real DNS servers through c-ares, on a thread of its own.
//
// c-ares sees to sockets, ids and the matching of answers; it tries nothing twice and gives nothing
// up early. Queries in flight to one server share few source ports, which leaves little more than
// the 16 bits of the id against forged answers: its servers belong on this host or a trusted net.
#pragma once

#include "dns/transport.h"
#include "model/dns_servers.h"
#include "system/clock.h"

#include <memory>
#include <string>
#include <vector>

namespace postern {

class CaresTransport final : public DnsTransport {
 public:
  /// At least one server. `clock` lives longer; it is only looked at for wake_at(), what c-ares
  /// times goes by the system's. Throws std::system_error when sockets, memory or the thread cannot
  /// be had.
  CaresTransport(std::vector<DnsServer> servers, const Clock& clock);
  ~CaresTransport() override;
  CaresTransport(const CaresTransport&) = delete;
  CaresTransport& operator=(const CaresTransport&) = delete;

  std::size_t servers() const noexcept override;
  std::string server_name(std::size_t server) const override;
  std::chrono::milliseconds patience() const noexcept override;
  void send(DnsSend what, std::function<void(DnsArrival)> done) override;
  void start(std::function<void()> tick) override;
  void wake_at(std::chrono::steady_clock::time_point time) override;
  void stop() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern
