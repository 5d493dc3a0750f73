#include "runtime/log_limit.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace postern {
namespace {

using std::chrono_literals::operator""ms;

TEST(LogLimit, LetsOneMessageASecondThroughAndTellsOfTheOthers) {
  LogLimit limit;
  const LogLimit::Time begin{std::chrono::hours(1)};
  EXPECT_EQ(limit.pass(begin), 0U);
  EXPECT_EQ(limit.pass(begin), std::nullopt);
  EXPECT_EQ(limit.pass(begin + 999ms), std::nullopt);
  EXPECT_EQ(limit.pass(begin + 1000ms), 2U);
  EXPECT_EQ(limit.pass(begin + 2000ms), 0U);
}

TEST(LogLimit, LosesNoneBetweenThreads) {
  LogLimit limit;
  const LogLimit::Time begin{std::chrono::hours(1)};
  std::atomic<std::uint64_t> passed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k) passed += limit.pass(begin) ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(passed, 1U);
  EXPECT_EQ(limit.pass(begin + 1000ms), 3999U);
}

TEST(LogLimit, SaysHowManyInWords) {
  EXPECT_EQ(kept_back_text(0), "");
  EXPECT_EQ(kept_back_text(1), " (1 like it was not logged)");
  EXPECT_EQ(kept_back_text(12), " (12 like it were not logged)");
}

}  // namespace
}  // namespace postern
