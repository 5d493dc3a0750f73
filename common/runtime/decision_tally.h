// DecisionTally: what the metrics tell of the decisions at one door. Counted where they are made,
// because a decision may be recorded nowhere. Costs some tens of nanoseconds a decision, and never
// waits. Thread-safe.
#pragma once

#include "postern/decision.h"
#include "runtime/service_report.h"
#include "runtime/tally_table.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace postern {

class DecisionTally {
 public:
  /// Once a decision; `elapsed`: from question to decision.
  void decided(Stage stage, const Decision& decision, std::chrono::microseconds elapsed) noexcept;
  /// Once for each refusal that is sent, with the reply of the decision.
  void replied(const Decision& decision) noexcept;

  /// `listener`: how the door is called.
  void report(ServiceReport& report, const std::string& listener) const;

 private:
  static constexpr std::size_t stage_count = 7;
  // Microseconds. Decisions that ask nobody take some ten of them, DNS some ten milliseconds; the
  // deadline is 8 s unless it is set.
  static constexpr std::array<std::uint32_t, 13> bounds{
      10,      25,      100,       1'000,     5'000,     20'000,    50'000,
      100'000, 250'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};
  struct Durations {
    std::array<std::atomic<std::uint64_t>, bounds.size() + 1> buckets{};
    std::atomic<std::uint64_t> sum{0};  // microseconds
  };

  TallyTable decisions_;
  TallyTable replies_;
  std::array<Durations, stage_count> durations_{};
};

}  // namespace postern
