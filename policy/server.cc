#include "policy/server.h"

#include "policy/loop.h"
#include "system/unique_fd.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace postern::policy_door {

struct PolicyServer::State {
  State(std::vector<int> listeners_in, const Services& services, unsigned loops_in, ServerCare care)
      : context(services, std::move(listeners_in), care.most_connections),
        wanted(std::max(1U, loops_in)),
        failed(std::move(care.failed)) {
    for (const int listener : context.listeners) listeners.emplace_back(listener);
  }

  LoopContext context;
  std::vector<UniqueFd> listeners;
  const unsigned wanted;
  const std::function<void()> failed;
  std::vector<std::unique_ptr<Loop>> loops;
  std::vector<std::optional<std::uint64_t>> rounds_seen;  // of each loop, by goes_round()
  std::vector<std::thread> threads;

  std::mutex mutex;
  std::condition_variable changed;
  std::size_t ended = 0;  // loops; guarded by mutex

  void run(Loop& loop) {
    if (loop.run() == Loop::End::failed && failed) failed();
    const std::lock_guard lock(mutex);
    ++ended;
    changed.notify_all();
  }

  void stop(std::chrono::milliseconds limit) {
    for (const auto& loop : loops) loop->drain();
    {
      std::unique_lock lock(mutex);
      changed.wait_for(lock, limit, [this] { return ended >= threads.size(); });
    }
    for (const auto& loop : loops) loop->abandon();
    for (auto& thread : threads) thread.join();
    threads.clear();
    loops.clear();
    listeners.clear();
  }
};

PolicyServer::PolicyServer(std::vector<int> listeners, Services services, unsigned loops,
                           ServerCare care)
    : state_(std::make_unique<State>(std::move(listeners), services, loops, std::move(care))) {}

PolicyServer::~PolicyServer() { stop(std::chrono::milliseconds(0)); }

void PolicyServer::start() {
  auto& state = *state_;
  // All loops before the first thread: a system that cannot give them fails before anything runs.
  while (state.loops.size() < state.wanted) {
    state.loops.push_back(std::make_unique<Loop>(state.context));
  }
  state.rounds_seen.resize(state.loops.size());
  for (const auto& loop : state.loops) {
    state.threads.emplace_back([&state, one = loop.get()] { state.run(*one); });
  }
}

bool PolicyServer::goes_round() noexcept {
  auto& state = *state_;
  bool all = true;
  for (std::size_t i = 0; i < state.loops.size(); ++i) {
    const auto rounds = state.loops[i]->rounds();
    auto& seen = state.rounds_seen[i];
    if (seen && *seen == rounds) all = false;
    seen = rounds;
    state.loops[i]->nudge();
  }
  return all;
}

void PolicyServer::stop(std::chrono::milliseconds limit) { state_->stop(limit); }

}  // namespace postern::policy_door
