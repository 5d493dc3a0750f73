#include "policy/loop.h"

#include "policy/connection.h"
#include "rules/settings.h"
#include "runtime/log.h"
#include "system/unique_fd.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <utility>

namespace postern::policy_door {

namespace {

using Time = std::chrono::steady_clock::time_point;

constexpr int events_a_round = 64;
/// Answers that are made before they are sent together. Sent one by one, each would wake a client
/// that has gone to sleep while the next answer was made, which costs more than the answer itself.
/// Few enough that the first of them waits for some ten microseconds only.
constexpr std::size_t answers_at_once = 8;
/// Connections taken in one go, so that a flood of them does not starve those that are open, and
/// the other loops get their share.
constexpr int accepts_a_round = 16;
/// How often time limits are looked at, and how long a listener rests that the system gives no
/// connections for want of memory or descriptors.
constexpr std::chrono::milliseconds sweep_interval{1000};
/// How often a loop without connections wakes to forget what has become too old: a mail server that
/// has gone quiet must not hold the tables of a policy that is no longer in force.
constexpr std::chrono::milliseconds quiet_sweep_interval{60'000};

constexpr std::uint64_t wake_id = 0;
constexpr std::uint64_t first_listener_id = 1;
/// Above any number of listeners.
constexpr std::uint64_t first_connection_id = 1'000'000;

int descriptor_or_throw(int descriptor, const char* what) {
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), what);
  return descriptor;
}

/// Where other threads leave answers for a loop. Lives on while anybody holds it.
class Mailbox {
 public:
  struct Letter {
    std::uint64_t connection;
    std::optional<std::string> octets;
  };

  Mailbox() : wake_(descriptor_or_throw(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {}

  void put(Letter letter) {
    {
      const std::lock_guard lock(mutex_);
      letters_.push_back(std::move(letter));
    }
    wake();
  }
  void wake() noexcept {
    const std::uint64_t one = 1;
    // It fails only when the loop has more wakings to see than it can count.
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  }
  std::vector<Letter> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
    const std::lock_guard lock(mutex_);
    return std::exchange(letters_, {});
  }
  int descriptor() const noexcept { return wake_.get(); }

 private:
  UniqueFd wake_;
  std::mutex mutex_;
  std::vector<Letter> letters_;
};

enum class Order : int { serve, drain, abandon };

}  // namespace

bool OnceAMinute::now(Time time) noexcept {
  const auto at = time.time_since_epoch().count();
  auto next = next_.load();
  constexpr auto minute =
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::minutes(1));
  return at >= next && next_.compare_exchange_strong(next, at + minute.count());
}

