#include "dns/caching_resolver.h"

#include "dns/message.h"
#include "model/dns_name.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

namespace postern {
namespace {

using Time = std::chrono::steady_clock::time_point;
using Kind = DnsAnswer::Kind;

/// Aliases that are followed by asking again, when a server names the target and no more.
constexpr unsigned most_hops = 8;

/// From UDP with EDNS to UDP without, to TCP, and to TCP without.
constexpr unsigned most_switches = 3;

/// A resolver that is restarted cannot be reached for a moment.
constexpr std::chrono::milliseconds pause_after_unreachable{200};

struct Waiter {
  Time deadline;
  std::function<void(DnsReply)> done;
};

/// Kept once, however many know of it.
using KeptQuestion = std::shared_ptr<const DnsQuestion>;

struct Less {
  bool operator()(const DnsQuestion* a, const DnsQuestion* b) const noexcept { return *a < *b; }
};

/// A question under way.
struct Flight {
  KeptQuestion question;
  KeptQuestion current;  ///< the same, or where its aliases lead
  unsigned hops = 0;
  std::chrono::seconds ttl = std::chrono::seconds::max();  ///< of the aliases so far
  DnsAnswer::Authenticity authenticity = DnsAnswer::Authenticity::validated;  ///< likewise

  unsigned tries = 0;
  std::uint64_t attempt = 0;  ///< the one that is waited for
  std::size_t server = 0;     ///< whom it went to
  Time attempt_ends;
  unsigned switches = 0;  ///< of carrier, at this server
  bool pausing = false;   ///< nothing is under way until attempt_ends
  /// What went wrong so far; null: nothing. Fifty thousand flights may be under way, nearly all
  /// without any.
  struct Mishaps {
    std::set<std::size_t> refused_by;  ///< servers that answered, without an answer
    std::set<std::size_t> unreached;   ///< to which nothing got through, since the last pause
    DnsAnswer trouble = DnsAnswer::without(DnsTrouble::suspended);
  };
  std::unique_ptr<Mishaps> mishaps;
  Mishaps& noted() {
    if (!mishaps) mishaps = std::make_unique<Mishaps>();
    return *mishaps;
  }
  bool avoids(std::size_t candidate) const {
    return mishaps &&
           (mishaps->refused_by.contains(candidate) || mishaps->unreached.contains(candidate));
  }

  std::vector<Waiter> waiters;
  Time due;  ///< as it stands in the list of times
};

/// What has to be done when no lock is held.
struct Todo {
  struct Reply {
    std::function<void(DnsReply)> done;
    DnsReply reply;
  };
  struct Send {
    DnsSend what;
    std::uint64_t flight = 0;  ///< 0: a probe
    std::uint64_t attempt = 0;
    KeptQuestion question;
  };
  std::vector<Reply> replies;
  std::vector<Send> sends;
};

void call(const std::function<void(DnsReply)>& done, DnsReply reply) noexcept {
  try {
    done(std::move(reply));
  } catch (...) {
  }
}

DnsReply nobody(DnsTrouble trouble) {
  return {std::make_shared<DnsAnswer>(DnsAnswer::without(trouble)), DnsReply::Source::nobody, {}};
}

std::vector<std::string> names_of(const DnsTransport& transport) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < transport.servers(); ++i) names.push_back(transport.server_name(i));
  return names;
}

}  // namespace

struct CachingResolver::State {
  State(DnsTransport& transport_in, const Clock& clock_in, DnsSettings settings_in,
        std::vector<std::string> zones_in)
      : transport(transport_in),
        clock(clock_in),
        settings(settings_in),
        cache(settings_in.cache_octets),
        servers(names_of(transport_in), settings_in),
        zones(std::move(zones_in), settings_in) {}

  DnsTransport& transport;
  const Clock& clock;
  const DnsSettings settings;
  DnsCache cache;

  mutable std::mutex mutex;  // guards what follows; never held while something is called
  ServerBook servers;
  ZoneBook zones;
  std::map<std::uint64_t, Flight> flights;
  std::map<const DnsQuestion*, std::uint64_t, Less> by_question;  ///< the flights' own
  std::set<std::pair<Time, std::uint64_t>> times;
  std::uint64_t last_flight = 0;
  std::uint64_t last_attempt = 0;
  std::size_t waiting = 0;
  Time woken_at = Time::max();  ///< the transport knows that it has to wake us then
  DnsStatus counts;

  // ---- With the lock held.

