#include "support/ledger_book.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>

namespace postern {
namespace {

using Outcome = OperationOutcome;

constexpr LedgerTime start = 1'790'000'000'000;
constexpr LedgerTime minute = 60'000;
constexpr LedgerTime day = 86'400'000;
constexpr GreylistTimes times{5 * minute, 2 * day, 36 * day};

Operation ask() { return Operation::greylist("g", times); }

TEST(Greylist, TheFirstAttemptWaitsAsLongAsTheDelay) {
  test::LedgerBook book;
  const auto first = book.perform(ask(), start);
  EXPECT_EQ(first.outcome, Outcome::wait);
  EXPECT_EQ(first.wait, times.delay);
  EXPECT_EQ(first.since, 0);
  const auto second = book.perform(ask(), start + minute);
  EXPECT_EQ(second.outcome, Outcome::wait);
  EXPECT_EQ(second.wait, 4 * minute) << "another attempt does not begin the waiting anew";
  EXPECT_EQ(second.since, start);
  EXPECT_EQ(second.used, 2);
}

TEST(Greylist, WhoComesBackInTheWindowPassesOnceAndIsKnownThen) {
  test::LedgerBook book;
  book.perform(ask(), start);
  EXPECT_EQ(book.perform(ask(), start + times.delay - 1).outcome, Outcome::wait);
  EXPECT_EQ(book.perform(ask(), start + times.delay).outcome, Outcome::passed);
  EXPECT_EQ(book.perform(ask(), start + times.delay).outcome, Outcome::known);
  EXPECT_EQ(book.perform(ask(), start + 30 * day).outcome, Outcome::known);
  EXPECT_EQ(book.perform(ask(), start + 66 * day).outcome, Outcome::known)
      << "the lifetime begins with the last attempt";
}

TEST(Greylist, WhoComesTooLateWaitsAnew) {
  test::LedgerBook book;
  book.perform(ask(), start);
  EXPECT_EQ(book.perform(ask(), start + times.window + 1).outcome, Outcome::expired);
  EXPECT_EQ(book.perform(ask(), start + times.window + 2).outcome, Outcome::wait);
}

TEST(Greylist, WhoWasAwayForLongerThanTheLifetimeWaitsAnew) {
  test::LedgerBook book;
  book.perform(ask(), start);
  book.perform(ask(), start + times.delay);
  const auto late = book.perform(ask(), start + times.delay + times.lifetime * 33 / 32 + 1);
  EXPECT_EQ(late.outcome, Outcome::expired);
  EXPECT_EQ(late.wait, times.delay);
}

TEST(Greylist, WithoutADelayEverybodyPasses) {
  test::LedgerBook book;
  const GreylistTimes none{0, day, day};
  EXPECT_EQ(book.perform(Operation::greylist("g", none), start).outcome, Outcome::passed);
  EXPECT_EQ(book.perform(Operation::greylist("g", none), start).outcome, Outcome::known);
}

TEST(Greylist, AClockSetBackKeepsNobodyWaitingForLongerThanTheDelay) {
  test::LedgerBook book;
  book.perform(ask(), start + 400 * day);
  EXPECT_EQ(book.perform(ask(), start).wait, times.delay);
  EXPECT_EQ(book.perform(ask(), start + times.delay).outcome, Outcome::passed);
}

TEST(Greylist, WhoIsKnownIsWrittenNowAndThen) {
  test::LedgerBook book;
  book.perform(ask(), start);
  book.perform(ask(), start + times.delay);
  const auto before = *book.find("g");
  book.perform(ask(), start + times.delay + day);
  EXPECT_EQ(*book.find("g"), before);
  book.perform(ask(), start + times.delay + 2 * day);
  EXPECT_GT(book.find("g")->expires, before.expires);
}

/// What RFC 6647 says, with nothing but the times of the attempts.
class Reference {
 public:
  /// True if that may come of an attempt now.
  bool allows(Outcome outcome, LedgerTime now) {
    if (known_) {
      const auto away = now - last_;
      last_ = now;
      if (outcome == Outcome::known) return away <= times.lifetime + slack;
      known_ = false;
      first_ = now;
      if (away <= times.lifetime) return false;
      return outcome == Outcome::expired
                 ? away < times.lifetime + slack + times.window
                 : outcome == Outcome::wait && away >= times.lifetime + times.window;
    }
    if (!first_ || now - *first_ >= 2 * times.window) {
      first_ = now;
      return outcome == Outcome::wait;
    }
    if (now - *first_ > times.window) {
      first_ = now;
      return outcome == Outcome::expired;
    }
    if (now - *first_ < times.delay) return outcome == Outcome::wait;
    known_ = true;
    last_ = now;
    return outcome == Outcome::passed;
  }

 private:
  static constexpr LedgerTime slack = times.lifetime / 32;
  std::optional<LedgerTime> first_;
  LedgerTime last_ = 0;
  bool known_ = false;
};

TEST(Greylist, IsAsTheReferenceOverYears) {
  std::mt19937_64 random(6647);
  std::map<Outcome, int> seen;
  for (int client = 0; client < 300; ++client) {
    test::LedgerBook book;
    Reference reference;
    LedgerTime now = start;
    for (int attempt = 0; attempt < 200; ++attempt) {
      const LedgerTime scale[]{1000, minute, 3 * minute, day / 3, 3 * day, 50 * day};
      now += static_cast<LedgerTime>(random() % 1000) * scale[random() % 6] / 500;
      const auto outcome = book.perform(ask(), now).outcome;
      ASSERT_TRUE(reference.allows(outcome, now))
          << to_text(outcome) << " of client " << client << " attempt " << attempt;
      ++seen[outcome];
    }
    EXPECT_TRUE(is_sound(*book.find("g")));
  }
  EXPECT_EQ(seen.size(), 4U) << "every verdict has come up";
}

}  // namespace
}  // namespace postern
