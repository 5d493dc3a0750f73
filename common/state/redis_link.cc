#include "state/redis_link.h"

#include "state/redis_script.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <deque>
#include <mutex>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace postern {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

/// An order that is sent from node to node is given up.
constexpr unsigned most_moves = 5;
/// Between two looks at what is too old.
constexpr std::chrono::milliseconds look_every{250};

bool begins(const RedisValue& value, std::string_view word) {
  return value.kind == RedisValue::Kind::error && value.text.starts_with(word) &&
         (value.text.size() == word.size() || value.text[word.size()] == ' ');
}

bool begins_with_any(const RedisValue& value, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return begins(value, word); });
}

/// Of "MOVED 3999 127.0.0.1:6381".
std::optional<RedisEndpoint> moved_to(const std::string& text, const std::string& same_host) {
  const auto space = text.rfind(' ');
  const auto colon = text.rfind(':');
  if (space == std::string::npos || colon == std::string::npos || colon < space)
    return std::nullopt;
  RedisEndpoint made;
  made.host = text.substr(space + 1, colon - space - 1);
  // A node that does not know its own address leaves it out.
  if (made.host.empty()) made.host = same_host;
  const auto [end, error] =
      std::from_chars(text.data() + colon + 1, text.data() + text.size(), made.port);
  if (error != std::errc() || end != text.data() + text.size() || made.port == 0)
    return std::nullopt;
  return made;
}

}  // namespace

struct RedisLink::State {
  State(RedisSettings settings_in, const Clock& clock_in,
        std::function<void(const std::string&)> say_in)
      : settings(std::move(settings_in)),
        clock(clock_in),
        say(std::move(say_in)),
        bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        retry(settings.retry) {
    if (!bell) throw std::system_error(errno, std::generic_category(), "eventfd");
  }

  struct Sent {
    RedisOrder order;
    SteadyTime since;
    unsigned moves = 0;
    bool with_text = false;  // the script itself, not its name
  };

  const RedisSettings settings;
  const Clock& clock;
  const std::function<void(const std::string&)> say;
  const UniqueFd bell;

  mutable std::mutex mutex;  // guards what follows
  std::deque<Sent> queue;
  std::size_t sent_count = 0;
  bool stopping = false;
  bool broken = false;  // the last attempt to connect failed
  std::string why;      // of that
  std::string refusal;  // what the server answers instead of doing it

  // Of the thread alone.
  std::unique_ptr<RedisConnection> connection;
  std::deque<Sent> flight;
  std::optional<RedisEndpoint> target;  // where a cluster has sent us
  RedisEndpoint peer;
  std::string script_name;
  SteadyTime next_try{};
  std::chrono::milliseconds retry;
  bool leaves = false;  // as soon as nothing is under way

  std::thread thread;

  void ring() const {
    const std::uint64_t one = 1;
    // It can only fail when it has been rung four billion times.
    static_cast<void>(!::write(bell.get(), &one, sizeof(one)));
  }

  void tell(const std::string& text) const noexcept {
    try {
      if (say) say(text);
    } catch (...) {
      // Who cannot be told cannot be told of that either.
    }
  }

  static void fail(Sent& sent, StoreFault fault, const std::string& reason) {
    sent.order.done({fault, reason, {}});
  }

  void count_flight() {
    const std::lock_guard lock(mutex);
    sent_count = flight.size();
  }