  void reply(Waiter& waiter, DnsReply reply, Todo& todo) {
    --waiting;
    todo.replies.push_back({std::move(waiter.done), std::move(reply)});
  }

  void set_time(std::uint64_t number, Flight& flight) {
    auto due = flight.attempt_ends;
    for (const auto& waiter : flight.waiters) due = std::min(due, waiter.deadline);
    times.erase({flight.due, number});
    flight.due = due;
    times.emplace(due, number);
  }

  void join(std::uint64_t number, Flight& flight, Waiter waiter) {
    if (waiter.deadline < flight.due) {
      times.erase({flight.due, number});
      flight.due = waiter.deadline;
      times.emplace(flight.due, number);
    }
    flight.waiters.push_back(std::move(waiter));
    ++waiting;
  }

  bool is_full(const DnsQuestion& question) const {
    if (waiting >= settings.most_waiting) return true;
    return flights.size() >= settings.most_flights && !by_question.contains(&question);
  }

  void begin(const DnsQuestion& question, Waiter waiter, Time now, Todo& todo) {
    const auto number = ++last_flight;
    auto& flight = flights[number];
    flight.question = flight.current = std::make_shared<const DnsQuestion>(question);
    by_question.emplace(flight.question.get(), number);
    flight.attempt_ends = flight.due = now;
    flight.waiters.push_back(std::move(waiter));
    ++waiting;
    times.emplace(now, number);
    go_on(number, flight, now, todo);
  }

