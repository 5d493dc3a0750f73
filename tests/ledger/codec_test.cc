#include "ledger/entry_codec.h"
#include "support/ledger_book.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

constexpr LedgerTime start = 1'790'000'000'000;

LedgerEntry sample() {
  LedgerEntry entry;
  entry.kind = EntryKind::window;
  entry.expires = start;
  entry.numbers = {3'600'000, 497'222, 4, 0, 17};
  entry.reserved = {{1, 2, start}};
  entry.counted = {{0xFFFF'FFFF'FFFF'FFFFU, start + 1}, {10, start + 2}};
  return entry;
}

TEST(EntryCodec, WhatIsPackedIsUnpackedTheSame) {
  EXPECT_EQ(unpack(pack(sample())), sample());
  EXPECT_EQ(entry_from_line(to_line(sample())), sample());
  EXPECT_EQ(to_line(sample()),
            "1 3 1790000000000 5 3600000 497222 4 0 17 1 0000000000000001 2 1790000000000 2 "
            "ffffffffffffffff:1790000000001 000000000000000a:1790000000002");
}

TEST(EntryCodec, EveryDamagedOctetIsSeen) {
  const auto octets = pack(sample());
  for (std::size_t i = 0; i < octets.size(); ++i) {
    EXPECT_FALSE(unpack(octets.substr(0, i)));
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto damaged = octets;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ (1U << bit));
      EXPECT_FALSE(unpack(damaged)) << i;
    }
  }
  EXPECT_FALSE(unpack(octets + '\0'));
}

TEST(EntryCodec, LinesThatNobodyWroteAreRefused) {
  const auto line = to_line(sample());
  EXPECT_FALSE(entry_from_line(""));
  EXPECT_FALSE(entry_from_line("2" + line.substr(1))) << "another version";
  EXPECT_FALSE(entry_from_line(line + " "));
  EXPECT_FALSE(entry_from_line(line + " 1"));
  EXPECT_FALSE(entry_from_line(" " + line));
  EXPECT_FALSE(entry_from_line("1 9 1790000000000 0 0 0")) << "another kind";
  EXPECT_FALSE(entry_from_line("1 4 -5 0 0 0"));
  EXPECT_FALSE(entry_from_line("1 4 1790000000000 1 1 0 0")) << "a lease has no numbers";
  EXPECT_TRUE(entry_from_line("1 4 1790000000000 0 0 0"));
  EXPECT_FALSE(entry_from_line("1 4 1790000000000 0 1 1 1 1790000000000 0")) << "a short id";
  EXPECT_FALSE(entry_from_line("1 4 9007199254740992 0 0 0"));
  EXPECT_FALSE(entry_from_line("1 3 1790000000000 99999999999 1"));
}

}  // namespace
}  // namespace postern
