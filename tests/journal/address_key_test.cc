#include "journal/address_key.h"

#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

namespace postern {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(AddressKey, IsMadeOnceForItsOwnerAlone) {
  const testing::TempDir folder;
  const auto path = folder / "journal.key";
  EXPECT_FALSE(read_address_key(path));
  const auto made = find_or_make_address_key(path);
  ASSERT_TRUE(made) << render(made.problems());
  EXPECT_THAT(*made, MatchesRegex("[0-9a-f]{64}"));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_EQ(*find_or_make_address_key(path), *made);
  EXPECT_EQ(*read_address_key(path), *made);
  EXPECT_NE(*find_or_make_address_key(folder / "other.key"), *made);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
}

TEST(AddressKey, WhatIsNoKeyIsNeverUsedNorReplaced) {
  const testing::TempDir folder;
  const std::string digits(64, 'a');
  for (const auto& text : {std::string(), std::string("secret\n"), digits + "a\n", digits + "\n\n",
                           std::string(64, 'A')}) {
    const auto path = folder.write("journal.key", text);
    const auto key = find_or_make_address_key(path);
    ASSERT_FALSE(key) << text;
    EXPECT_THAT(render(key.problems()), HasSubstr("is no key of hashed addresses"));
  }
  EXPECT_EQ(*read_address_key(folder.write("journal.key", digits)), digits);
  EXPECT_FALSE(find_or_make_address_key(folder / "no folder/journal.key"));
}

TEST(AddressKey, StandsBesideTheJournalUnlessItIsElsewhere) {
  JournalSettings settings;
  settings.path = "/log/decisions.jsonl";
  EXPECT_EQ(address_key_path(settings), "/log/decisions.jsonl.key");
  settings.addresses_key = "/keys/postern";
  EXPECT_EQ(address_key_path(settings), "/keys/postern");
}

}  // namespace
}  // namespace postern
