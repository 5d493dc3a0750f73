#include "dns/cares_transport.h"

#include "dns/cares_channel.h"
#include "system/unique_fd.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <mutex>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

namespace postern {
namespace {

using Time = std::chrono::steady_clock::time_point;

/// Nobody waits for an answer any more then, but the next asker may find it in the cache.
constexpr std::chrono::milliseconds patience_of_channels{10'000};
/// Channels to a server for each carrier, and so source ports in use at once: two bits more against
/// forgery, and each is closed and opened anew when it has nothing under way.
constexpr std::size_t lanes = 4;
/// How often what is too old is looked for while anything is under way.
constexpr std::chrono::milliseconds expiry_interval{500};
/// Ready sockets taken in one go.
constexpr std::size_t most_events = 64;
constexpr std::size_t carriers = 3;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

struct Order {
  DnsSend what;
  std::function<void(DnsArrival)> done;
};

}  // namespace

struct CaresTransport::State {
  State(std::vector<DnsServer> servers_in, const Clock& clock_in)
      : servers(std::move(servers_in)), clock(clock_in), channels(servers.size()) {}

  const std::vector<DnsServer> servers;
  const Clock& clock;
  UniqueFd poll;
  UniqueFd bell;
  std::function<void()> tick;
  std::thread thread;

  std::mutex mutex;  // guards what follows
  std::vector<Order> orders;
  Time wake = Time::max();
  bool stopping = false;
  bool rung = false;

  // Of the thread alone.
  std::unordered_map<int, CaresChannel*> sockets;
  std::vector<std::array<std::array<std::unique_ptr<CaresChannel>, lanes>, carriers>> channels;
  std::size_t next_lane = 0;

  void ring() {
    {
      const std::lock_guard lock(mutex);
      if (std::exchange(rung, true)) return;
    }
    const std::uint64_t one = 1;
    // It can only fail when it has been rung four billion times.
    static_cast<void>(!::write(bell.get(), &one, sizeof(one)));
  }

  void watch(CaresChannel* channel, int fd, bool readable, bool writable) {
    if (!readable && !writable) {
      sockets.erase(fd);
      ::epoll_ctl(poll.get(), EPOLL_CTL_DEL, fd, nullptr);
      return;
    }
    epoll_event event{};
    event.events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);
    event.data.fd = fd;
    const bool known = !sockets.insert_or_assign(fd, channel).second;
    ::epoll_ctl(poll.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
  }

  CaresChannel& channel_for(const DnsSend& what) {
    auto& lane = channels[what.server][static_cast<std::size_t>(what.carrier)][next_lane++ % lanes];
    if (lane && lane->worn() && lane->idle()) lane.reset();
    if (!lane) {
      // c-ares calls back about sockets with the channel still being made.
      auto self = std::make_shared<CaresChannel*>(nullptr);
      lane =
          std::make_unique<CaresChannel>(servers[what.server], what.carrier, patience_of_channels,
                                         [this, self](int fd, bool readable, bool writable) {
                                           watch(*self, fd, readable, writable);
                                         });
      *self = lane.get();
    }
    return *lane;
  }

  void carry_out(Order order) {
    try {
      channel_for(order.what).send(std::move(order.what.packet), order.done);
    } catch (...) {
      // No memory, no descriptors.
      order.done({DnsArrival::Kind::unreachable, {}});
    }
  }

  bool anything_under_way() const {
    for (const auto& server : channels) {
      for (const auto& carrier : server) {
        for (const auto& lane : carrier) {
          if (lane && !lane->idle()) return true;
        }
      }
    }
    return false;
  }

  void expire_channels() {
    for (auto& server : channels) {
      for (auto& carrier : server) {
        for (auto& lane : carrier) {
          if (lane && !lane->idle()) lane->expire();
        }
      }
    }
  }

  int wait_time(Time due) const {
    std::chrono::nanoseconds left = std::chrono::hours(1);
    if (due != Time::max()) {
      left = std::clamp<std::chrono::nanoseconds>(due - clock.steady(), left.zero(), left);
    }
    if (anything_under_way()) left = std::min<std::chrono::nanoseconds>(left, expiry_interval);
    // Rounded up, or the last part of a millisecond would be spent spinning.
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
  }

  void run() {
    std::array<epoll_event, most_events> events{};
    auto expired = std::chrono::steady_clock::now();
    for (;;) {
      std::vector<Order> taken;
      bool due = false;
      Time next = Time::max();
      {
        const std::lock_guard lock(mutex);
        if (stopping) break;
        taken = std::exchange(orders, {});
        due = wake <= clock.steady();
        if (due) wake = Time::max();
        next = wake;
      }
      for (auto& order : taken) carry_out(std::move(order));
      if (due) {
        tick();
        continue;
      }
      const int count = ::epoll_wait(poll.get(), events.data(), most_events, wait_time(next));
      for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)]);
      const auto now = std::chrono::steady_clock::now();
      if (now - expired >= expiry_interval) {
        expired = now;
        expire_channels();
      }
    }
    // On this thread, so that nobody is called back on another.
    channels.clear();
  }

  void handle(const epoll_event& event) {
    const int fd = event.data.fd;
    if (fd == bell.get()) {
      std::uint64_t count = 0;
      static_cast<void>(!::read(fd, &count, sizeof(count)));
      const std::lock_guard lock(mutex);
      rung = false;
      return;
    }
    // An event before it may have closed this socket.
    const auto found = sockets.find(fd);
    if (found == sockets.end()) return;
    const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    found->second->process(fd, broken || (event.events & EPOLLIN) != 0,
                           broken || (event.events & EPOLLOUT) != 0);
  }
};

CaresTransport::CaresTransport(std::vector<DnsServer> servers, const Clock& clock)
    : state_(std::make_unique<State>(std::move(servers), clock)) {
  auto& state = *state_;
  state.poll.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!state.poll) fail("epoll_create1");
  state.bell.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!state.bell) fail("eventfd");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = state.bell.get();
  if (::epoll_ctl(state.poll.get(), EPOLL_CTL_ADD, state.bell.get(), &event) != 0) {
    fail("epoll_ctl");
  }
}

CaresTransport::~CaresTransport() { stop(); }

std::size_t CaresTransport::servers() const noexcept { return state_->servers.size(); }

std::string CaresTransport::server_name(std::size_t server) const {
  return state_->servers[server].text();
}

std::chrono::milliseconds CaresTransport::patience() const noexcept { return patience_of_channels; }

void CaresTransport::send(DnsSend what, std::function<void(DnsArrival)> done) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) return;
    state_->orders.push_back({std::move(what), std::move(done)});
  }
  state_->ring();
}

void CaresTransport::start(std::function<void()> tick) {
  state_->tick = std::move(tick);
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

void CaresTransport::wake_at(std::chrono::steady_clock::time_point time) {
  {
    const std::lock_guard lock(state_->mutex);
    if (time >= state_->wake) return;
    state_->wake = time;
  }
  if (std::this_thread::get_id() != state_->thread.get_id()) state_->ring();
}

void CaresTransport::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->ring();
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace postern
