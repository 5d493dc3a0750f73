#include "runtime/services.h"
#include "support/fake_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

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

TEST(ReferenceSource, StaysUniqueWhenTheClockIsSetBackBetweenTwoWorkers) {
  test::FakeClock clock;
  LastReference last;
  std::vector<Reference> references;
  for (int worker = 0; worker < 3; ++worker) {
    // In a process of its own, as a worker is, that ends without a word.
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ReferenceSource source(clock, 7, &last);
      for (int i = 0; i < 300; ++i) {
        const auto text = source.next().text();
        if (::write(pipe[1], text.data(), text.size()) != static_cast<ssize_t>(text.size())) break;
      }
      ::_exit(0);
    }
    ::close(pipe[1]);
    std::array<char, 14> text{};
    while (::read(pipe[0], text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
      references.push_back(Reference::parse({text.data(), text.size()}).value());
    }
    ::close(pipe[0]);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    clock.set_back(1h);
  }
  EXPECT_EQ(references.size(), 900U);
  EXPECT_EQ(std::set<Reference>(references.begin(), references.end()).size(), 900U);
  EXPECT_TRUE(std::is_sorted(references.begin(), references.end()));
}

TEST(ReferenceSource, BeginsByTheClockWhenNothingWasHandedOut) {
  const test::FakeClock clock;
  LastReference last;
  EXPECT_EQ(ReferenceSource(clock, 5, &last).next(), ReferenceSource(clock, 5).next());
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

TEST(ReferenceSource, OfTwoServersOfOneNameGaveMostReferencesTwice) {
  test::FakeClock clock;
  ReferenceSource one(clock, 5, nullptr, 1);
  ReferenceSource other(clock, 5, nullptr, 2);
  std::set<std::string> given;
  Reference before;
  for (int i = 0; i < 300; ++i) {
    clock.advance(std::chrono::milliseconds(1));
    const auto reference = one.next();
    EXPECT_LT(before.text(), reference.text());
    before = reference;
    given.insert(reference.text());
    given.insert(other.next().text());
  }
  EXPECT_GT(given.size(), 580U);
}

}  // namespace
}  // namespace postern