struct Loop::State {
  explicit State(LoopContext& context_in)
      : context(context_in),
        epoll(descriptor_or_throw(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
        mailbox(std::make_shared<Mailbox>()),
        spare(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
        watching(context_in.listeners.size(), false) {}

  LoopContext& context;
  UniqueFd epoll;
  std::shared_ptr<Mailbox> mailbox;
  UniqueFd spare;  // given up for a moment to refuse a client when descriptors have run out
  std::atomic<Order> order{Order::serve};
  std::atomic<std::uint64_t> rounds{0};

  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections;
  std::vector<std::uint64_t> answered;      // connections whose answer is still to be sent
  std::vector<std::uint64_t> answers_sent;  // used by send_answers() alone; keeps its memory
  std::uint64_t next_id = first_connection_id;
  Time now;
  Time next_sweep;
  std::vector<bool> watching;  // the listeners that are accepted from
  bool draining = false;
  bool may_remember = false;  // the responder, something that becomes too old

  const Clock& clock() const { return context.services.clock; }
  DoorCounters& counters() const { return context.services.policy_counters; }

  LimitSettings limits() const {
    const auto policy = context.services.policy.get();
    return policy ? policy->settings().limits : LimitSettings{};
  }

  void watch(int descriptor, std::uint64_t id, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    descriptor_or_throw(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
  }

  /// From every listener that rests. One that fails is tried again at the next sweep; the others
  /// are served meanwhile.
  void start_accepting() {
    if (draining) return;
    for (std::size_t i = 0; i < watching.size(); ++i) {
      if (watching[i]) continue;
      try {
        // Exclusive: a new client wakes one loop, not all of them.
        watch(context.listeners[i], first_listener_id + i, EPOLLIN | EPOLLEXCLUSIVE);
        watching[i] = true;
      } catch (const std::exception& error) {
        complain(std::string("a policy listener cannot be watched, no client is accepted there: ") +
                 error.what());
      }
    }
  }

  void rest(std::size_t listener) {
    watching[listener] = false;
    ::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, context.listeners[listener], nullptr);
  }

  void stop_accepting() {
    for (std::size_t i = 0; i < watching.size(); ++i) {
      if (watching[i]) rest(i);
    }
  }

  bool all_accepting() const {
    return std::find(watching.begin(), watching.end(), false) == watching.end();
  }

  /// Trouble of the door itself, which comes back every second until somebody cures it.
  void complain(const std::string& trouble) {
    const auto kept_back = context.trouble.pass(now);
    if (kept_back) log(LogLevel::error, "policy door: " + trouble + kept_back_text(*kept_back));
  }

  void run() {
    now = clock().steady();
    watch(mailbox->descriptor(), wake_id, EPOLLIN);
    start_accepting();
    std::array<epoll_event, events_a_round> events{};
    for (;;) {
      const bool timed = !connections.empty() || !all_accepting();
      const bool waits = answered.empty();
      const int longest = timed          ? static_cast<int>(sweep_interval.count())
                          : may_remember ? static_cast<int>(quiet_sweep_interval.count())
                                         : -1;
      const int count =
          ::epoll_wait(epoll.get(), events.data(), events_a_round, waits ? longest : 0);
      // Anything but a signal would come back at once, for ever.
      if (count < 0 && errno != EINTR) {
        throw std::system_error(errno, std::generic_category(), "epoll_wait");
      }
      now = clock().steady();
      for (int i = 0; i < count; ++i) {
        guarded_take(events[static_cast<std::size_t>(i)]);
        if (answered.size() >= answers_at_once) send_answers();
      }
      send_answers();
      ++rounds;
      const auto wish = order.load();
      if (wish == Order::abandon) break;
      if (wish == Order::drain && !draining) start_draining();
      if (draining && connections.empty()) break;
      if (now >= next_sweep || (waits && count == 0)) guarded_sweep();
    }
    stop_accepting();
    while (!connections.empty()) close(*connections.begin()->second);
  }

  /// Trouble with one event must not end the loop: with it the whole door would be deaf, unseen.
  void guarded_take(const epoll_event& event) {
    try {
      take(event);
    } catch (const std::exception& error) {
      ++counters().failures;
      complain(error.what());
    }
  }

  void take(const epoll_event& event) {
    const auto id = event.data.u64;
    if (id == wake_id) {
      for (auto& letter : mailbox->take()) {
        guarded(letter.connection, [&](Connection& connection) { deliver(connection, letter); });
      }
    } else if (id >= first_connection_id) {
      guarded(id, [&](Connection& connection) { serve(connection, event.events); });
    } else {
      try {
        accept_some(static_cast<std::size_t>(id - first_listener_id));
      } catch (const std::exception& error) {
        complain(std::string("connection refused: ") + error.what());
      }
    }
  }

  /// Does something with a connection, if it is still there; trouble ends this connection only.
  template <typename Action>
  void guarded(std::uint64_t id, const Action& action) {
    const auto found = connections.find(id);
    if (found == connections.end()) return;
    try {
      action(*found->second);
    } catch (const std::exception& error) {
      complain(std::string("connection closed: ") + error.what());
      ++counters().failures;
      if (const auto left = connections.find(id); left != connections.end()) close(*left->second);
    }
  }

  void accept_some(std::size_t index) {
    const int listener = context.listeners[index];
    for (int i = 0; i < accepts_a_round && watching[index]; ++i) {
      UniqueFd socket(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket) {
        admit(std::move(socket));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return;
      } else if (errno == EMFILE || errno == ENFILE) {
        // Linux says EMFILE before it looks whether anybody waits at all.
        if (!refuse_with_spare(listener)) return;
      } else if (errno == ENOBUFS || errno == ENOMEM) {
        stop_accepting();
      } else if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK) {
        complain(std::string("a policy listener failed: ") + std::strerror(errno));
        rest(index);
      }
      // Anything else is one client's own failed attempt; the next one may be well.
    }
  }

  /// A client that is left in the backlog would keep the listener ready and this loop spinning.
  /// False when nobody waits, or nobody can be refused.
  bool refuse_with_spare(int listener) {
    if (!spare) {
      stop_accepting();
      return false;
    }
    spare.reset();
    UniqueFd refused(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    const bool somebody = static_cast<bool>(refused);
    refused.reset();
    spare.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!somebody) return false;
    ++counters().failures;
    if (context.no_descriptors.now(now)) {
      log(LogLevel::error, "no file descriptors left for policy connections; raise the limit");
    }
    return true;
  }

  void admit(UniqueFd socket) {
    const auto most = std::min(limits().policy_connections, context.most_connections);
    if (context.connections.fetch_add(1) >= most) {
      --context.connections;
      ++counters().failures;
      if (context.too_many.now(now)) {
        log(LogLevel::warning, "policy connections refused: all " + std::to_string(most) +
                                   (most < limits().policy_connections
                                        ? " that the limit of file descriptors leaves are open"
                                        : " allowed by limits.policy_connections are open"));
      }
      return;
    }
    try {
      // Answers are small and waited for; a unix socket knows no such option, which is fine.
      const int on = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto connection = std::make_unique<Connection>(std::move(socket), next_id++, now);
      connection->watched = EPOLLIN;
      watch(connection->socket(), connection->id(), connection->watched);
      connections.emplace(connection->id(), std::move(connection));
    } catch (...) {
      --context.connections;
      throw;
    }
    ++counters().sessions;
    ++counters().open;
  }

  void serve(Connection& connection, std::uint32_t events) {
    if ((events & EPOLLERR) != 0 || ((events & EPOLLHUP) != 0 && !connection.wants_input())) {
      // Nobody is left to answer. Waiting on would spin: epoll reports this without being asked.
      close(connection);
      return;
    }
    if (connection.read(now) == Connection::Fate::ends) {
      close(connection);
      return;
    }
    advance(connection);
  }

  /// Sends what is to be sent, then decides on what the client has asked next. An answer that is
  /// there at once goes to `answered`.
  void advance(Connection& connection) {
    if (connection.send(now) == Connection::Fate::ends) {
      close(connection);
      return;
    }
    if (const auto* request = connection.next_request()) {
      if (auto octets = ask(connection.id(), *request)) {
        if (!*octets) {
          close(connection);
          return;
        }
        connection.answer(std::move(**octets));
        answered.push_back(connection.id());
        return;
      }
    }
    settle(connection);
  }

  /// Sends them, once each: a client that asks many things at a time takes turns with the others.
  void send_answers() {
    answers_sent.clear();
    answers_sent.swap(answered);
    for (const auto id : answers_sent) {
      guarded(id, [&](Connection& connection) { advance(connection); });
    }
  }

  /// The answer, if it is there at once.
  std::optional<Responder::Answer> ask(std::uint64_t id, const Request& request) {
    may_remember = true;
    return context.responder.respond(request, [this, id]() -> Responder::Done {
      return [box = mailbox, id](Responder::Answer octets) { box->put({id, std::move(octets)}); };
    });
  }

  void deliver(Connection& connection, Mailbox::Letter& letter) {
    if (!letter.octets) {
      close(connection);
      return;
    }
    connection.answer(std::move(*letter.octets));
    advance(connection);
  }

  /// Closes a connection that has nothing to wait for, else tells epoll what it waits for.
  void settle(Connection& connection) {
    if (connection.input_state() == Decoder::State::too_long) {
      ++counters().failures;
      if (context.too_long.now(now)) {
        log(LogLevel::warning, "policy connection closed: a request is longer than " +
                                   std::to_string(Decoder::longest_request) + " octets");
      }
      close(connection);
      return;
    }
    const bool busy = connection.deciding() || connection.unsent();
    if (!busy && (connection.ended() || draining)) {
      close(connection);
      return;
    }
    const std::uint32_t wanted = connection.unsent()        ? std::uint32_t{EPOLLOUT}
                                 : connection.wants_input() ? std::uint32_t{EPOLLIN}
                                                            : std::uint32_t{0};
    if (wanted == connection.watched) return;
    epoll_event event{};
    event.events = wanted;
    event.data.u64 = connection.id();
    ::epoll_ctl(epoll.get(), EPOLL_CTL_MOD, connection.socket(), &event);
    connection.watched = wanted;
  }

  void close(Connection& connection) {
    ::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, connection.socket(), nullptr);
    connections.erase(connection.id());
    --context.connections;
    --counters().open;
  }

  std::vector<std::uint64_t> ids() const {
    std::vector<std::uint64_t> result;
    result.reserve(connections.size());
    for (const auto& entry : connections) result.push_back(entry.first);
    return result;
  }

  void start_draining() {
    stop_accepting();
    draining = true;
    // What a client had sent before we stopped it still gets its answer.
    for (const auto id : ids()) {
      guarded(id, [&](Connection& connection) { serve(connection, 0); });
    }
  }

  /// What goes wrong here is tried again at the next sweep: a loop that ended would leave the door
  /// deaf, unseen.
  void guarded_sweep() {
    try {
      sweep();
    } catch (const std::exception& error) {
      complain(error.what());
    }
  }

  void sweep() {
    next_sweep = now + sweep_interval;
    start_accepting();
    const auto idle = limits().policy_idle;
    for (const auto id : ids()) {
      auto& connection = *connections.at(id);
      if (connection.overdue(now, idle)) close(connection);
    }
    if (may_remember) may_remember = context.responder.tidy() == Memory::Left::something;
  }
};

Loop::Loop(LoopContext& context) : state_(std::make_unique<State>(context)) {}
Loop::~Loop() = default;

Loop::End Loop::run() noexcept {
  try {
    state_->run();
    return End::told;
  } catch (const std::exception& error) {
    log(LogLevel::error, std::string("policy loop ended: ") + error.what());
  } catch (...) {
    log(LogLevel::error, "policy loop ended");
  }
  return End::failed;
}

void Loop::drain() noexcept {
  auto expected = Order::serve;
  state_->order.compare_exchange_strong(expected, Order::drain);
  state_->mailbox->wake();
}

std::uint64_t Loop::rounds() const noexcept { return state_->rounds; }
void Loop::nudge() noexcept { state_->mailbox->wake(); }

void Loop::abandon() noexcept {
  state_->order = Order::abandon;
  state_->mailbox->wake();
}

}  // namespace postern::policy_door
