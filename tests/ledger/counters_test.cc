#include "support/ledger_book.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace postern {
namespace {

using Outcome = OperationOutcome;
using test::LedgerBook;

constexpr LedgerTime start = 1'790'000'000'000;
constexpr LedgerTime day = 86'400'000;

TEST(Counters, ATallyReachesItsThresholdAndForgetsAfterItsLifetime) {
  LedgerBook book;
  const auto add = [&](std::int64_t amount, LedgerTime at) {
    return book.perform(Operation::tally("t", amount, 35 * day, 3), at);
  };
  EXPECT_EQ(add(0, start).outcome, Outcome::below);
  EXPECT_TRUE(book.entries().empty()) << "looking leaves nothing";
  EXPECT_EQ(add(2, start).used, 2);
  EXPECT_EQ(add(1, start + day).outcome, Outcome::reached);
  EXPECT_EQ(add(0, start + 36 * day - 1).since, start);
  EXPECT_EQ(add(0, start + 36 * day).used, 0);
}

TEST(Counters, ATransactionIsTalliedOnce) {
  LedgerBook book;
  const auto add = Operation::tally("t", 1, 35 * day, 3, 42);
  EXPECT_FALSE(book.perform(add, start).repeated);
  EXPECT_TRUE(book.perform(add, start + 1000).repeated);
  EXPECT_EQ(book.perform(add, start + usual_hold).used, 2) << "ten minutes later it is forgotten";
}

TEST(Counters, WeightsHalveInTheirTime) {
  LedgerBook book;
  book.perform(Operation::weigh("w", day, 0, 1'000'000), start);
  book.perform(Operation::weigh("w", day, 3, 4000), start);
  const auto later = book.perform(Operation::weigh("w", day, 0, 0), start + 2 * day);
  EXPECT_EQ(later.values, (std::vector<std::int64_t>{250'000, 0, 0, 1000}));
}

TEST(Counters, WeightsFadeAsTheFormulaSays) {
  std::mt19937_64 random(4);
  for (int world = 0; world < 50; ++world) {
    LedgerBook book;
    const LedgerTime half = static_cast<LedgerTime>(random() % 1000 + 1) * 60'000;
    const auto tick = (half + 15) / 16;
    LedgerTime now = start;
    double low = 0;
    double high = 0;
    for (int i = 0; i < 300; ++i) {
      const auto passed = static_cast<LedgerTime>(random() % static_cast<std::uint64_t>(half / 4));
      now += passed;
      const double factor =
          std::exp2(-static_cast<double>(passed) / (16.0 * static_cast<double>(tick)));
      low = low * factor;
      high = high * factor;
      const auto add = static_cast<std::int64_t>(random() % 3) * 1000;
      const auto values = book.perform(Operation::weigh("w", half, 0, add), now).values;
      low += static_cast<double>(add);
      high += static_cast<double>(add);
      const double value = values.empty() ? 0 : static_cast<double>(values[0]);
      // It fades in steps of a sixteenth, and is rounded down at each.
      ASSERT_LE(value, high * std::exp2(1.0 / 16) + 1);
      ASSERT_GE(value, low * std::exp2(-1.0 / 16) - 20);
    }
  }
}

TEST(Counters, AWeightThatHasFadedIsForgotten) {
  LedgerBook book;
  book.perform(Operation::weigh("w", day, 0, most_weight), start);
  const auto ends = book.find("w")->expires;
  EXPECT_LE(ends, start + 36 * day);
  EXPECT_TRUE(book.perform(Operation::weigh("w", day, 0, 0), ends).values.empty());
  EXPECT_EQ(book.perform(Operation::weigh("w", day, 0, 0), ends - day).values[0], 0);
}

TEST(Counters, AnEntryOfAnotherKindIsNothing) {
  LedgerBook book;
  book.perform(Operation::tally("k", 5, day, 1), start);
  EXPECT_TRUE(book.perform(Operation::weigh("k", day, 0, 0), start).values.empty());
  EXPECT_EQ(book.perform(Operation::look("k", *window_limit(3, day)), start).used, 0);
}

}  // namespace
}  // namespace postern
