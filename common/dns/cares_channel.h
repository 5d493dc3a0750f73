// CaresChannel: one c-ares channel to one server. Belongs to one thread.
#pragma once

#include "dns/transport.h"
#include "model/dns_servers.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace postern {

class CaresChannel {
 public:
  /// What a socket wants to be told; neither: it is about to be closed.
  using Watch = std::function<void(int fd, bool readable, bool writable)>;

  /// Throws std::system_error or std::bad_alloc.
  CaresChannel(const DnsServer& server, DnsSend::Carrier carrier,
               std::chrono::milliseconds patience, Watch watch);
  /// What is under way comes back as `nothing`.
  ~CaresChannel();
  CaresChannel(const CaresChannel&) = delete;
  CaresChannel& operator=(const CaresChannel&) = delete;

  /// `done` may be called before it returns.
  void send(std::string packet, std::function<void(DnsArrival)> done);
  /// A socket is ready.
  void process(int fd, bool readable, bool writable);
  /// Gives up what is too old.
  void expire();
  bool idle() const noexcept;
  /// No id is left to give.
  bool full() const noexcept;
  /// A server that does not know EDNS has made c-ares forget EDNS on this channel, and cut what is
  /// longer than 512 octets: it should be replaced when it is idle.
  bool worn() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern
