// What every store does, of each the real one.
#include "state/stores.h"
#include "support/ledger_book.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace postern {
namespace {

using test::ask;
using test::list;
using test::list_all;

constexpr LedgerTime day = 86'400'000;

class Stores : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    place_ = test::make_place(GetParam());
    if (!place_) GTEST_SKIP() << GetParam() << " is not here; scripts/setup.sh fetches it";
    store_ = place_->open(clock_);
  }
  void reopen() {
    store_.reset();
    store_ = place_->open(clock_);
  }
  LedgerTime now() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.system().time_since_epoch())
        .count();
  }

  test::FakeClock clock_;
  std::unique_ptr<test::StorePlace> place_;
  std::unique_ptr<StateStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Each, Stores, ::testing::Values("embedded", "redis"),
                         [](const auto& each) { return each.param; });

TEST_P(Stores, DoExactlyWhatTheLedgerSaysOverYears) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    std::mt19937_64 random(seed);
    test::LedgerBook book;
    for (const auto& [key, entry] : list_all(*store_)) test::set(*store_, key, std::nullopt);
    for (int i = 0; i < 3000; ++i) {
      const std::int64_t steps[]{0, 1, 50, 5'000, 60'000, day / 5, 40 * day};
      // Years are rare, or nothing would ever meet.
      const auto longest = random() % 20 == 0 ? 7U : 5U;
      clock_.advance(std::chrono::milliseconds(static_cast<std::int64_t>(random() % 3) *
                                               steps[random() % longest]));
      const auto request = test::random_request(random);
      ASSERT_EQ(fault_of(request), "");
      const auto reply = ask(*store_, request);
      ASSERT_EQ(reply.fault, StoreFault::none) << reply.why;
      const auto expected = book.perform(request, now());
      for (std::size_t n = 0; n < expected.size(); ++n) {
        const auto& was = reply.results.at(n);
        ASSERT_EQ(to_text(was.outcome), to_text(expected[n].outcome))
            << seed << " " << i << " " << n;
        ASSERT_EQ(was, expected[n])
            << seed << " " << i << " " << n << " used " << was.used << " for " << expected[n].used
            << ", wait " << was.wait << " for " << expected[n].wait;
      }
      if (i % 1000 == 999) reopen();
    }
    std::vector<StoredEntry> expected;
    for (const auto& [key, entry] : book.entries()) {
      if (entry.expires > now()) expected.push_back({key, entry});
    }
    EXPECT_EQ(list_all(*store_), expected) << seed;
    EXPECT_GT(expected.size(), 3U);
  }
}

