// PolicyLoad: clients of a policy service that ask without a pause, each question one of a kind,
// and remember which were answered, and when.
#pragma once

#include "support/policy_client.h"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace postern::test {

class PolicyLoad {
 public:
  using Steady = std::chrono::steady_clock;
  /// By the instance of the request, which is in its record too.
  using Answered = std::map<std::string, Steady::time_point>;

  /// `name` begins the instances. Every second message is from nobody@example.com.
  PolicyLoad(const std::string& socket, const std::string& name, int clients) : asking_(clients) {
    for (int i = 0; i < clients; ++i) {
      threads_.emplace_back([this, socket, name, i] { ask(socket, name + std::to_string(i)); });
    }
  }
  ~PolicyLoad() { stop(); }
  PolicyLoad(const PolicyLoad&) = delete;
  PolicyLoad& operator=(const PolicyLoad&) = delete;

  std::uint64_t answers() const { return answers_; }
  /// Waits until so many more have been answered; false when nobody answers any more.
  bool more(std::uint64_t count) const {
    const auto wanted = answers_ + count;
    while (answers_ < wanted && asking_ > 0) std::this_thread::yield();
    return answers_ >= wanted;
  }
  /// Each client after its answer, or when the server has gone.
  void stop() {
    stopping_ = true;
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  /// After stop().
  const Answered& answered() const { return answered_; }

 private:
  void ask(const std::string& socket, const std::string& name) {
    Answered mine;
    try {
      auto client = PolicyClient::to_path(socket);
      for (std::uint64_t i = 0; !stopping_; ++i) {
        const auto instance = name + '.' + std::to_string(i) + ".0";
        const auto answer = client.ask(policy_request(
            "RCPT", {{"instance", instance},
                     {"sender", i % 2 == 0 ? "nobody@example.com" : "anna@example.com"}}));
        if (!answer.ends_with("\n\n")) break;
        mine.emplace(instance, Steady::now());
        ++answers_;
      }
    } catch (const std::exception&) {
      // Nobody listens: what has been answered so far is all.
    }
    const std::lock_guard lock(mutex_);
    answered_.merge(mine);
    --asking_;
  }

  std::mutex mutex_;
  Answered answered_;
  std::atomic<std::uint64_t> answers_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<int> asking_;  // clients that go on
  std::vector<std::thread> threads_;
};

}  // namespace postern::test
