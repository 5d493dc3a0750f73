#include "runtime/root_watch.h"

#include <mutex>
#include <utility>
#include <vector>

namespace postern {
namespace {

/// When nobody asks, so that the log tells of a resolver gone bad before mail does.
constexpr std::chrono::minutes between_probes{1};
constexpr std::chrono::seconds between_probes_in_trouble{5};
/// Below the deadline of decisions, which wait for it.
constexpr std::chrono::seconds patience{3};

constexpr std::string_view denial = "the resolver says that not even the root exists";

}  // namespace

struct RootWatch::State : std::enable_shared_from_this<State> {
  using Time = std::chrono::steady_clock::time_point;

  struct Waiter {
    Time came;
    Then then;
  };

  State(Resolver& resolver_in, const Clock& clock_in, Say say_in)
      : resolver(resolver_in), clock(clock_in), say(std::move(say_in)), due(clock.steady()) {}

  void probe(Time now) {
    resolver.ask(
        {".", DnsType::ns}, now + patience,
        [weak = weak_from_this(), now](const DnsReply& reply) {
          if (const auto self = weak.lock()) self->bring(now, *reply.answer);
        },
        Freshness::afresh);
  }

  void bring(Time sent, const DnsAnswer& answer) {
    const bool nothing =
        answer.kind == DnsAnswer::Kind::no_name || answer.kind == DnsAnswer::Kind::no_data;
    const bool trouble = answer.kind == DnsAnswer::Kind::unavailable;
    std::vector<Waiter> ready;
    bool news = false;
    bool again = false;
    Time now;
    {
      const std::lock_guard lock(mutex);
      now = clock.steady();
      tested = true;
      // Trouble proves nothing, neither that it lies nor that it does not any more.
      if (!trouble) news = std::exchange(denied, nothing) != nothing;
      // A resolver inside a network without ways out may have no root to tell of. What is asked of
      // it must not wait each time until that is found out again.
      seen = trouble ? now + between_probes_in_trouble : sent;
      due = now;
      due += denied || trouble ? std::chrono::seconds(between_probes_in_trouble) : between_probes;
      std::vector<Waiter> later;
      for (auto& waiter : waiting) {
        (denied || waiter.came <= seen ? ready : later).push_back(std::move(waiter));
      }
      waiting = std::move(later);
      again = !waiting.empty();
      asking = again;
    }
    if (news) {
      // What it denied while it was not found out.
      if (!nothing) resolver.forget(".");
      say(nothing ? LogLevel::warning : LogLevel::info,
          nothing ? std::string(denial) + ": its answers do not count" : "DNS works again");
    }
    const auto cause = text();
    for (const auto& waiter : ready) waiter.then(cause);
    if (again) probe(now);
  }

  std::string text() const {
    const std::lock_guard lock(mutex);
    return denied ? std::string(denial) : std::string();
  }

  Resolver& resolver;
  const Clock& clock;
  const Say say;
  mutable std::mutex mutex;  // guards what follows; not held while anybody is called
  bool tested = false;
  bool denied = false;
  bool asking = false;
  Time seen = Time::min();  ///< what came until then is confirmed
  Time due;
  std::vector<Waiter> waiting;
};

RootWatch::RootWatch(Resolver& resolver, const Clock& clock, Say say)
    : state_(std::make_shared<State>(resolver, clock, std::move(say))) {}

void RootWatch::admit(Then then) {
  std::string cause;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->tested) {
      state_->waiting.push_back({State::Time::min(), std::move(then)});
      return;
    }
    if (state_->denied) cause = denial;
  }
  then(cause);
}

void RootWatch::confirm(std::chrono::steady_clock::time_point came, Then then) {
  auto& state = *state_;
  std::string cause;
  bool must_ask = false;
  bool must_wait = false;
  const auto now = state.clock.steady();
  {
    const std::lock_guard lock(state.mutex);
    if (state.denied) {
      cause = denial;
    } else if (came > state.seen) {
      must_wait = true;
      must_ask = !std::exchange(state.asking, true);
      state.waiting.push_back({came, std::move(then)});
    }
  }
  if (must_ask) state.probe(now);
  if (!must_wait) then(cause);
}

bool RootWatch::vouches_for(std::chrono::steady_clock::time_point came) const {
  const std::lock_guard lock(state_->mutex);
  return state_->tested && !state_->denied && came <= state_->seen;
}

void RootWatch::tick() {
  const auto now = state_->clock.steady();
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->asking || state_->due > now) return;
    state_->asking = true;
  }
  state_->probe(now);
}

void RootWatch::report(ServiceReport& report) const {
  const auto cause = state_->text();
  if (!cause.empty()) report.text("dns.trouble", cause);
  report.sample_if(Metric::dns_trouble, !cause.empty());
}

}  // namespace postern