TEST_P(Stores, DoSoWithMoreTransactionsThanAnEntryHolds) {
  std::mt19937_64 random(9);
  test::LedgerBook book;
  const std::vector<Limit> limits{*bucket_limit(100'000, 100'000, 60'000),
                                  *window_limit(100'000, day), *lease_limit(128)};
  for (int i = 0; i < 3000; ++i) {
    const auto which = random() % limits.size();
    const auto key = std::to_string(which);
    const auto id = 1 + random() % 700;
    Operation made;
    switch (random() % 6) {
      case 0:
        made = Operation::release(key, limits[which], id);
        break;
      case 1:
        made = which == 2 ? Operation::look(key, limits[which])
                          : Operation::commit(key, limits[which], 0, id);
        break;
      case 2:
        made = which == 2 ? Operation::tally("t", 1, day, 1, id)
                          : Operation::count(key, limits[which], 1, id);
        break;
      default:
        made =
            Operation::reserve(key, limits[which], 1 + static_cast<std::int64_t>(random() % 3), id);
        break;
    }
    clock_.advance(std::chrono::milliseconds(random() % 50));
    ASSERT_EQ(ask(*store_, made), book.perform(made, now())) << i;
  }
  std::size_t counted = 0;
  std::size_t reserved = 0;
  for (const auto& [key, entry] : book.entries()) {
    EXPECT_EQ(test::find(*store_, key), entry);
    counted = std::max(counted, entry.counted.size());
    reserved = std::max(reserved, entry.reserved.size());
  }
  EXPECT_EQ(counted, most_recognised);
  EXPECT_GT(reserved, most_reservations - 10);
}

TEST_P(Stores, CountExactlyFromManyThreads) {
  const auto limit = *window_limit(1000, day);
  std::atomic<int> fitted{0};
  std::vector<std::thread> threads;
  for (unsigned thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (unsigned i = 0; i < 400; ++i) {
        const auto key = std::to_string(thread * 1000 + i);
        const auto reply = ask(*store_, Request{{Operation::count("all", limit, 1, 0),
                                                 Operation::tally("of" + key, 1, day, 1)}});
        if (reply.results.at(0).outcome == OperationOutcome::fits) ++fitted;
      }
    });
  }
  for (auto& each : threads) each.join();
  EXPECT_EQ(fitted, 1000);
  EXPECT_EQ(list_all(*store_, "of").size(), 1000U) << "of what did not fit nothing is kept";
}

TEST_P(Stores, ListFindSetAndErase) {
  LedgerEntry entry;
  entry.kind = EntryKind::counter;
  entry.expires = now() + day;
  entry.numbers = {now(), now(), 5};
  for (int i = 0; i < 25; ++i) {
    ASSERT_EQ(test::set(*store_, "b/" + std::to_string(i), entry), StoreFault::none);
  }
  test::set(*store_, "a", entry);
  test::set(*store_, "c*[?", entry);
  EXPECT_EQ(list_all(*store_, "b/").size(), 25U);
  EXPECT_EQ(list_all(*store_).size(), 27U);
  EXPECT_EQ(list_all(*store_, "c*").size(), 1U) << "a prefix is no pattern";
  EXPECT_TRUE(list_all(*store_, "d").empty());
  EXPECT_EQ(test::find(*store_, "b/7"), entry);
  EXPECT_EQ(test::find(*store_, "b/"), std::nullopt);
  EXPECT_EQ(test::set(*store_, "b/7", std::nullopt), StoreFault::none);
  EXPECT_EQ(test::find(*store_, "b/7"), std::nullopt);
  EXPECT_EQ(ask(*store_, Operation::tally("b/8", 1, day, 1)).used, 6);
  entry.numbers.clear();
  EXPECT_EQ(test::set(*store_, "b/9", entry), StoreFault::invalid);
  EXPECT_EQ(test::set(*store_, "", std::nullopt), StoreFault::invalid);
  clock_.advance(std::chrono::hours(48));
  EXPECT_TRUE(list_all(*store_).empty()) << "what has expired is not told";
}

TEST_P(Stores, KeysMayHoldAnyOctets) {
  std::string key;
  for (int i = 0; i < 480; ++i) key += static_cast<char>(i);
  EXPECT_EQ(ask(*store_, Operation::tally(key, 1, day, 1)).used, 1);
  EXPECT_EQ(ask(*store_, Operation::tally(key, 1, day, 1)).used, 2);
  ASSERT_EQ(list_all(*store_).size(), 1U);
  EXPECT_EQ(list_all(*store_)[0].key, key);
}

TEST_P(Stores, RefuseWhatIsNotInOrder) {
  const auto reply = ask(*store_, Request{{Operation::tally("", 1, day, 1)}});
  EXPECT_EQ(reply.fault, StoreFault::invalid);
  EXPECT_NE(reply.why, "");
  EXPECT_TRUE(reply.results.empty());
  EXPECT_EQ(store_->status().failed, 1U);
  EXPECT_TRUE(ask(*store_, Request{}).results.empty());
}

TEST_P(Stores, EntriesOutliveTheProgram) {
  const auto limit = *bucket_limit(10, 10, day);
  ask(*store_, Operation::count("k", limit, 4, 0));
  ask(*store_, Operation::reserve("k", limit, 3, 9));
  reopen();
  EXPECT_EQ(ask(*store_, Operation::look("k", limit)).used, 7);
  EXPECT_TRUE(ask(*store_, Operation::reserve("k", limit, 3, 9)).repeated);
}

TEST_P(Stores, EveryRequestIsAnsweredOnceThoughTheStoreEnds) {
  std::atomic<int> answers{0};
  std::atomic<int> sent{0};
  for (int i = 0; i < 500; ++i) {
    ++sent;
    store_->perform(Request{{Operation::tally("k" + std::to_string(i), 1, day, 1)}},
                    StateStore::Deadline::max(), [&](const StoreReply&) { ++answers; });
  }
  store_.reset();
  EXPECT_EQ(answers, sent);
}

TEST_P(Stores, WhoComesAfterTheDeadlineIsNotCounted) {
  const auto over = clock_.steady();
  std::atomic<int> slow{0};
  std::atomic<bool> answered{false};
  store_->perform(Request{{Operation::tally("k", 1, day, 1)}}, over, [&](const StoreReply& reply) {
    if (reply.fault == StoreFault::slow) ++slow;
    answered = true;
    answered.notify_all();
  });
  answered.wait(false);
  EXPECT_EQ(slow, 1);
  EXPECT_EQ(ask(*store_, Operation::tally("k", 1, day, 1)).used, 1);
}

}  // namespace
}  // namespace postern
