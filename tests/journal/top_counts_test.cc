#include "journal/top_counts.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace postern {
namespace {

struct Nothing {};
using Counts = TopCounts<Nothing>;

TEST(TopCounts, CountsEveryKeyWhileThereIsRoom) {
  Counts counts(3);
  for (const auto* key : {"b", "a", "b", "c", "b", "a"}) counts.count(key);
  EXPECT_EQ(counts.total(), 6U);
  EXPECT_EQ(counts.missed(), 0U);
  const auto rows = counts.top(2);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].key, "b");
  EXPECT_EQ(rows[0].entry->hits, 3U);
  EXPECT_EQ(rows[0].entry->error, 0U);
  EXPECT_EQ(rows[1].key, "a");
  EXPECT_EQ(counts.find("d"), nullptr);
}

TEST(TopCounts, RanksEqualKeysByTheirNamesAndLeavesOutThoseOfRankZero) {
  Counts counts(10);
  for (const auto* key : {"c", "a", "b"}) counts.count(key);
  const auto rows = counts.top(10, [](const auto& entry) -> std::uint64_t { return entry.hits; });
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].key, "a");
  EXPECT_EQ(rows[2].key, "c");
  EXPECT_TRUE(counts.top(10, [](const auto&) -> std::uint64_t { return 0; }).empty());
}

TEST(TopCounts, TellsApartTheFirstOctetsOfALongKey) {
  Counts counts(10);
  counts.count(std::string(255, 'x'));
  counts.count(std::string(256, 'x'));
  counts.count(std::string(9000, 'x') + "y");
  EXPECT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts.find(std::string(252, 'x') + "...")->hits, 2U);
}

TEST(TopCounts, StaysWithinItsBoundsForARandomStreamOfKeys) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    const std::size_t most = 1 + random() % 60;
    Counts counts(most);
    std::map<std::string, std::uint64_t> reference;
    for (std::uint64_t i = 0; i < 5000; ++i) {
      // Some keys that come often, and many strangers that come once.
      const auto number = random() % 3 == 0 ? 1000 + i : random() % (1 + random() % 100);
      const auto key = std::to_string(number);
      counts.count(key);
      ++reference[key];
      ASSERT_LE(counts.size(), 2 * most);
      ASSERT_LE(counts.missed() * most, counts.total());
    }
    EXPECT_EQ(counts.total(), 5000U);
    for (const auto& [key, count] : reference) {
      const auto* entry = counts.find(key);
      if (entry == nullptr) {
        ASSERT_LE(count, counts.missed()) << key << ", seed " << seed;
        continue;
      }
      ASSERT_LE(entry->hits, count) << key << ", seed " << seed;
      ASSERT_GE(entry->hits + entry->error, count) << key << ", seed " << seed;
    }
  }
}

}  // namespace
}  // namespace postern
