#include "policy/server.h"

#include "policy/descriptor.h"
#include "policy/loop.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace postern::policy_door {

struct PolicyServer::State {
  State(std::vector<int> listeners_in, const Services& services, unsigned loops_in)
      : context(services, std::move(listeners_in)), wanted(std::max(1U, loops_in)) {
    for (const int listener : context.listeners) listeners.emplace_back(listener);
  }

  LoopContext context;
  std::vector<Descriptor> listeners;
  const unsigned wanted;
  std::vector<std::unique_ptr<Loop>> loops;
  std::vector<std::thread> threads;

  std::mutex mutex;
  std::condition_variable changed;
  std::size_t ended = 0;  // loops; guarded by mutex

  void run(Loop& loop) {
    loop.run();
    const std::lock_guard lock(mutex);
    ++ended;
    changed.notify_all();
  }

  void stop(std::chrono::milliseconds limit) {
    for (const auto& loop : loops) loop->drain();
    {
      std::unique_lock lock(mutex);
      changed.wait_for(lock, limit, [this] { return ended == threads.size(); });
    }
    for (const auto& loop : loops) loop->abandon();
    for (auto& thread : threads) thread.join();
    threads.clear();
    loops.clear();
    listeners.clear();
  }
};

PolicyServer::PolicyServer(std::vector<int> listeners, Services services, unsigned loops)
    : state_(std::make_unique<State>(std::move(listeners), services, loops)) {}

PolicyServer::~PolicyServer() { stop(std::chrono::milliseconds(0)); }

void PolicyServer::start() {
  auto& state = *state_;
  // All loops before the first thread: a system that cannot give them fails before anything runs.
  while (state.loops.size() < state.wanted) {
    state.loops.push_back(std::make_unique<Loop>(state.context));
  }
  for (const auto& loop : state.loops) {
    state.threads.emplace_back([&state, one = loop.get()] { state.run(*one); });
  }
}

void PolicyServer::stop(std::chrono::milliseconds limit) { state_->stop(limit); }

}  // namespace postern::policy_door
