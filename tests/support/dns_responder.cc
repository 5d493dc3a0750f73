#include "support/dns_responder.h"

#include "system/unique_fd.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <set>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <vector>

namespace postern::test {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);

  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  std::uint16_t port() const {
    return storage.ss_family == AF_INET
               ? ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port)
               : ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  }
};

Address loopback(DnsResponder::Family family, std::uint16_t port) {
  Address address;
  if (family == DnsResponder::Family::v4) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    v4->sin_family = AF_INET;
    v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v4->sin_port = htons(port);
    address.size = sizeof(*v4);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_addr = in6addr_loopback;
    v6->sin6_port = htons(port);
    address.size = sizeof(*v6);
  }
  return address;
}

/// A UDP and a TCP socket with one port. False: somebody has the TCP port.
bool open_both(DnsResponder::Family family, UniqueFd& udp, UniqueFd& tcp, std::uint16_t& port) {
  const int domain = family == DnsResponder::Family::v4 ? AF_INET : AF_INET6;
  auto address = loopback(family, 0);
  udp.reset(::socket(domain, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!udp || ::bind(udp.get(), address.raw(), address.size) != 0) fail("UDP socket");
  const int buffer = 4 << 20;
  ::setsockopt(udp.get(), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
  if (::getsockname(udp.get(), address.raw(), &address.size) != 0) fail("getsockname");
  port = address.port();
  tcp.reset(::socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!tcp) fail("TCP socket");
  return ::bind(tcp.get(), address.raw(), address.size) == 0 && ::listen(tcp.get(), 64) == 0;
}

void open_ports(DnsResponder::Family family, UniqueFd& udp, UniqueFd& tcp, std::uint16_t& port) {
  for (int tries = 0; tries < 20; ++tries) {
    if (open_both(family, udp, tcp, port)) return;
  }
  fail("no port for both UDP and TCP");
}

}  // namespace

struct DnsResponder::State {
  State(ScriptedServer server_in, Ids ids_in, Family family_in)
      : ids(ids_in), family(family_in), server(std::move(server_in)) {
    open_ports(family, udp, tcp, port);
    bell.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!bell) fail("eventfd");
  }

  struct Connection {
    UniqueFd fd;
    std::string received;
    bool closing = false;
  };
  struct Later {
    std::string packet;
    Address to;
  };

  const Ids ids;
  const Family family;
  UniqueFd udp;
  UniqueFd tcp;
  UniqueFd bell;
  std::uint16_t port = 0;

  mutable std::mutex mutex;
  ScriptedServer server;
  Counts counts;
  std::set<std::uint16_t> ports;
  bool stopping = false;

  std::multimap<Clock::time_point, Later> later;
  std::vector<Connection> connections;
  std::thread thread;

  ScriptedServer::Said ask(std::string_view query, ScriptedServer::Way way, std::uint16_t from) {
    const std::lock_guard lock(mutex);
    if (way == ScriptedServer::Way::udp) {
      ++counts.udp;
      ports.insert(from);
    } else {
      ++counts.tcp;
    }
    auto said = server.answer(query, way);
    if (ids == Ids::wrong && !said.packet.empty())
      said.packet[0] = static_cast<char>(~said.packet[0]);
    return said;
  }

  void run() {
    for (;;) {
      std::vector<pollfd> polled{
          {udp.get(), POLLIN, 0}, {tcp.get(), POLLIN, 0}, {bell.get(), POLLIN, 0}};
      for (const auto& connection : connections) polled.push_back({connection.fd.get(), POLLIN, 0});
      ::poll(polled.data(), polled.size(), wait_time());
      {
        const std::lock_guard lock(mutex);
        if (stopping) return;
      }
      send_due();
      take_udp();
      for (std::size_t i = 0; i < connections.size(); ++i) {
        if (polled[i + 3].revents != 0) take_tcp(connections[i]);
      }
      std::erase_if(connections, [](const Connection& c) { return c.closing; });
      if (polled[1].revents != 0) {
        UniqueFd fd(::accept4(tcp.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (fd) connections.push_back({std::move(fd), {}, false});
      }
    }
  }

  int wait_time() const {
    if (later.empty()) return -1;
    const auto left = later.begin()->first - Clock::now();
    return std::max(0,
                    static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
  }

  void send_due() {
    while (!later.empty() && later.begin()->first <= Clock::now()) {
      auto& due = later.begin()->second;
      ::sendto(udp.get(), due.packet.data(), due.packet.size(), 0, due.to.raw(), due.to.size);
      later.erase(later.begin());
    }
  }

  void take_udp() {
    for (;;) {
      std::array<char, 4096> buffer{};
      Address from;
      const auto size =
          ::recvfrom(udp.get(), buffer.data(), buffer.size(), 0, from.raw(), &from.size);
      if (size <= 0) return;
      auto said = ask({buffer.data(), static_cast<std::size_t>(size)}, ScriptedServer::Way::udp,
                      from.port());
      if (!said.anything || said.timeout) continue;
      later.emplace(Clock::now() + said.delay, Later{std::move(said.packet), from});
      send_due();
    }
  }

  void take_tcp(Connection& connection) {
    std::array<char, 4096> buffer{};
    const auto size = ::recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
    if (size <= 0) {
      connection.closing = true;
      return;
    }
    auto& received = connection.received;
    received.append(buffer.data(), static_cast<std::size_t>(size));
    while (received.size() >= 2) {
      const auto length = static_cast<std::size_t>(static_cast<unsigned char>(received[0])) << 8 |
                          static_cast<unsigned char>(received[1]);
      if (received.size() < 2 + length) return;
      const auto said =
          ask(std::string_view(received).substr(2, length), ScriptedServer::Way::tcp, 0);
      received.erase(0, 2 + length);
      if (said.closes) {
        connection.closing = true;
        return;
      }
      if (!said.anything || said.timeout) continue;
      std::string framed{static_cast<char>(said.packet.size() >> 8),
                         static_cast<char>(said.packet.size() & 0xff)};
      framed += said.packet;
      send_all(connection, framed);
    }
  }

  static void send_all(Connection& connection, std::string_view octets) {
    while (!octets.empty()) {
      const auto size = ::send(connection.fd.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
      if (size > 0) {
        octets.remove_prefix(static_cast<std::size_t>(size));
        continue;
      }
      if (errno != EAGAIN) {
        connection.closing = true;
        return;
      }
      pollfd writable{connection.fd.get(), POLLOUT, 0};
      ::poll(&writable, 1, 1000);
    }
  }
};

DnsResponder::DnsResponder(ScriptedServer server, Ids ids, Family family)
    : state_(std::make_unique<State>(std::move(server), ids, family)) {
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

DnsResponder::~DnsResponder() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  const std::uint64_t one = 1;
  static_cast<void>(!::write(state_->bell.get(), &one, sizeof(one)));
  state_->thread.join();
}

DnsServer DnsResponder::address() const {
  const auto* text = state_->family == Family::v4 ? "127.0.0.1" : "::1";
  return {*IpAddress::parse(text), state_->port};
}

void DnsResponder::replace(ScriptedServer server) {
  const std::lock_guard lock(state_->mutex);
  state_->server = std::move(server);
}

DnsResponder::Counts DnsResponder::counts() const {
  const std::lock_guard lock(state_->mutex);
  auto counts = state_->counts;
  counts.ports = state_->ports.size();
  return counts;
}

DnsServer deaf_address() {
  UniqueFd udp;
  UniqueFd tcp;
  std::uint16_t port = 0;
  open_ports(DnsResponder::Family::v4, udp, tcp, port);
  return {*IpAddress::parse("127.0.0.1"), port};
}

}  // namespace postern::test
