#include "state/entry_cache.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

LedgerEntry entry(std::int64_t value) {
  LedgerEntry made;
  made.numbers = {1, 1, value};
  made.expires = 10;
  return made;
}

TEST(EntryCache, WhatIsAskedForStays) {
  EntryCache cache(10'000, 100);
  std::uint64_t lost = 0;
  cache.insert("hot", entry(1));
  for (int i = 0; i < 1000; ++i) {
    cache.insert("k" + std::to_string(i), std::nullopt);
    cache.find("hot");
    cache.make_room(lost);
  }
  EXPECT_NE(cache.find("hot").slot, nullptr);
  EXPECT_EQ(cache.find("k0").slot, nullptr);
  EXPECT_EQ(lost, 0U);
}

TEST(EntryCache, WhatHasChangedStaysUntilItIsWritten) {
  EntryCache cache(100'000, 100);
  std::uint64_t lost = 0;
  cache.change(cache.insert("changed", std::nullopt), entry(7));
  const auto fill = [&] {
    for (int i = 0; i < 1000; ++i) {
      cache.insert("k" + std::to_string(i), std::nullopt);
      cache.make_room(lost);
    }
  };
  fill();
  EXPECT_NE(cache.find("changed").slot, nullptr);
  std::vector<EntryCache::Taken> taken;
  EXPECT_FALSE(cache.take_changed(10, taken));
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].entry, entry(7));
  fill();
  EXPECT_EQ(cache.unsaved(), 1U);
  cache.batch_failed();
  taken.clear();
  cache.take_changed(10, taken);
  EXPECT_EQ(taken.size(), 1U) << "what did not get to the disk is taken again";
  cache.batch_done();
  fill();
  fill();
  EXPECT_EQ(cache.find("changed").slot, nullptr);
  EXPECT_EQ(cache.unsaved(), 0U);
  EXPECT_EQ(lost, 0U);
}

TEST(EntryCache, WhatChangesWhileItIsWrittenIsWrittenAgain) {
  EntryCache cache(100'000, 100);
  const auto found = cache.insert("k", std::nullopt);
  cache.change(found, entry(1));
  std::vector<EntryCache::Taken> taken;
  cache.take_changed(10, taken);
  cache.change(cache.find("k"), entry(2));
  cache.batch_done();
  taken.clear();
  cache.take_changed(10, taken);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].entry, entry(2));
}

TEST(EntryCache, MemoryEndsThoughNothingCanBeWritten) {
  EntryCache cache(50'000, 300);
  std::uint64_t lost = 0;
  for (int i = 0; i < 10'000; ++i) {
    cache.change(cache.insert("k" + std::to_string(i), std::nullopt), entry(i));
    cache.make_room(lost);
  }
  EXPECT_LT(cache.unsaved(), 600U);
  EXPECT_EQ(cache.unsaved() + lost, 10'000U);
  std::vector<EntryCache::Taken> taken;
  cache.take_changed(10'000, taken);
  EXPECT_EQ(cache.unsaved(), taken.size());
}

}  // namespace
}  // namespace postern
