#include "dns/cache.h"

#include "dns/worlds.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

using std::chrono::seconds;
using test::asking;

const DnsCache::Time start{std::chrono::hours(1)};

std::shared_ptr<const DnsAnswer> answer(seconds ttl, std::string record = "192.0.2.1") {
  DnsAnswer made;
  made.kind = DnsAnswer::Kind::records;
  made.records = {std::move(record)};
  made.ttl = ttl;
  return std::make_shared<const DnsAnswer>(std::move(made));
}

TEST(DnsCache, KeepsAnAnswerForItsTtl) {
  DnsCache cache(1 << 20);
  const auto question = asking("example.com A");
  cache.put(question, answer(seconds(60)), start);
  const auto hit = cache.find(question, start + seconds(59));
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->age, seconds(59));
  EXPECT_EQ(hit->answer->records.front(), "192.0.2.1");
  EXPECT_FALSE(cache.find(question, start + seconds(60)));
  EXPECT_EQ(cache.numbers().entries, 0U);
  EXPECT_EQ(cache.numbers().octets, 0U);
}

TEST(DnsCache, TypesOfOneNameAreKeptApart) {
  DnsCache cache(1 << 20);
  cache.put(asking("example.com A"), answer(seconds(60)), start);
  EXPECT_FALSE(cache.find(asking("example.com AAAA"), start));
  EXPECT_EQ(cache.numbers().misses, 1U);
}

TEST(DnsCache, ATtlOfZeroIsNotKept) {
  DnsCache cache(1 << 20);
  cache.put(asking("example.com A"), answer(seconds(0)), start);
  EXPECT_FALSE(cache.find(asking("example.com A"), start));
}

TEST(DnsCache, TheNewestAnswerStandsButTroubleReplacesNothingGood) {
  DnsCache cache(1 << 20);
  const auto question = asking("example.com A");
  cache.put(question, answer(seconds(60)), start);
  cache.put(question, answer(seconds(60), "192.0.2.2"), start);
  EXPECT_EQ(cache.find(question, start)->answer->records.front(), "192.0.2.2");
  auto trouble = DnsAnswer::without(DnsTrouble::timeout);
  trouble.ttl = seconds(5);
  const auto kept = std::make_shared<const DnsAnswer>(trouble);
  cache.put(question, kept, start);
  EXPECT_EQ(cache.find(question, start)->answer->kind, DnsAnswer::Kind::records);
  cache.put(question, kept, start + seconds(60));
  EXPECT_EQ(cache.find(question, start + seconds(61))->answer->trouble, DnsTrouble::timeout);
}

TEST(DnsCache, TenThousandNamesStayUnderTheCapAndTheLastUsedRemain) {
  constexpr std::size_t cap = 512 * 1024;
  DnsCache cache(cap);
  const auto favourite = asking("favourite.example A");
  cache.put(favourite, answer(seconds(600)), start);
  for (int i = 0; i < 10'000; ++i) {
    const auto name = std::string(40, 'n') + std::to_string(i) + ".example";
    cache.put({name, DnsType::txt}, answer(seconds(600), std::string(200, 'x')), start);
    EXPECT_LE(cache.numbers().octets, cap);
    if (i % 10 == 0) {
      ASSERT_TRUE(cache.find(favourite, start)) << i;
    }
  }
  EXPECT_GT(cache.numbers().dropped, 9'000U);
  EXPECT_GT(cache.numbers().octets, cap / 2);
  EXPECT_TRUE(cache.find({std::string(40, 'n') + "9999.example", DnsType::txt}, start));
}

TEST(DnsCache, WhatIsLargerThanAShardIsNotKept) {
  DnsCache cache(16 * 1024);
  cache.put(asking("example.com TXT"), answer(seconds(60), std::string(2000, 'x')), start);
  EXPECT_EQ(cache.numbers().entries, 0U);
  DnsCache nothing(0);
  nothing.put(asking("example.com A"), answer(seconds(60)), start);
  EXPECT_EQ(nothing.numbers().entries, 0U);
}

TEST(DnsCache, CanBeEmptied) {
  DnsCache cache(1 << 20);
  cache.put(asking("example.com A"), answer(seconds(60)), start);
  cache.clear();
  EXPECT_FALSE(cache.find(asking("example.com A"), start));
  EXPECT_EQ(cache.numbers().octets, 0U);
}

}  // namespace
}  // namespace postern