  /// Asks the next server, or ends the flight without an answer.
  void go_on(std::uint64_t number, Flight& flight, Time now, Todo& todo) {
    if (flight.tries >= settings.tries) return fail(number, flight, now, todo);
    // A server that has said no says it again; one that was silent may have lost the packet.
    std::optional<std::size_t> server;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const auto candidate = servers.choose(flight.tries + i);
      if (candidate && !flight.avoids(*candidate)) {
        server = candidate;
        break;
      }
    }
    if (!server && flight.mishaps && !flight.mishaps->unreached.empty())
      return pause(number, flight, now);
    if (!server) return fail(number, flight, now, todo);
    ++flight.tries;
    flight.switches = 0;
    flight.server = *server;
    const auto carrier =
        servers.speaks_edns(*server, now) ? DnsSend::Carrier::udp : DnsSend::Carrier::plain_udp;
    send(number, flight, carrier, now, todo);
  }

  void pause(std::uint64_t number, Flight& flight, Time now) {
    flight.noted().unreached.clear();
    flight.pausing = true;
    flight.attempt = ++last_attempt;
    flight.attempt_ends = now + std::min(pause_after_unreachable, settings.try_time);
    set_time(number, flight);
  }

  void send(std::uint64_t number, Flight& flight, DnsSend::Carrier carrier, Time now, Todo& todo) {
    const bool edns =
        carrier != DnsSend::Carrier::plain_udp && servers.speaks_edns(flight.server, now);
    auto packet = dns_query(*flight.current, edns ? Edns::with : Edns::without);
    flight.attempt = ++last_attempt;
    flight.attempt_ends = now + settings.try_time;
    set_time(number, flight);
    servers.was_asked(flight.server);
    // Names are checked when they are asked for and read.
    todo.sends.push_back({{flight.server, carrier, packet.value_or(std::string())},
                          number,
                          flight.attempt,
                          flight.current});
  }

  void fail(std::uint64_t number, Flight& flight, Time now, Todo& todo) {
    DnsAnswer answer = std::move(flight.noted().trouble);
    const bool was_asked = flight.tries > 0;
    if (was_asked) {
      answer.ttl = settings.failure_ttl;
      if (answer.trouble == DnsTrouble::timeout || answer.trouble == DnsTrouble::servfail) {
        zones.has_failed(flight.question->name, now);
      }
    }
    end(number, flight, std::move(answer),
        was_asked ? DnsReply::Source::network : DnsReply::Source::nobody, now, todo);
  }

  void end(std::uint64_t number, Flight& flight, DnsAnswer answer, DnsReply::Source source,
           Time now, Todo& todo) {
    const auto kept = std::make_shared<const DnsAnswer>(std::move(answer));
    cache.put(*flight.question, kept, now);
    if (flight.waiters.empty()) ++counts.late;
    for (auto& waiter : flight.waiters) reply(waiter, {kept, source, {}}, todo);
    times.erase({flight.due, number});
    by_question.erase(flight.question.get());
    flights.erase(number);
  }

  std::chrono::seconds bounded(const DnsAnswer& answer) const {
    const auto most = answer.kind == Kind::records ? settings.ttl_most : settings.negative_ttl_most;
    return std::clamp(answer.ttl, std::min(settings.ttl_least, most), most);
  }

  /// It says what is, or that there is nothing.
  static bool is_final(const DnsReading& reading) {
    return reading.state == DnsReading::State::answer && reading.answer.kind != Kind::unavailable;
  }

  void note_server(const Todo::Send& sent, const DnsReading& reading, Time now) {
    const auto server = sent.what.server;
    const bool garbage = reading.state == DnsReading::State::answer &&
                         reading.answer.kind == Kind::unavailable &&
                         reading.answer.trouble == DnsTrouble::malformed;
    if (garbage) return servers.has_failed(server, now);
    if (servers.has_answered(server) == ServerBook::Change::back) zones.forget();
    // RFC 6891 7: who answers a query that has OPT without it does not know it.
    if (sent.what.carrier == DnsSend::Carrier::udp && !reading.edns) {
      servers.has_no_edns(server, now);
    }
  }

  void succeed(std::uint64_t number, Flight& flight, DnsAnswer answer, std::size_t server, Time now,
               Todo& todo) {
    answer.server = servers.name(server);
    answer.ttl = std::min(answer.ttl, flight.ttl);
    answer.ttl = bounded(answer);
    if (flight.authenticity != DnsAnswer::Authenticity::validated) {
      answer.authenticity = flight.authenticity;
    }
    if (flight.hops > 0 && answer.canonical.empty()) answer.canonical = flight.current->name;
    zones.has_answered(flight.question->name);
    end(number, flight, std::move(answer), DnsReply::Source::network, now, todo);
  }

  /// The server knows where the name leads, and no more.
  void follow(std::uint64_t number, Flight& flight, DnsReading reading, Time now, Todo& todo) {
    if (++flight.hops > most_hops) {
      flight.noted().trouble = DnsAnswer::without(DnsTrouble::malformed);
      return fail(number, flight, now, todo);
    }
    flight.ttl = std::min(flight.ttl, reading.answer.ttl);
    if (reading.answer.authenticity != DnsAnswer::Authenticity::validated) {
      flight.authenticity = reading.answer.authenticity;
    }
    flight.current = std::make_shared<const DnsQuestion>(
        DnsQuestion{reading.answer.canonical, flight.current->type});
    flight.tries = 0;
    if (flight.mishaps) flight.mishaps->refused_by.clear();
    go_on(number, flight, now, todo);
  }

  void arrived(const Todo::Send& sent, const DnsArrival& arrival, DnsReading reading, Time now,
               Todo& todo) {
    const auto server = sent.what.server;
    const bool is_packet = arrival.kind == DnsArrival::Kind::packet;
    if (is_packet) note_server(sent, reading, now);
    if (sent.flight == 0) return;  // a probe: that it was answered is all
    const auto found = flights.find(sent.flight);
    if (found == flights.end() || *found->second.current != *sent.question) {
      if (is_packet) keep_late(sent, std::move(reading), now);
      return;
    }
    auto& flight = found->second;
    if (is_packet && is_final(reading)) {
      return succeed(sent.flight, flight, std::move(reading.answer), server, now, todo);
    }
    if (flight.attempt != sent.attempt) return;  // another attempt is under way already
    if (!is_packet) return lost(sent, arrival, flight, now, todo);
    switch (reading.state) {
      case DnsReading::State::alias:
        return follow(sent.flight, flight, std::move(reading), now, todo);
      case DnsReading::State::truncated:
        if (sent.what.carrier == DnsSend::Carrier::tcp || !may_switch(flight)) break;
        return send(sent.flight, flight, DnsSend::Carrier::tcp, now, todo);
      case DnsReading::State::no_edns:
        if (sent.what.carrier == DnsSend::Carrier::plain_udp || !may_switch(flight)) break;
        servers.has_no_edns(server, now);
        return send(sent.flight, flight,
                    sent.what.carrier == DnsSend::Carrier::tcp ? DnsSend::Carrier::tcp
                                                               : DnsSend::Carrier::plain_udp,
                    now, todo);
      case DnsReading::State::answer:
        break;
    }
    flight.noted().trouble = std::move(reading.answer);
    flight.noted().trouble.server = servers.name(server);
    flight.noted().refused_by.insert(server);
    // Another server that does not validate would answer what this one found to be forged.
    if (flight.noted().trouble.trouble == DnsTrouble::bogus) flight.tries = settings.tries;
    go_on(sent.flight, flight, now, todo);
  }

  /// A server that contradicts itself must not send us to and fro.
  static bool may_switch(Flight& flight) { return ++flight.switches <= most_switches; }

  void lost(const Todo::Send& sent, const DnsArrival& arrival, Flight& flight, Time now,
            Todo& todo) {
    if (arrival.kind == DnsArrival::Kind::nothing) {
      return attempt_over(sent.flight, flight, now, todo);
    }
    const auto server = sent.what.server;
    const bool was_tcp = sent.what.carrier == DnsSend::Carrier::tcp;
    flight.noted().trouble =
        DnsAnswer::without(was_tcp ? DnsTrouble::truncated : DnsTrouble::unreachable);
    flight.noted().trouble.server = servers.name(server);
    if (was_tcp) {
      flight.noted().refused_by.insert(server);
    } else {
      servers.has_failed(server, now);
      flight.noted().unreached.insert(server);
    }
    go_on(sent.flight, flight, now, todo);
  }

  void keep_late(const Todo::Send& sent, DnsReading reading, Time now) {
    if (!is_final(reading) || flights.contains(sent.flight)) return;
    ++counts.late;
    reading.answer.server = servers.name(sent.what.server);
    reading.answer.ttl = bounded(reading.answer);
    zones.has_answered(sent.question->name);
    cache.put(*sent.question, std::make_shared<const DnsAnswer>(std::move(reading.answer)), now);
  }

  void attempt_over(std::uint64_t number, Flight& flight, Time now, Todo& todo) {
    if (std::exchange(flight.pausing, false)) return go_on(number, flight, now, todo);
    servers.has_failed(flight.server, now);
    flight.noted().trouble = DnsAnswer::without(DnsTrouble::timeout);
    flight.noted().trouble.server = servers.name(flight.server);
    go_on(number, flight, now, todo);
  }

  void end_waiting(Flight& flight, Time now, Todo& todo) {
    const auto over = std::stable_partition(flight.waiters.begin(), flight.waiters.end(),
                                            [&](const Waiter& w) { return w.deadline > now; });
    if (over == flight.waiters.end()) return;
    const auto late = std::make_shared<DnsAnswer>(DnsAnswer::without(DnsTrouble::timeout));
    for (auto it = over; it != flight.waiters.end(); ++it) {
      ++counts.deadlines;
      reply(*it, {late, DnsReply::Source::deadline, {}}, todo);
    }
    flight.waiters.erase(over, flight.waiters.end());
  }

  void probe_servers(Time now, Todo& todo) {
    if (servers.end_probes(now) == ServerBook::Change::out_of_service) zones.forget();
    for (const auto server : servers.probes_due(now)) {
      // Every resolver knows the root; one that only serves zones of its own refuses.
      const DnsQuestion root{".", DnsType::ns};
      const auto edns = servers.speaks_edns(server, now);
      todo.sends.push_back(
          {{server, edns ? DnsSend::Carrier::udp : DnsSend::Carrier::plain_udp,
            dns_query(root, edns ? Edns::with : Edns::without).value_or(std::string())},
           0,
           0,
           std::make_shared<const DnsQuestion>(root)});
    }
  }

  // ---- Without it.

  void carry_out(Todo todo) {
    for (auto& each : todo.sends) {
      // What is asked about outlives the sending; the packet does not.
      auto what = std::move(each.what);
      each.what = {what.server, what.carrier, {}};
      auto sent = std::make_shared<const Todo::Send>(std::move(each));
      transport.send(std::move(what),
                     [this, sent](DnsArrival arrival) { bring(*sent, std::move(arrival)); });
    }
    for (auto& each : todo.replies) call(each.done, std::move(each.reply));
    wake();
  }

  void bring(const Todo::Send& sent, DnsArrival arrival) noexcept {
    try {
      DnsReading reading;
      if (arrival.kind == DnsArrival::Kind::packet) {
        reading = read_dns_answer(*sent.question, arrival.packet);
      }
      Todo todo;
      {
        const std::lock_guard lock(mutex);
        arrived(sent, arrival, std::move(reading), clock.steady(), todo);
      }
      carry_out(std::move(todo));
    } catch (...) {
      // Out of memory: the attempt's time ends without this answer.
    }
  }

  void wake() {
    Time due = Time::max();
    {
      const std::lock_guard lock(mutex);
      due = servers.next_due();
      if (!times.empty()) due = std::min(due, times.begin()->first);
      if (due >= woken_at) return;
      woken_at = due;
    }
    transport.wake_at(due);
  }

  void tick() {
    Todo todo;
    {
      const std::lock_guard lock(mutex);
      woken_at = Time::max();
      const auto now = clock.steady();
      while (!times.empty() && times.begin()->first <= now) {
        const auto number = times.begin()->second;
        auto& flight = flights.at(number);
        end_waiting(flight, now, todo);
        if (flight.attempt_ends <= now) {
          attempt_over(number, flight, now, todo);
        } else {
          set_time(number, flight);
        }
      }
      probe_servers(now, todo);
    }
    carry_out(std::move(todo));
  }

  void end_all() {
    Todo todo;
    {
      const std::lock_guard lock(mutex);
      const auto reply_all = nobody(DnsTrouble::suspended);
      for (auto& [number, flight] : flights) {
        for (auto& waiter : flight.waiters) reply(waiter, reply_all, todo);
        flight.waiters.clear();
      }
    }
    for (auto& each : todo.replies) call(each.done, std::move(each.reply));
  }
};

