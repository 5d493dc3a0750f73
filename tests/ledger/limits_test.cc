#include "support/ledger_book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>

namespace postern {
namespace {

using Outcome = OperationOutcome;
using test::LedgerBook;

constexpr LedgerTime start = 1'790'000'000'000;
constexpr LedgerTime minute = 60'000;
constexpr LedgerTime day = 86'400'000;

Operation count(const Limit& limit, std::int64_t amount = 1, std::uint64_t id = 0) {
  return Operation::count("k", limit, amount, id);
}

TEST(Limits, ABucketLetsABurstThroughAndThenItsRate) {
  LedgerBook book;
  const auto limit = *bucket_limit(10, 30, minute);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(book.perform(count(limit), start).outcome, Outcome::fits);
  const auto refused = book.perform(count(limit), start);
  EXPECT_EQ(refused.outcome, Outcome::refused);
  EXPECT_EQ(refused.used, 10);
  EXPECT_EQ(refused.limit, 10);
  EXPECT_EQ(refused.wait, 2000);
  EXPECT_EQ(book.perform(count(limit), start + 1999).outcome, Outcome::refused);
  EXPECT_EQ(book.perform(count(limit), start + 2000).outcome, Outcome::fits);
}

TEST(Limits, AWindowIsFullUntilWhatWasCountedLeavesIt) {
  LedgerBook book;
  const auto limit = *window_limit(500, day);
  EXPECT_EQ(book.perform(count(limit, 500), start).outcome, Outcome::fits);
  const auto refused = book.perform(count(limit), start + 1);
  EXPECT_EQ(refused.outcome, Outcome::refused);
  EXPECT_GE(refused.wait, day - 1);
  EXPECT_LE(refused.wait, day + limit.slot);
  EXPECT_EQ(book.perform(count(limit), start + refused.wait).outcome, Outcome::refused);
  EXPECT_EQ(book.perform(count(limit), start + 1 + refused.wait).outcome, Outcome::fits);
}

TEST(Limits, MoreThanTheCapacityNeverFits) {
  LedgerBook book;
  for (const auto& limit : {*bucket_limit(10, 10, day), *window_limit(10, day), *lease_limit(10)}) {
    const auto never = book.perform(Operation::reserve("k", limit, 11, 1), start);
    EXPECT_EQ(never.outcome, Outcome::refused);
    EXPECT_EQ(never.wait, -1);
  }
}

TEST(Limits, LargeAmountsOverLongTimesAreExactOrAreRefusedWhenTheyAreMade) {
  EXPECT_TRUE(bucket_limit(10'737'418'240, 10'737'418'240, day)) << "ten gibibytes a day";
  EXPECT_TRUE(bucket_limit(1'000'000, 1'000'000, 30 * day));
  EXPECT_FALSE(bucket_limit(10'737'418'241, 10'737'418'241, day)) << "with nothing in common";
  EXPECT_FALSE(bucket_limit(0, 1, 1));
  EXPECT_FALSE(bucket_limit(1, 1, longest_period + 1));
  EXPECT_FALSE(window_limit(-1, day));
  EXPECT_FALSE(lease_limit(129));
}

TEST(Limits, WhatIsReservedIsTakenUntilItIsReleased) {
  for (const auto& limit : {*bucket_limit(2, 2, day), *window_limit(2, day), *lease_limit(2)}) {
    LedgerBook book;
    EXPECT_EQ(book.perform(Operation::reserve("k", limit, 1, 1), start).used, 1);
    EXPECT_EQ(book.perform(Operation::reserve("k", limit, 1, 2), start).used, 2);
    const auto refused = book.perform(Operation::reserve("k", limit, 1, 3), start + 1);
    EXPECT_EQ(refused.outcome, Outcome::refused);
    EXPECT_EQ(refused.wait, usual_hold - 1);
    EXPECT_EQ(book.perform(Operation::release("k", limit, 1), start + 1).used, 1);
    EXPECT_EQ(book.perform(Operation::reserve("k", limit, 1, 3), start + 1).outcome, Outcome::fits);
    EXPECT_TRUE(book.perform(Operation::release("k", limit, 1), start + 1).repeated);
    EXPECT_EQ(book.perform(Operation::release("k", limit, 2), start + 2).used, 1);
    EXPECT_EQ(book.perform(Operation::release("k", limit, 3), start + 2).used, 0);
    EXPECT_TRUE(book.entries().empty()) << "nothing is left to remember";
  }
}

TEST(Limits, WhatNobodyCommitsIsReleasedAfterItsTime) {
  LedgerBook book;
  const auto limit = *window_limit(1, day);
  book.perform(Operation::reserve("k", limit, 1, 1), start);
  EXPECT_EQ(book.perform(Operation::reserve("k", limit, 1, 2), start + usual_hold - 1).outcome,
            Outcome::refused);
  EXPECT_EQ(book.perform(Operation::reserve("k", limit, 1, 2), start + usual_hold).outcome,
            Outcome::fits);
}

TEST(Limits, OneTransactionCountsOnceHoweverOftenItAsks) {
  LedgerBook book;
  const auto limit = *window_limit(10, day);
  EXPECT_FALSE(book.perform(Operation::reserve("k", limit, 1, 7), start).repeated);
  EXPECT_TRUE(book.perform(Operation::reserve("k", limit, 1, 7), start + 5).repeated);
  EXPECT_EQ(book.perform(Operation::commit("k", limit, 1, 7), start + 6).used, 1);
  EXPECT_TRUE(book.perform(Operation::commit("k", limit, 1, 7), start + 7).repeated);
  EXPECT_TRUE(book.perform(Operation::reserve("k", limit, 1, 7), start + 8).repeated);
  EXPECT_EQ(book.perform(Operation::reserve("k", limit, 1, 7), start + 8).used, 1);
  EXPECT_EQ(book.perform(count(limit, 1, 9), start + 9).used, 2);
  EXPECT_TRUE(book.perform(count(limit, 1, 9), start + 9).repeated);
}

TEST(Limits, ATransactionThatGrowsTakesTheDifference) {
  LedgerBook book;
  const auto limit = *window_limit(10, day);
  EXPECT_EQ(book.perform(Operation::reserve("k", limit, 4, 7), start).used, 4);
  EXPECT_EQ(book.perform(Operation::reserve("k", limit, 9, 7), start).used, 9);
  EXPECT_EQ(book.perform(Operation::reserve("k", limit, 11, 7), start).outcome, Outcome::refused);
  EXPECT_EQ(book.perform(Operation::reserve("k", limit, 3, 7), start).used, 9);
  EXPECT_EQ(book.perform(Operation::commit("k", limit, 6, 7), start).used, 6)
      << "what was let in is what counts";
}

TEST(Limits, MailThatWasLetInCountsThoughItsReservationIsGone) {
  LedgerBook book;
  const auto limit = *window_limit(10, day);
  book.perform(Operation::reserve("k", limit, 2, 7), start);
  EXPECT_EQ(book.perform(Operation::commit("k", limit, 2, 7), start + 2 * usual_hold).used, 2);
  EXPECT_TRUE(book.perform(Operation::commit("k", limit, 2, 7), start + 2 * usual_hold).repeated);
}

TEST(Limits, WhatHasHappenedIsCountedThoughItDoesNotFit) {
  for (const auto& limit : {*bucket_limit(3, 3, minute), *window_limit(3, minute)}) {
    LedgerBook book;
    for (int i = 0; i < 9; ++i) book.perform(Operation::add("k", limit, 1, 0), start);
    EXPECT_EQ(book.perform(Operation::look("k", limit), start).outcome, Outcome::refused);
    EXPECT_EQ(book.perform(Operation::look("k", limit), start + 2 * minute).outcome, Outcome::fits)
        << "nobody is locked out for longer than the period";
  }
}

TEST(Limits, ALeaseIsRenewedByAskingAgain) {
  LedgerBook book;
  const auto limit = *lease_limit(1);
  book.perform(Operation::reserve("k", limit, 1, 1, minute), start);
  EXPECT_TRUE(book.perform(Operation::reserve("k", limit, 1, 1, minute), start + 50'000).repeated);
  EXPECT_EQ(book.perform(Operation::reserve("k", limit, 1, 2, minute), start + minute).outcome,
            Outcome::refused);
  EXPECT_EQ(
      book.perform(Operation::reserve("k", limit, 1, 2, minute), start + 50'000 + minute).outcome,
      Outcome::fits);
}

TEST(Limits, AnotherLimitTakesOverWhatWasCountedUnderTheOne) {
  LedgerBook book;
  book.perform(count(*bucket_limit(10, 10, minute), 6), start);
  EXPECT_EQ(book.perform(Operation::look("k", *bucket_limit(20, 20, day)), start).used, 6);
  EXPECT_EQ(book.perform(Operation::look("k", *bucket_limit(5, 5, day)), start).used, 5);
  book.perform(Operation::count("w", *window_limit(10, minute), 6, 0), start);
  EXPECT_EQ(book.perform(Operation::look("w", *window_limit(20, day)), start).used, 6);
}

TEST(Limits, AClockThatWasYearsAheadLocksNobodyOut) {
  for (const auto& limit : {*bucket_limit(3, 3, minute), *window_limit(3, minute)}) {
    LedgerBook book;
    book.perform(count(limit, 3), start + 3650 * day);
    EXPECT_EQ(book.perform(count(limit), start).outcome, Outcome::refused);
    book.perform(Operation::add("k", limit, 1, 0), start);
    EXPECT_EQ(book.perform(count(limit), start + 2 * minute).outcome, Outcome::fits);
  }
}

TEST(Limits, OfVeryManyOpenTransactionsTheOldestIsCounted) {
  LedgerBook book;
  const auto limit = *window_limit(1000, day);
  for (std::uint64_t id = 1; id <= 1000; ++id) {
    ASSERT_EQ(book.perform(Operation::reserve("k", limit, 1, id), start).outcome, Outcome::fits);
  }
  EXPECT_EQ(book.find("k")->reserved.size(), most_reservations);
  EXPECT_EQ(book.find("k")->counted.size(), most_recognised);
  EXPECT_EQ(book.perform(Operation::reserve("k", limit, 1, 2000), start).outcome, Outcome::refused);
  EXPECT_TRUE(is_sound(*book.find("k")));
}

/// One limit, told as plainly as can be: everything that ever happened, looked through each time.
class Reference {
 public:
  Reference(std::int64_t burst, std::int64_t amount, std::int64_t period)
      : burst_(burst), amount_(amount), period_(period) {}

  /// In 1/period of what is counted; exact.
  std::int64_t level(LedgerTime now) const {
    std::int64_t level = 0;
    LedgerTime last = 0;
    for (const auto& [time, count] : events_) {
      level = drained(level, time - last) + count * period_;
      last = time;
    }
    return drained(level, now - last);
  }
  std::int64_t reserved(LedgerTime now) {
    std::erase_if(open_, [&](const auto& each) { return each.second.second <= now; });
    std::int64_t sum = 0;
    for (const auto& [id, held] : open_) sum += held.first;
    return sum;
  }
  bool bucket_takes(LedgerTime now, std::int64_t amount) {
    return level(now) + (reserved(now) + amount) * period_ <= burst_ * period_;
  }
  /// What was counted in the last `length` milliseconds.
  std::int64_t counted(LedgerTime now, LedgerTime length) const {
    std::int64_t sum = 0;
    for (const auto& [time, count] : events_) sum += time > now - length ? count : 0;
    return sum;
  }

  void reserve(LedgerTime now, std::uint64_t id, std::int64_t amount) {
    open_[id] = {amount, now + usual_hold};
  }
  bool holds(LedgerTime now, std::uint64_t id) {
    reserved(now);
    return open_.contains(id);
  }
  void commit(LedgerTime now, std::uint64_t id) {
    events_.emplace_back(now, open_[id].first);
    open_.erase(id);
  }
  void release(std::uint64_t id) { open_.erase(id); }
  void count(LedgerTime now, std::int64_t amount) { events_.emplace_back(now, amount); }
  void forget_before(LedgerTime time) {
    while (!events_.empty() && events_.front().first < time) events_.pop_front();
  }

 private:
  std::int64_t drained(std::int64_t level, LedgerTime passed) const {
    return std::max<std::int64_t>(0, level - passed * amount_);
  }

  std::int64_t burst_;
  std::int64_t amount_;
  std::int64_t period_;
  std::deque<std::pair<LedgerTime, std::int64_t>> events_;
  std::map<std::uint64_t, std::pair<std::int64_t, LedgerTime>> open_;
};

TEST(Limits, BucketsAreExactlyAsTheReference) {
  std::mt19937_64 random(1);
  int fitted = 0;
  int refused = 0;
  for (int world = 0; world < 200; ++world) {
    const auto amount = static_cast<std::int64_t>(random() % 100) + 1;
    const auto burst = static_cast<std::int64_t>(random() % 50) + 1;
    const LedgerTime period =
        static_cast<LedgerTime>(random() % 1000 + 1) * (world % 3 == 0   ? 1
                                                        : world % 3 == 1 ? 1000
                                                                         : 3'600'000);
    const auto limit = *bucket_limit(burst, amount, period);
    Reference reference(burst, amount, period);
    LedgerBook book;
    LedgerTime now = start;
    for (std::uint64_t id = 1; id < 250; ++id) {
      now += static_cast<LedgerTime>(random() % 4) * period / amount / 2 +
             static_cast<LedgerTime>(random() % 3);
      const auto wanted = static_cast<std::int64_t>(random() % 4) + 1;
      const bool takes = reference.bucket_takes(now, wanted);
      (takes ? fitted : refused) += 1;
      const auto old = random() % 20 + 1;
      switch (random() % 4) {
        case 0:
          ASSERT_EQ(book.perform(Operation::reserve("k", limit, wanted, id), now).outcome,
                    takes ? Outcome::fits : Outcome::refused);
          if (takes) reference.reserve(now, id, wanted);
          break;
        case 1: {
          const auto result = book.perform(count(limit, wanted, id), now);
          ASSERT_EQ(result.outcome, takes ? Outcome::fits : Outcome::refused);
          if (takes) {
            reference.count(now, wanted);
          } else if (result.wait > 0 && reference.reserved(now) + wanted <= burst) {
            const auto room = (burst - reference.reserved(now) - wanted) * period;
            ASSERT_GT(reference.level(now + result.wait - 1), room);
            ASSERT_LE(reference.level(now + result.wait), room);
          }
          break;
        }
        case 2:
          if (id > old && reference.holds(now, id - old)) {
            book.perform(Operation::commit("k", limit, 0, id - old), now);
            reference.commit(now, id - old);
          }
          break;
        default:
          if (id > old && reference.holds(now, id - old)) {
            book.perform(Operation::release("k", limit, id - old), now);
            reference.release(id - old);
          }
          break;
      }
    }
  }
  EXPECT_GT(fitted, 1000);
  EXPECT_GT(refused, 1000);
}

TEST(Limits, AWindowNeverLetsTooMuchThroughAndHoldsBackForASlotAtMost) {
  std::mt19937_64 random(2);
  int fitted = 0;
  int refused = 0;
  for (int world = 0; world < 200; ++world) {
    const auto most = static_cast<std::int64_t>(random() % 40) + 1;
    const LedgerTime period =
        static_cast<LedgerTime>(random() % 5000 + 1) * (world % 3 == 0   ? 1
                                                        : world % 3 == 1 ? 1000
                                                                         : 100'000);
    const auto limit = *window_limit(most, period);
    Reference reference(most, most, period);
    LedgerBook book;
    LedgerTime now = start;
    for (int i = 0; i < 250; ++i) {
      now += static_cast<LedgerTime>(random() % 8) * period / most / 4;
      const auto wanted = static_cast<std::int64_t>(random() % 3) + 1;
      const auto result = book.perform(count(limit, wanted), now);
      if (result.outcome == Outcome::fits) {
        ++fitted;
        reference.count(now, wanted);
        ASSERT_LE(reference.counted(now, period), most);
      } else {
        ++refused;
        ASSERT_GT(reference.counted(now, (window_slots + 1) * limit.slot) + wanted, most)
            << "it would have fitted";
      }
    }
  }
  EXPECT_GT(fitted, 1000);
  EXPECT_GT(refused, 1000);
}

TEST(Limits, YearsOfMailKeepToTheirLimits) {
  std::mt19937_64 random(3);
  const auto burst = *bucket_limit(30, 30, minute);
  const auto daily = *window_limit(500, day);
  Reference a_minute(30, 30, minute);
  Reference a_day(500, 500, day);
  LedgerBook book;
  LedgerTime now = start;
  std::int64_t accepted = 0;
  std::int64_t refused = 0;
  for (std::uint64_t id = 1; now < start + 3 * 365 * day; ++id) {
    // Nights and holidays are silent.
    now += random() % 600 == 0 ? static_cast<LedgerTime>(random() % 20) * day / 2
                               : static_cast<LedgerTime>(random() % (4 * minute));
    const auto results = book.perform(
        Request{{Operation::count("m", burst, 1, id), Operation::count("d", daily, 1, id)}}, now);
    a_minute.forget_before(now - 2 * minute);
    a_day.forget_before(now - 2 * day);
    const bool fits = results[0].outcome == Outcome::fits && results[1].outcome == Outcome::fits;
    if (fits) {
      ++accepted;
      a_minute.count(now, 1);
      a_day.count(now, 1);
      if (id % 8 == 0) {
        ASSERT_LE(a_day.counted(now, day), 500);
      }
    } else {
      ++refused;
      ASSERT_GT(a_day.counted(now, day + daily.slot), 499);
    }
    for (const auto& [key, entry] : book.entries()) ASSERT_TRUE(is_sound(entry));
  }
  EXPECT_GT(accepted, 100'000);
  EXPECT_GT(refused, 10'000);
}

}  // namespace
}  // namespace postern
