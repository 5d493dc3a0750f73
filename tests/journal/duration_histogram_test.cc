#include "journal/duration_histogram.h"

#include "journal/number_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace postern {
namespace {

using std::chrono::microseconds;

TEST(DurationHistogram, OfNothingHasNoTime) {
  const DurationHistogram none;
  EXPECT_EQ(none.quantile(0.5), microseconds{0});
  EXPECT_EQ(none.longest(), microseconds{0});
}

TEST(DurationHistogram, GivesQuantilesThatAreAtMostAQuarterTooLong) {
  std::mt19937_64 random(7);
  DurationHistogram histogram;
  std::vector<std::int64_t> all;
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<std::int64_t>(random() >> (24 + random() % 40));
    all.push_back(value);
    histogram.add(microseconds(value));
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(histogram.longest().count(), all.back());
  EXPECT_EQ(histogram.count(), all.size());
  for (const double part : {0.01, 0.25, 0.5, 0.95, 0.99, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(all.size())));
    const auto exact = all[rank - 1];
    const auto told = histogram.quantile(part).count();
    EXPECT_GE(told, exact) << part;
    EXPECT_LE(told, exact + exact / 4 + 1) << part;
  }
}

TEST(DurationHistogram, TakesTimesThatNoClockGives) {
  DurationHistogram histogram;
  histogram.add(microseconds{-5});
  histogram.add(microseconds::max());
  EXPECT_EQ(histogram.quantile(0.5), microseconds{0});
  EXPECT_EQ(histogram.longest(), microseconds::max());
}

TEST(NumberText, IsForPeople) {
  EXPECT_EQ(share_text(1, 3), "33.3%");
  EXPECT_EQ(share_text(0, 3), "0.0%");
  EXPECT_EQ(share_text(1, 1'000'000), "<0.1%");
  EXPECT_EQ(share_text(999'999, 1'000'000), ">99.9%");
  EXPECT_EQ(share_text(3, 3), "100.0%");
  EXPECT_EQ(share_text(0, 0), "-");
  EXPECT_EQ(duration_text(microseconds{213}), "0.21 ms");
  EXPECT_EQ(duration_text(microseconds{1'500}), "1.5 ms");
  EXPECT_EQ(duration_text(microseconds{999'600}), "1.0 s");
  EXPECT_EQ(duration_text(microseconds{12'000'000}), "12 s");
  EXPECT_EQ(duration_text(microseconds{150'000'000}), "2.5 min");
}

}  // namespace
}  // namespace postern