CachingResolver::CachingResolver(DnsTransport& transport, const Clock& clock, DnsSettings settings,
                                 std::vector<std::string> zones)
    : state_(std::make_unique<State>(transport, clock, settings, std::move(zones))) {
  transport.start([this] { tick(); });
}

CachingResolver::~CachingResolver() {
  state_->transport.stop();
  state_->end_all();
}

std::optional<DnsReply> CachingResolver::known(const DnsQuestionView& question) {
  // Whoever finds nothing here asks next, and is counted then.
  const auto hit = state_->cache.find(question, state_->clock.steady(), DnsCache::Look::again);
  if (!hit) return {};
  return DnsReply{hit->answer, DnsReply::Source::cache, hit->age};
}

void CachingResolver::ask(const DnsQuestion& question,
                          std::chrono::steady_clock::time_point deadline,
                          std::function<void(DnsReply)> done, Freshness freshness) {
  auto& state = *state_;
  const auto now = state.clock.steady();
  const auto cached = [&](DnsCache::Look look) -> std::optional<DnsReply> {
    if (freshness == Freshness::afresh) return {};
    const auto hit = state.cache.find(question, now, look);
    if (!hit) return {};
    return DnsReply{hit->answer, DnsReply::Source::cache, hit->age};
  };
  if (auto hit = cached(DnsCache::Look::first)) return call(done, std::move(*hit));
  if (!dns_name_to_wire(question.name)) return call(done, nobody(DnsTrouble::bad_name));

  Todo todo;
  {
    const std::lock_guard lock(state.mutex);
    ++state.counts.asked;
    const auto under_way = state.by_question.find(&question);
    if (state.is_full(question)) {
      ++state.counts.overloads;
      todo.replies.push_back({std::move(done), nobody(DnsTrouble::overload)});
    } else if (under_way != state.by_question.end()) {
      ++state.counts.joined;
      auto& flight = state.flights.at(under_way->second);
      state.join(under_way->second, flight, {deadline, std::move(done)});
    } else if (auto hit = cached(DnsCache::Look::again)) {  // its flight ended since we looked
      todo.replies.push_back({std::move(done), std::move(*hit)});
    } else if (!state.zones.admits(question.name, now)) {
      todo.replies.push_back({std::move(done), nobody(DnsTrouble::suspended)});
    } else {
      state.begin(question, {deadline, std::move(done)}, now, todo);
    }
  }
  state.carry_out(std::move(todo));
}

void CachingResolver::forget(std::string_view zone) { state_->cache.forget(zone); }

void CachingResolver::set_zones(std::vector<std::string> zones) {
  const std::lock_guard lock(state_->mutex);
  state_->zones.set_own(std::move(zones));
}

void CachingResolver::tick() noexcept {
  try {
    state_->tick();
  } catch (...) {
    // Out of memory; what is due stays due.
  }
}

DnsStatus CachingResolver::status() const {
  const auto& state = *state_;
  const std::lock_guard lock(state.mutex);
  DnsStatus status = state.counts;
  status.servers = state.servers.entries();
  status.suspended_zones = state.zones.suspended(state.clock.steady());
  status.cache = state.cache.numbers();
  status.flights = state.flights.size();
  status.waiting = state.waiting;
  return status;
}

}  // namespace postern
