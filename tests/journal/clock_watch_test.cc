#include "journal/clock_watch.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using std::chrono::system_clock;

class ClockWatched : public ::testing::Test {
 protected:
  /// Time passes, and the clock is set besides.
  ClockTrust after(std::chrono::seconds time, std::chrono::seconds set = 0s) {
    steady_ += time;
    now_ += time + set;
    return watch_.look(now_, steady_);
  }

 private:
  ClockWatch watch_;
  system_clock::time_point now_{1'750'000'000s};
  steady_clock::time_point steady_{1000s};
};

TEST_F(ClockWatched, IsBelievedAfterAnHour) {
  EXPECT_EQ(after(0s), ClockTrust::unproven);
  EXPECT_EQ(after(59min), ClockTrust::unproven);
  EXPECT_EQ(after(1min), ClockTrust::settled);
  EXPECT_EQ(after(10min), ClockTrust::settled);
}

TEST_F(ClockWatched, HasToProveItselfAgainWhenItWasSet) {
  after(0s);
  EXPECT_EQ(after(2h), ClockTrust::settled);
  EXPECT_EQ(after(10min, 24h * 400), ClockTrust::unproven);
  EXPECT_EQ(after(10min, -24h * 400), ClockTrust::unproven);
  EXPECT_EQ(after(59min), ClockTrust::unproven);
  EXPECT_EQ(after(2min), ClockTrust::settled);
}

TEST_F(ClockWatched, MayBeSlewed) {
  after(0s);
  EXPECT_EQ(after(2h, 30s), ClockTrust::settled);
  EXPECT_EQ(after(10min, -30s), ClockTrust::settled);
}

}  // namespace
}  // namespace postern
