#include "policy/loop.h"

#include "policy/acceptor.h"
#include "policy/connection.h"
#include "policy/mailbox.h"
#include "policy/poller.h"
#include "rules/settings.h"
#include "runtime/log.h"

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
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

enum class Order : int { serve, drain, abandon };

}  // namespace

struct Loop::State {
  explicit State(LoopContext& context_in)
      : context(context_in),
        mailbox(std::make_shared<Mailbox>()),
        acceptor(poller, context_in.listeners, first_listener_id, acceptor_hooks()) {}

  LoopContext& context;
  Poller poller;
  std::shared_ptr<Mailbox> mailbox;
  Acceptor acceptor;
  std::atomic<Order> order{Order::serve};
  std::atomic<std::uint64_t> rounds{0};

  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections;
  std::vector<std::uint64_t> answered;      // connections whose answer is still to be sent
  std::vector<std::uint64_t> answers_sent;  // used by send_answers() alone; keeps its memory
  /// Answers that wait for their time; few, as the responder gives out no more than the policy
  /// allows.
  struct Delayed {
    Time due;
    std::uint64_t connection;
    Responder::Answer answer;
  };
  std::vector<Delayed> delayed;
  std::uint64_t next_id = first_connection_id;
  Time now;
  Time next_sweep;
  bool draining = false;
  bool may_remember = false;  // the responder, something that becomes too old

  const Clock& clock() const { return context.services.clock; }
  DoorCounters& counters() const { return context.services.policy_counters; }

  LimitSettings limits() const {
    const auto policy = context.services.policy.get();
    return policy ? policy->settings().limits : LimitSettings{};
  }

  Acceptor::Hooks acceptor_hooks() {
    return {[this](UniqueFd socket) { admit(std::move(socket)); },
            [this](const std::string& trouble) { complain(trouble); },
            [this] {
              ++counters().failures;
              say(context.no_descriptors, LogLevel::error,
                  "no file descriptors left for policy connections; raise the limit");
            }};
  }

  /// What clients can cause at will is not said each time.
  void say(LogLimit& limit, LogLevel level, const std::string& message) {
    if (const auto kept_back = limit.pass(now)) log(level, message + kept_back_text(*kept_back));
  }

  /// Trouble of the door itself, which comes back every second until somebody cures it.
  void complain(const std::string& trouble) {
    say(context.trouble, LogLevel::error, "policy door: " + trouble);
  }

  void run() {
    now = clock().steady();
    poller.add(mailbox->descriptor(), wake_id, EPOLLIN);
    acceptor.start();
    std::array<epoll_event, events_a_round> room{};
    for (;;) {
      const bool timed = !connections.empty() || !acceptor.all_watched();
      const bool waits = answered.empty();
      const int longest = timed          ? static_cast<int>(sweep_interval.count())
                          : may_remember ? static_cast<int>(quiet_sweep_interval.count())
                                         : -1;
      const auto events = poller.wait(room, waits ? until_due(longest) : 0);
      now = clock().steady();
      if (!delayed.empty()) guarded_due();
      for (const auto& event : events) {
        guarded_take(event);
        if (answered.size() >= answers_at_once) send_answers();
      }
      send_answers();
      ++rounds;
      const auto wish = order.load();
      if (wish == Order::abandon) break;
      if (wish == Order::drain && !draining) start_draining();
      if (draining && connections.empty()) break;
      if (now >= next_sweep || (waits && events.empty())) guarded_sweep();
    }
    acceptor.stop();
    while (!connections.empty()) close(*connections.begin()->second);
  }

  /// How long to wait at most, so that no delayed answer is late.
  int until_due(int longest) {
    if (delayed.empty()) return longest;
    auto first = delayed.front().due;
    for (const auto& each : delayed) first = std::min(first, each.due);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - clock().steady());
    const auto wait = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    return longest < 0 ? wait : std::min(longest, wait);
  }

  enum class Due : std::uint8_t { by_now, all };
  /// The answers whose time has come; all of them when the loop is about to end. What goes wrong
  /// here is tried again in the next round.
  void guarded_due(Due which = Due::by_now) {
    try {
      send_due(which);
    } catch (const std::exception& error) {
      complain(error.what());
    }
  }
  void send_due(Due which) {
    const auto first = std::stable_partition(
        delayed.begin(), delayed.end(),
        [&](const Delayed& each) { return which == Due::by_now && each.due > now; });
    std::vector<Delayed> due(std::make_move_iterator(first),
                             std::make_move_iterator(delayed.end()));
    delayed.erase(first, delayed.end());
    for (auto& each : due) {
      guarded(each.connection, [&](Connection& connection) {
        connection.answer(std::move(*each.answer));
        advance(connection);
      });
    }
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
        acceptor.accept_some(id);
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

  void admit(UniqueFd socket) {
    const auto most = std::min(limits().policy_connections, context.most_connections);
    if (context.connections.fetch_add(1) >= most) {
      --context.connections;
      ++counters().failures;
      say(context.too_many, LogLevel::warning,
          "policy connections refused: all " + std::to_string(most) +
              (most < limits().policy_connections
                   ? " that the limit of file descriptors leaves are open"
                   : " allowed by limits.policy_connections are open"));
      return;
    }
    try {
      // Answers are small and waited for; a unix socket knows no such option, which is fine.
      const int on = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto connection = std::make_unique<Connection>(std::move(socket), next_id++, now);
      connection->watched = EPOLLIN;
      poller.add(connection->socket(), connection->id(), connection->watched);
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
        if (octets->delay.count() > 0 && !draining) {
          keep_back(connection, std::move(*octets));
          settle(connection);
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
    if (letter.octets.delay.count() > 0 && !draining) {
      keep_back(connection, std::move(letter.octets));
      return;
    }
    connection.answer(std::move(*letter.octets));
    advance(connection);
  }

  /// The connection goes on deciding until its time has come.
  void keep_back(const Connection& connection, Responder::Answer answer) {
    const auto due = now + answer.delay;
    delayed.push_back({due, connection.id(), std::move(answer)});
  }

  /// Closes a connection that has nothing to wait for, else tells epoll what it waits for.
  void settle(Connection& connection) {
    if (connection.input_state() == Decoder::State::too_long) {
      ++counters().failures;
      say(context.too_long, LogLevel::warning,
          "policy connection closed: a request is longer than " +
              std::to_string(Decoder::longest_request) + " octets");
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
    poller.change(connection.socket(), connection.id(), wanted);
    connection.watched = wanted;
  }

  void close(Connection& connection) {
    // Whoever has gone waits for nothing.
    std::erase_if(delayed, [&](const Delayed& each) { return each.connection == connection.id(); });
    poller.remove(connection.socket());
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
    acceptor.stop();
    draining = true;
    guarded_due(Due::all);
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
    if (!draining) acceptor.start();
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