  void run() {
    // TLS writes to its socket without a word about signals.
    sigset_t pipes;
    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipes, nullptr);
    while (!is_stopping()) {
      if (connection) {
        pump();
      } else if (std::chrono::steady_clock::now() < next_try) {
        listen(next_try);
      } else {
        connect();
      }
    }
    lose(StoreFault::down, "the store is being stopped");
    fail_queue("the store is being stopped");
  }

  bool is_stopping() const {
    const std::lock_guard lock(mutex);
    return stopping;
  }

  int milliseconds_until(SteadyTime time) const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(time - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, look_every.count()));
  }

  void listen(SteadyTime until) const {
    pollfd polled{bell.get(), POLLIN, 0};
    ::poll(&polled, 1, milliseconds_until(until));
    silence();
  }

  void silence() const {
    std::uint64_t rung = 0;
    static_cast<void>(!::read(bell.get(), &rung, sizeof(rung)));
  }

  void fail_queue(const std::string& reason) {
    std::deque<Sent> failed;
    {
      const std::lock_guard lock(mutex);
      failed.swap(queue);
    }
    for (auto& each : failed) fail(each, StoreFault::down, reason);
  }

  /// The connection is over, and so is all that was under way on it.
  void lose(StoreFault fault, const std::string& reason) {
    connection.reset();
    leaves = false;
    // A server that takes connections and ends them must not keep us busy.
    if (!target) next_try = std::chrono::steady_clock::now() + settings.retry;
    auto failed = std::exchange(flight, {});
    count_flight();
    for (auto& each : failed) fail(each, fault, reason);
  }

  void connect() {
    std::string reason;
    if (find_server(reason)) {
      retry = settings.retry;
      bool was = false;
      {
        const std::lock_guard lock(mutex);
        was = std::exchange(broken, false);
      }
      if (was) tell("the state in Redis can be reached again, at " + to_text(peer));
      return;
    }
    connection.reset();
    next_try = std::chrono::steady_clock::now() + retry;
    retry = std::min(retry * 2, settings.longest_retry);
    bool was = false;
    {
      const std::lock_guard lock(mutex);
      was = std::exchange(broken, true);
      why = reason;
    }
    if (!was) tell("the state in Redis cannot be reached: " + reason);
    fail_queue(reason);
  }

  bool find_server(std::string& reason) {
    if (const auto there = std::exchange(target, {}); there && set_up(*there, reason)) return true;
    for (const auto& endpoint : settings.endpoints) {
      if (is_stopping()) return false;
      if (settings.master_name.empty()) {
        if (set_up(endpoint, reason)) return true;
      } else if (const auto master = ask_sentinel(endpoint, reason)) {
        if (set_up(*master, reason)) return true;
      }
    }
    return false;
  }

  std::optional<RedisEndpoint> ask_sentinel(const RedisEndpoint& sentinel, std::string& reason) {
    const auto until = std::chrono::steady_clock::now() + settings.connect_timeout;
    const auto asked = RedisConnection::open(sentinel, settings, until, reason);
    if (!asked) return std::nullopt;
    const auto where = to_text(sentinel) + ": ";
    if (!settings.sentinel_password.empty()) {
      const auto answer = asked->call({"AUTH", settings.sentinel_password}, until, reason);
      if (!answer || answer->kind == RedisValue::Kind::error) {
        reason = where + (answer ? answer->text : reason);
        return std::nullopt;
      }
    }
    const auto answer =
        asked->call({"SENTINEL", "get-master-addr-by-name", settings.master_name}, until, reason);
    if (!answer) {
      reason = where + reason;
      return std::nullopt;
    }
    RedisEndpoint master;
    if (answer->kind == RedisValue::Kind::list && answer->list.size() == 2) {
      master.host = answer->list[0].text;
      const auto& port = answer->list[1].text;
      std::from_chars(port.data(), port.data() + port.size(), master.port);
    }
    if (master.host.empty() || master.port == 0) {
      reason = where + (answer->kind == RedisValue::Kind::error
                            ? answer->text
                            : "it knows no master of the name " + settings.master_name);
      return std::nullopt;
    }
    return master;
  }

  bool set_up(const RedisEndpoint& endpoint, std::string& reason) {
    const auto until = std::chrono::steady_clock::now() + settings.connect_timeout;
    connection = RedisConnection::open(endpoint, settings, until, reason);
    if (!connection) return false;
    const auto where = to_text(endpoint) + ": ";
    const auto say_hello = [&](const std::vector<std::string>& words) {
      auto answer = connection->call(words, until, reason);
      if (answer && answer->kind == RedisValue::Kind::error) {
        reason = answer->text;
        answer.reset();
      }
      if (!answer) {
        reason = where + reason;
        connection.reset();
      }
      return answer;
    };
    if (!settings.password.empty()) {
      std::vector<std::string> words{"AUTH"};
      if (!settings.user.empty()) words.push_back(settings.user);
      words.push_back(settings.password);
      if (!say_hello(words)) return false;
    }
    if (settings.database != 0 && !say_hello({"SELECT", std::to_string(settings.database)})) {
      return false;
    }
    // A replica would refuse every request; one that was asked to be found by its name is no master
    // any more. Who may not ask finds out later.
    const auto role = connection->call({"ROLE"}, until, reason);
    if (!role) {
      reason = where + reason;
      connection.reset();
      return false;
    }
    if (begins(*role, "NOAUTH")) {
      reason = where + role->text;
      connection.reset();
      return false;
    }
    if (role->kind == RedisValue::Kind::list && !role->list.empty() &&
        role->list[0].text == "slave") {
      reason = where + "it is a replica";
      connection.reset();
      return false;
    }
    const auto loaded = say_hello({"SCRIPT", "LOAD", std::string(redis_script())});
    if (!loaded) return false;
    script_name = loaded->text;
    peer = endpoint;
    return true;
  }

  void pump() {
    send_waiting();
    auto until = std::chrono::steady_clock::now() + look_every;
    if (!flight.empty()) until = std::min(until, flight.front().since + settings.timeout);
    pollfd polled[2]{
        {bell.get(), POLLIN, 0},
        {connection->fd(),
         static_cast<short>(POLLIN | (connection->wants_to_write() ? POLLOUT : 0)), 0}};
    ::poll(polled, 2, milliseconds_until(until));
    silence();
    const bool goes_on = connection->move();
    while (connection) {
      const auto value = connection->next();
      if (!value) break;
      if (flight.empty()) {
        lose(StoreFault::damaged, "the server said what nobody asked for");
        return;
      }
      answer(*value);
    }
    count_flight();
    if (!connection) return;
    if (!goes_on || !connection->why().empty()) {
      lose(StoreFault::down, to_text(peer) + ": " + connection->why());
    } else if (!flight.empty() &&
               std::chrono::steady_clock::now() >= flight.front().since + settings.timeout) {
      lose(StoreFault::slow, to_text(peer) + ": no answer within " +
                                 std::to_string(settings.timeout.count()) + " ms");
    } else if (leaves && flight.empty()) {
      lose(StoreFault::down, "");
    }
  }

  void send_waiting() {
    if (leaves) return;
    std::vector<Sent> late;
    {
      const std::lock_guard lock(mutex);
      const auto moment = clock.steady();
      while (!queue.empty() && flight.size() < settings.in_flight) {
        auto& next = queue.front();
        if (moment >= next.order.deadline) {
          late.push_back(std::move(next));
        } else {
          write(next);
          flight.push_back(std::move(next));
        }
        queue.pop_front();
      }
      sent_count = flight.size();
    }
    for (auto& each : late) fail(each, StoreFault::slow, "its turn came after the deadline");
  }

  void write(Sent& sent) {
    sent.since = std::chrono::steady_clock::now();
    if (!sent.order.script) {
      connection->send(redis_command(sent.order.words));
      return;
    }
    std::vector<std::string> words{sent.with_text ? "EVAL" : "EVALSHA",
                                   sent.with_text ? std::string(redis_script()) : script_name};
    words.insert(words.end(), sent.order.words.begin(), sent.order.words.end());
    connection->send(redis_command(words));
  }

  /// To the order that has been under way for longest.
  void answer(const RedisValue& value) {
    auto sent = std::move(flight.front());
    flight.pop_front();
    if (value.kind != RedisValue::Kind::error) {
      set_refusal({});
      sent.order.done({StoreFault::none, {}, value});
      return;
    }
    if (begins(value, "NOSCRIPT") && sent.order.script && !sent.with_text) {
      // The server has lost its scripts; the text brings it back.
      sent.with_text = true;
      write(sent);
      flight.push_back(std::move(sent));
      return;
    }
    if (begins(value, "MOVED") && ++sent.moves <= most_moves) {
      if (const auto where = moved_to(value.text, peer.host)) {
        target = *where;
        leaves = true;
        const std::lock_guard lock(mutex);
        queue.push_front(std::move(sent));
        return;
      }
    }
    // Another server is the one to ask now, or this one a little later.
    if (begins_with_any(value, {"READONLY", "MASTERDOWN", "CLUSTERDOWN", "LOADING"})) leaves = true;
    set_refusal(value.text);
    sent.order.done({StoreFault::down, to_text(peer) + ": " + value.text, {}});
  }

  void set_refusal(const std::string& text) {
    bool was = false;
    {
      const std::lock_guard lock(mutex);
      if (refusal == text) return;
      was = !refusal.empty();
      refusal = text;
    }
    if (!text.empty() && !was) tell("Redis at " + to_text(peer) + " refuses: " + text);
    if (text.empty()) tell("Redis at " + to_text(peer) + " does what it is asked again");
  }
};

