#include "state/state_file.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

namespace postern {
namespace {

constexpr LedgerTime start = 1'790'000'000'000;
constexpr LedgerTime minute = 60'000;

LedgerEntry entry(LedgerTime expires, std::int64_t value = 1) {
  LedgerEntry made;
  made.numbers = {start, start, value};
  made.expires = expires;
  return made;
}

class StateFiles : public ::testing::Test {
 protected:
  std::unique_ptr<StateFile> open(std::uint64_t bound = 1U << 22U) {
    FileFault fault;
    auto file = StateFile::open(path_, bound, StateFile::Access::write, fault);
    EXPECT_FALSE(fault) << fault.why;
    return file;
  }
  static FileCare write(StateFile& file, std::vector<FileWrite> writes, LedgerTime now = start) {
    FileCare care;
    const auto fault = file.write(writes, now, care);
    EXPECT_FALSE(fault) << fault.why;
    return care;
  }
  static std::vector<StoredEntry> all(StateFile& file, LedgerTime now = start) {
    std::vector<StoredEntry> entries;
    std::string more;
    const auto fault = file.list("", "", 1'000'000, now, entries, more);
    EXPECT_FALSE(fault) << fault.why;
    return entries;
  }

  testing::TempDir folder_;
  const std::string path_ = StateFile::path_in(folder_.path());
};

TEST_F(StateFiles, WhatHasExpiredIsErasedABitAtATime) {
  const auto file = open();
  std::vector<FileWrite> writes;
  for (int i = 0; i < 5000; ++i) {
    writes.push_back({"k" + std::to_string(i), entry(start + 5 * minute)});
  }
  writes.push_back({"long", entry(start + 100 * minute)});
  write(*file, writes);
  EXPECT_EQ(write(*file, {}, start + 4 * minute).expired, 0U);
  std::uint64_t erased = 0;
  for (int i = 0; i < 3; ++i) {
    const auto care = write(*file, {}, start + 7 * minute);
    EXPECT_LE(care.expired, 2000U);
    erased += care.expired;
  }
  EXPECT_EQ(erased, 5000U);
  EXPECT_EQ(file->size().entries, 1U);
}

TEST_F(StateFiles, AnEntryThatLivesOnIsNotErasedWithItsOldEnd) {
  const auto file = open();
  write(*file, {{"k", entry(start + 5 * minute)}});
  write(*file, {{"k", entry(start + 50 * minute)}}, start + minute);
  EXPECT_EQ(write(*file, {}, start + 10 * minute).expired, 0U);
  EXPECT_EQ(all(*file, start + 10 * minute).size(), 1U);
  EXPECT_EQ(write(*file, {}, start + 52 * minute).expired, 1U);
}

TEST_F(StateFiles, AnEntryThatEndsEarlierIsErasedThen) {
  const auto file = open();
  write(*file, {{"k", entry(start + 5000 * minute)}});
  write(*file, {{"k", entry(start + 5 * minute)}});
  EXPECT_EQ(write(*file, {}, start + 7 * minute).expired, 1U);
  EXPECT_EQ(file->size().entries, 0U);
}

TEST_F(StateFiles, AFullFileLosesFirstWhatWouldExpireNext) {
  const auto file = open(1U << 20U);
  std::uint64_t evicted = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<FileWrite> writes;
    for (int i = 0; i < 500; ++i) {
      const auto number = round * 500 + i;
      // Every fiftieth lives for a year.
      writes.push_back({"key of some length, as they have it " + std::to_string(number),
                        entry(start + (number % 50 == 0 ? 525'600 : 100 + round) * minute)});
    }
    evicted += write(*file, writes).evicted;
    ASSERT_LT(file->size().octets, (1U << 20U) * 5 / 4);
  }
  EXPECT_GT(evicted, 10'000U);
  std::uint64_t long_lived = 0;
  for (const auto& each : all(*file)) long_lived += each.entry.expires > start + 500'000 * minute;
  EXPECT_EQ(long_lived, 600U) << "none of those that live for a year had to go";
}

TEST_F(StateFiles, PagesFollowEachOther) {
  const auto file = open();
  for (const auto* key : {"a/1", "a/2", "a/3", "b/1"}) {
    write(*file, {{key, entry(start + minute)}});
  }
  std::vector<StoredEntry> entries;
  std::string more;
  EXPECT_FALSE(file->list("a/", "", 2, start, entries, more));
  EXPECT_EQ(entries.size(), 2U);
  EXPECT_EQ(more, "a/3");
  const auto from = std::exchange(more, "");
  entries.clear();
  EXPECT_FALSE(file->list("a/", from, 2, start, entries, more));
  EXPECT_EQ(entries.size(), 1U);
  EXPECT_EQ(more, "");
}

TEST_F(StateFiles, ADamagedFileIsFoundInAChild) {
  EXPECT_FALSE(check_state_file(path_, Thoroughness::whole)) << "there is none yet";
  {
    const auto file = open();
    std::vector<FileWrite> writes;
    for (int i = 0; i < 3000; ++i) {
      writes.push_back({"k" + std::to_string(i), entry(start + minute, i)});
    }
    write(*file, writes);
    write(*file, {{"one more", entry(start + minute)}});
  }
  EXPECT_FALSE(check_state_file(path_, Thoroughness::whole));
  EXPECT_FALSE(check_state_file(path_, Thoroughness::brief));
  const auto good = folder_ / "good";
  std::filesystem::copy_file(path_, good);
  const auto size = std::filesystem::file_size(good);
  std::mt19937_64 random(5);
  int found = 0;
  for (int i = 0; i < 12; ++i) {
    std::filesystem::copy_file(good, path_, std::filesystem::copy_options::overwrite_existing);
    if (i == 0) {
      std::filesystem::resize_file(path_, size / 2);
    } else {
      // A stretch of nonsense, as long as ten pages.
      std::fstream damage(path_, std::ios::in | std::ios::out | std::ios::binary);
      damage.seekp(static_cast<std::streamoff>(i == 1 ? 0 : random() % (size - 40'960)));
      for (int octet = 0; octet < 40'960; ++octet) damage.put(static_cast<char>(random()));
    }
    const auto fault = check_state_file(path_, Thoroughness::whole);
    found += fault ? 1 : 0;
    if (i < 2) {
      EXPECT_TRUE(fault) << i;
    }
  }
  // Free pages may hold anything.
  EXPECT_GE(found, 10);
}

TEST_F(StateFiles, AFileOfSomethingElseIsNotWrittenInto) {
  {
    MDB_env* made = nullptr;
    ASSERT_EQ(mdb_env_create(&made), 0);
    const LmdbEnvironment environment(made);
    ASSERT_EQ(mdb_env_open(made, path_.c_str(), MDB_NOSUBDIR, 0600), 0);
    MDB_txn* begun = nullptr;
    ASSERT_EQ(mdb_txn_begin(made, nullptr, 0, &begun), 0);
    MDB_dbi table = 0;
    ASSERT_EQ(mdb_dbi_open(begun, nullptr, 0, &table), 0);
    auto key = lmdb_value("somebody");
    auto value = lmdb_value("else");
    ASSERT_EQ(mdb_put(begun, table, &key, &value, 0), 0);
    ASSERT_EQ(mdb_txn_commit(begun), 0);
  }
  EXPECT_EQ(check_state_file(path_, Thoroughness::whole).fault, StoreFault::damaged);
}

TEST_F(StateFiles, SetAsideFilesKeepTheirNamesApart) {
  const auto now = std::chrono::system_clock::time_point(std::chrono::seconds(1'790'000'000));
  std::ofstream(path_) << "one";
  EXPECT_EQ(set_aside(path_, StoreFault::damaged, now), path_ + ".damaged-2026-09-21T141320Z");
  std::ofstream(path_) << "two";
  EXPECT_EQ(set_aside(path_, StoreFault::damaged, now), path_ + ".damaged-2026-09-21T141320Z-2");
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(set_aside(path_, StoreFault::damaged, now), "");
}

}  // namespace
}  // namespace postern
