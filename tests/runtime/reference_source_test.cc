#include "runtime/services.h"
#include "support/fake_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

namespace postern {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;

TEST(ReferenceSource, GivesTheHostAndTheMillisecond) {
  const test::FakeClock clock;
  ReferenceSource source(clock, 5);
  const auto reference = source.next();
  EXPECT_EQ(reference.host(), 5U);
  EXPECT_EQ(reference.sequence(), 0U);
  EXPECT_EQ(reference.time(), clock.system());
}

TEST(ReferenceSource, BorrowsFromTheNextMillisecondsInABurst) {
  const test::FakeClock clock;
  ReferenceSource source(clock, 0);
  std::vector<Reference> references;
  for (int i = 0; i < 600; ++i) references.push_back(source.next());
  EXPECT_TRUE(std::is_sorted(references.begin(), references.end()));
  EXPECT_EQ(std::set<Reference>(references.begin(), references.end()).size(), 600U);
  EXPECT_EQ(references.back().time(), clock.system() + 2ms);
}

TEST(ReferenceSource, StaysUniqueWhenTheClockIsSetBack) {
  test::FakeClock clock;
  ReferenceSource source(clock, 0);
  std::set<Reference> references;
  for (int i = 0; i < 100; ++i) {
    references.insert(source.next());
    clock.set_back(1h);
    references.insert(source.next());
    clock.advance(1h);
  }
  EXPECT_EQ(references.size(), 200U);
}

TEST(ReferenceSource, StaysUniqueBetweenThreads) {
  const SystemClock clock;
  ReferenceSource source(clock, 63);
  std::vector<std::vector<Reference>> taken(4);
  std::vector<std::thread> threads;
  for (auto& own : taken) {
    threads.emplace_back([&source, &own] {
      for (int i = 0; i < 2000; ++i) own.push_back(source.next());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<Reference> all;
  for (const auto& own : taken) all.insert(own.begin(), own.end());
  EXPECT_EQ(all.size(), 8000U);
}

}  // namespace
}  // namespace postern