RedisLink::RedisLink(RedisSettings settings, const Clock& clock,
                     std::function<void(const std::string&)> say)
    : state_(std::make_unique<State>(std::move(settings), clock, std::move(say))) {
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

RedisLink::~RedisLink() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->ring();
  state_->thread.join();
}

void RedisLink::send(RedisOrder order) {
  StoreFault fault = StoreFault::none;
  std::string why;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) {
      fault = StoreFault::down;
      why = "the store is being stopped";
    } else if (state_->broken) {
      fault = StoreFault::down;
      why = state_->why;
    } else if (state_->queue.size() + state_->sent_count >= state_->settings.waiting) {
      fault = StoreFault::full;
      why = std::to_string(state_->settings.waiting) + " requests wait already";
    } else {
      state_->queue.push_back({std::move(order), {}, 0, false});
      if (state_->queue.size() > 1) return;
    }
  }
  if (fault == StoreFault::none) {
    state_->ring();
  } else {
    order.done({fault, std::move(why), {}});
  }
}

std::size_t RedisLink::waiting() const {
  const std::lock_guard lock(state_->mutex);
  return state_->queue.size() + state_->sent_count;
}

std::string RedisLink::trouble() const {
  const std::lock_guard lock(state_->mutex);
  return state_->broken ? state_->why : state_->refusal;
}

}  // namespace postern
