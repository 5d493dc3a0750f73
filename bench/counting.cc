// Counting: what it costs a decision to be counted for the metrics, alone and by several threads at
// one table, beside an atomic counter of its own as the least that counting can cost.
// bench_counting [--rounds N]

#include "runtime/decision_tally.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace postern;
using Clock = std::chrono::steady_clock;

constexpr unsigned rule_count = 100;

std::vector<Decision> decisions() {
  std::vector<Decision> made;
  for (unsigned i = 0; i < rule_count; ++i) {
    Decision decision;
    decision.verdict = i % 2 == 0 ? Verdict::reject : Verdict::accept;
    decision.rule =
        RulePlace{"a rule of some length " + std::to_string(i), "postern.toml", i, Stage::rcpt};
    made.push_back(std::move(decision));
  }
  made.emplace_back();  // a pass, which no rule decides
  return made;
}

/// Nanoseconds of one call, of the fastest of five runs.
template <typename Work>
double nanoseconds(unsigned threads, std::uint64_t rounds, const Work& work) {
  double best = 1e9;
  for (int run = 0; run < 5; ++run) {
    const auto began = Clock::now();
    std::vector<std::thread> working;
    for (unsigned t = 0; t < threads; ++t) {
      working.emplace_back([&] {
        for (std::uint64_t i = 0; i < rounds; ++i) work(i);
      });
    }
    for (auto& thread : working) thread.join();
    best = std::min(best, std::chrono::duration<double, std::nano>(Clock::now() - began).count() /
                              static_cast<double>(rounds));
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t rounds = 2'000'000;
  if (argc == 3 && std::strcmp(argv[1], "--rounds") == 0) {
    rounds = std::strtoull(argv[2], nullptr, 10);
  }
  const auto made = decisions();
  DecisionTally tally;
  std::atomic<std::uint64_t> counter{0};
  for (const unsigned threads : {1U, 2U}) {
    const auto least = nanoseconds(threads, rounds, [&](std::uint64_t) { ++counter; });
    const auto all = nanoseconds(threads, rounds, [&](std::uint64_t i) {
      tally.decided(Stage::rcpt, made[i % made.size()], std::chrono::microseconds(i % 1000));
    });
    std::printf("  %u thread%s: %.1f ns a decision, an atomic counter %.1f ns\n", threads,
                threads == 1 ? "" : "s", all, least);
  }
  return counter == 0 ? 1 : 0;
}
