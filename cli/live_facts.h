// LiveFacts: answers of today for `postern replay --live`: DNS, as the policy that is tried wants
// it asked. Nothing else is asked, so that nothing counts once more. One thread at a time.
#pragma once

#include "cli/options.h"
#include "postern/facts.h"
#include "postern/policy.h"
#include "runtime/clock.h"
#include "runtime/dns_service.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace postern::cli {

/// A replay must neither flood a resolver nor last for ever.
struct LiveLimits {
  std::size_t questions = 100'000;                            ///< different ones
  std::size_t at_once = 50;                                   ///< that are under way
  std::chrono::milliseconds time = std::chrono::minutes(10);  ///< from the first one on
};

class LiveFacts {
 public:
  /// Asks nobody, not even for the health of lists, before the first question.
  LiveFacts(std::shared_ptr<const Policy> policy, const std::string& root,
            const LiveLimits& limits);
  ~LiveFacts();
  LiveFacts(const LiveFacts&) = delete;
  LiveFacts& operator=(const LiveFacts&) = delete;

  /// As AskNow. One question is asked once, and has that answer for all records. What is beyond the
  /// limits, or not of DNS, is unavailable.
  std::vector<Answer> ask(const std::vector<Question>& questions);

  struct Counts {
    std::uint64_t asked = 0;      ///< different questions
    std::uint64_t answered = 0;   ///< of these
    std::uint64_t not_asked = 0;  ///< for want of time, or too many
  };
  const Counts& counts() const noexcept { return counts_; }
  /// What went wrong with DNS, so far.
  std::vector<std::string> said() const;

 private:
  class Nobody final : public FactSource {
   public:
    void ask(const Question& question, std::function<void(Answer)> done) override;
  };

  void ask_some(const std::vector<Question>& questions);
  bool is_over(std::size_t more);

  std::shared_ptr<const Policy> policy_;
  const LiveLimits limits_;
  mutable std::mutex saying_;  // the resolver speaks from a thread of its own
  std::vector<std::string> said_;
  SystemClock clock_;
  Nobody nobody_;
  DnsService dns_;
  std::chrono::steady_clock::time_point end_{};
  std::chrono::steady_clock::time_point next_tick_{};
  Facts known_;
  Counts counts_;
};

}  // namespace postern::cli
