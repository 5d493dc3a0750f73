#include "dns/cares_channel.h"

#include <algorithm>
#include <ares.h>
#include <arpa/inet.h>
#include <array>
#include <bitset>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>
#include <sys/random.h>
#include <system_error>

namespace postern {
namespace {

/// Half of the ids: drawing one that is free stays quick, and guessing one stays hard.
constexpr std::size_t most_in_flight = 32'768;
/// Octets of a socket's buffer; what c-ares asks for by default holds a hundred answers.
constexpr int socket_buffer = 1 << 20;
/// What c-ares takes from UDP; more than we let servers send.
constexpr int largest_udp = 4096;

/// c-ares wants to be initialised once in a process; it is never cleaned up, because other threads
/// may still be in it when the process ends.
void initialise() {
  static std::once_flag once;
  static int status = ARES_SUCCESS;
  std::call_once(once, [] { status = ares_library_init(ARES_LIB_INIT_ALL); });
  if (status != ARES_SUCCESS) throw std::system_error(ENOMEM, std::generic_category(), "c-ares");
}

/// Random numbers that cannot be guessed, fetched from the system in stocks.
class RandomStock {
 public:
  std::uint16_t next() {
    if (left_ == 0) fill();
    return stock_[--left_];
  }

 private:
  void fill() {
    const auto octets = sizeof(stock_);
    if (::getrandom(stock_.data(), octets, 0) != static_cast<ssize_t>(octets)) {
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    left_ = stock_.size();
  }
  // getrandom() gives up to 256 octets without ever being interrupted.
  std::array<std::uint16_t, 128> stock_{};
  std::size_t left_ = 0;
};

}  // namespace

struct CaresChannel::State {
  ares_channel channel = nullptr;
  Watch watch;
  RandomStock random;
  std::bitset<65536> ids;
  std::size_t in_flight = 0;
  bool with_edns = false;
  bool worn = false;

  static void on_socket(void* self, ares_socket_t fd, int readable, int writable) noexcept {
    try {
      static_cast<State*>(self)->watch(fd, readable != 0, writable != 0);
    } catch (...) {
      // The answers on it are lost, and their time ends.
    }
  }

  struct Sent {
    State* state;
    std::uint16_t id;
    std::function<void(DnsArrival)> done;
  };

  static void on_arrival(void* argument, int status, int /*timeouts*/, unsigned char* packet,
                         int length) noexcept {
    const std::unique_ptr<Sent> sent(static_cast<Sent*>(argument));
    sent->state->ids.reset(sent->id);
    --sent->state->in_flight;
    try {
      DnsArrival arrival;
      if (status == ARES_SUCCESS && packet != nullptr) {
        arrival.kind = DnsArrival::Kind::packet;
        arrival.packet.assign(reinterpret_cast<const char*>(packet),
                              static_cast<std::size_t>(length));
        // No additional record, so no OPT.
        if (sent->state->with_edns && length >= 12 && packet[10] == 0 && packet[11] == 0) {
          sent->state->worn = true;
        }
      } else if (status != ARES_ETIMEOUT && status != ARES_EDESTRUCTION) {
        arrival.kind = DnsArrival::Kind::unreachable;
      }
      sent->done(std::move(arrival));
    } catch (...) {
    }
  }

  std::uint16_t free_id() {
    for (;;) {
      const auto id = random.next();
      if (!ids.test(id)) return id;
    }
  }
};

CaresChannel::CaresChannel(const DnsServer& server, DnsSend::Carrier carrier,
                           std::chrono::milliseconds patience, Watch watch)
    : state_(std::make_unique<State>()) {
  initialise();
  state_->watch = std::move(watch);
  ares_options options{};
  // IGNTC and NOCHECKRESP: the packet itself comes to us, truncated or an error, with its reasons.
  // Without EDNS in the flags, c-ares would cut what is longer than 512 octets; with it, and an
  // FORMERR from the server, it asks again by itself and clears the flag, so that servers which do
  // not know EDNS get a channel of their own.
  options.flags =
      ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_IGNTC | ARES_FLAG_NOCHECKRESP;
  state_->with_edns = carrier == DnsSend::Carrier::udp;
  if (state_->with_edns) options.flags |= ARES_FLAG_EDNS;
  if (carrier == DnsSend::Carrier::tcp) options.flags |= ARES_FLAG_USEVC;
  options.timeout = static_cast<int>(patience.count());
  options.tries = 1;
  options.ednspsz = largest_udp;
  options.socket_receive_buffer_size = socket_buffer;
  // c-ares takes a full one for a server that cannot be reached.
  options.socket_send_buffer_size = socket_buffer;
  std::array<char, 2> lookups{"b"};
  options.lookups = lookups.data();
  std::array<char, 10> no_file{"/dev/null"};
  options.resolvconf_path = no_file.data();
  options.sock_state_cb = &State::on_socket;
  options.sock_state_cb_data = state_.get();
  const int set = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
                  ARES_OPT_SOCK_RCVBUF | ARES_OPT_SOCK_SNDBUF | ARES_OPT_LOOKUPS |
                  ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB;
  int status = ares_init_options(&state_->channel, &options, set);
  if (status == ARES_SUCCESS) {
    ares_addr_port_node node{};
    const auto& octets = server.address.bytes();
    if (server.address.family() == IpAddress::Family::v4) {
      node.family = AF_INET;
      std::memcpy(&node.addr.addr4, octets.data(), sizeof(node.addr.addr4));
    } else {
      node.family = AF_INET6;
      std::memcpy(&node.addr.addr6, octets.data(), sizeof(node.addr.addr6));
    }
    node.udp_port = node.tcp_port = server.port;
    status = ares_set_servers_ports(state_->channel, &node);
    if (status != ARES_SUCCESS) ares_destroy(state_->channel);
  }
  if (status != ARES_SUCCESS) {
    throw std::system_error(ENOMEM, std::generic_category(), ares_strerror(status));
  }
}

CaresChannel::~CaresChannel() { ares_destroy(state_->channel); }

void CaresChannel::send(std::string packet, std::function<void(DnsArrival)> done) {
  if (packet.size() < 2 || full()) return done({});
  const auto id = state_->free_id();
  packet[0] = static_cast<char>(id >> 8);
  packet[1] = static_cast<char>(id & 0xff);
  auto sent = std::make_unique<State::Sent>(State::Sent{state_.get(), id, std::move(done)});
  state_->ids.set(id);
  ++state_->in_flight;
  ares_send(state_->channel, reinterpret_cast<const unsigned char*>(packet.data()),
            static_cast<int>(packet.size()), &State::on_arrival, sent.release());
}

void CaresChannel::process(int fd, bool readable, bool writable) {
  ares_process_fd(state_->channel, readable ? fd : ARES_SOCKET_BAD,
                  writable ? fd : ARES_SOCKET_BAD);
}

void CaresChannel::expire() { ares_process_fd(state_->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); }

bool CaresChannel::idle() const noexcept { return state_->in_flight == 0; }
bool CaresChannel::worn() const noexcept { return state_->worn; }
bool CaresChannel::full() const noexcept { return state_->in_flight >= most_in_flight; }

}  // namespace postern
