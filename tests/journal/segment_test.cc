#include "journal/segment.h"

#include "journal/journal.h"
#include "journal/journal_file.h"
#include "journal/segment_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>
#include <numeric>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <thread>

namespace postern {
namespace {

using samples::line_of;
using samples::moment;
using samples::refusal;
using samples::walked;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using std::chrono_literals::operator""h;

std::vector<std::int64_t> numbers_up_to(std::int64_t count) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

class Segments : public samples::SegmentFolder {
 protected:
  /// Whose time is not over, whatever the clock says.
  JournalSettings endless() const {
    auto result = settings();
    result.segment_age = 24h * 365 * 100;
    return result;
  }
};

TEST_F(Segments, NamesSortByTimeAndTellIt) {
  const auto early = segment_path("/log/d.jsonl", moment(1));
  EXPECT_EQ(early, "/log/d.jsonl-20261101T000000.001Z");
  EXPECT_LT(early, segment_path("/log/d.jsonl", moment(2)));
  EXPECT_LT(early, segment_path("/log/d.jsonl", moment() + 24h * 60));
  for (const char* end : {"", ".gz", ".idx", ".gz.tmp", ".idx.tmp"}) {
    EXPECT_EQ(closed_time("/log/d.jsonl", early + end), moment(1)) << end;
  }
  for (const char* other : {"d.jsonl", "d.jsonl-20261101", "d.jsonl.1", "d.jsonl-20261101T000000Z",
                            "d.jsonl-20261301T000000.001Z", "e.jsonl-20261101T000000.001Z"}) {
    EXPECT_FALSE(closed_time("/log/d.jsonl", other)) << other;
  }
}

TEST_F(Segments, TheFileIsClosedWhenItIsLargeEnough) {
  auto small = endless();
  small.segment_size = 20 * line_of(refusal(0)).size();
  {
    Journal journal(small, {}, 1000, {});
    for (int i = 0; i < 100; ++i) {
      journal.submit(refusal(i));
      if (i % 5 == 0) journal.flush();
    }
  }
  EXPECT_GE(segments_of(path_).size(), 4U);
  EXPECT_EQ(walked(path_), numbers_up_to(100));
  auto backwards = walked(path_, ReadOrder::newest_first);
  std::reverse(backwards.begin(), backwards.end());
  EXPECT_EQ(backwards, numbers_up_to(100));
}

TEST_F(Segments, TheFileOfAnEarlierDayIsClosedAlsoWhenNoRecordComes) {
  folder_.write("decisions.jsonl", line_of(refusal(1)));
  auto daily = settings();
  daily.segment_age = 24h;
  Journal journal(daily, {}, 1000, {});
  while (segments_of(path_).empty()) std::this_thread::yield();
  journal.submit(refusal(2));
  journal.flush();
  EXPECT_THAT(walked(path_), ElementsAre(1, 2));
  EXPECT_THAT(segments_of(path_), SizeIs(1));
}

TEST_F(Segments, AnEmptyFileIsNotClosed) {
  folder_.write("decisions.jsonl", "");
  { Journal journal(settings(), {}, 1000, {}); }
  EXPECT_THAT(segments_of(path_), IsEmpty());
}

TEST_F(Segments, AFileThatAnotherProcessWritesToIsNotClosed) {
  JournalFile ours{path_};
  JournalFile other{path_};
  ASSERT_TRUE(ours.open(path_));
  ASSERT_TRUE(other.open(path_));
  EXPECT_EQ(ours.close_as(path_ + "-x"), JournalFile::Closing::failed);
  EXPECT_THAT(ours.error(), HasSubstr("another process writes to it too"));
  EXPECT_EQ(ours.append("{}\n"), 3U);
  ASSERT_TRUE(other.open(folder_ / "elsewhere"));
  EXPECT_EQ(ours.close_as(path_ + "-x"), JournalFile::Closing::done);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(Segments, HalfALineOfAnotherProcessCostsNoLineOfOurs) {
  JournalFile ours{path_};
  JournalFile other{path_};
  ASSERT_TRUE(ours.open(path_));
  ASSERT_TRUE(other.open(path_));
  ours.append(line_of(refusal(0)));
  // As a full disk cuts it.
  other.append(line_of(refusal(1)).substr(0, 99));
  ours.append(line_of(refusal(2)));
  other.append(line_of(refusal(3)));
  EXPECT_THAT(walked(path_), ElementsAre(0, 2, 3));
  EXPECT_EQ(ours.append(line_of(refusal(4))), line_of(refusal(4)).size());
  EXPECT_EQ(ours.size(), std::filesystem::file_size(path_));
}

TEST_F(Segments, AFileThatSomebodyHasEmptiedGoesOn) {
  JournalFile file{path_};
  ASSERT_TRUE(file.open(path_));
  file.append(line_of(refusal(0)).substr(0, 99));
  std::filesystem::resize_file(path_, 0);
  file.append(line_of(refusal(1)));
  EXPECT_EQ(samples::read_file(path_), line_of(refusal(1)));
  EXPECT_EQ(file.size(), line_of(refusal(1)).size());
}

TEST_F(Segments, WhatCannotBeClosedShowsUntilItIs) {
  auto small = endless();
  small.segment_size = 1;
  small.compress = false;
  std::mutex saying;
  std::vector<std::string> said;
  {
    JournalFile other{path_};
    ASSERT_TRUE(other.open(path_));
    Journal journal(small, {}, 1000, {}, [&](const std::string& message) {
      const std::lock_guard lock(saying);
      said.push_back(message);
    });
    journal.submit(refusal(0));
    journal.flush();
    EXPECT_THAT(journal.counters().segment_trouble, HasSubstr("another process writes to it too"));
    EXPECT_EQ(journal.counters().octets, std::filesystem::file_size(path_));
    ASSERT_TRUE(other.open(folder_ / "elsewhere"));
    journal.reopen(small, {});
    journal.submit(refusal(1));
    journal.flush();
    EXPECT_EQ(journal.counters().segment_trouble, "");
  }
  EXPECT_THAT(segments_of(path_), SizeIs(2));
  EXPECT_THAT(said, ElementsAre(HasSubstr("goes on growing"), HasSubstr("is closed again")));
}

TEST_F(Segments, AFileThatMayNotGrowIsClosedAndAnotherBegun) {
  // The limit is the process's: nothing else of the test writes meanwhile.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit tight = before;
  const auto line = line_of(refusal(10)).size();
  tight.rlim_cur = 4 * line + line / 2;
  auto large = endless();
  large.compress = false;
  JournalCounters counts;
  {
    Journal journal(large, {}, 1000, {});
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    for (int i = 10; i < 40; ++i) journal.submit(refusal(i));
    journal.flush();
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    counts = journal.counters();
  }
  EXPECT_EQ(counts.written, 30U);
  EXPECT_EQ(counts.lost_write_failed, 0U);
  EXPECT_EQ(counts.last_error, "");
  EXPECT_GE(segments_of(path_).size(), 7U);
  JournalWalk walk(path_, ReadOrder::oldest_first);
  std::size_t records = 0;
  while (walk.next()) ++records;
  EXPECT_EQ(records, 30U);
  EXPECT_EQ(walk.counts().unreadable, 0U) << "the line that was cut is not left behind";
}

TEST_F(Segments, NoSegmentTakesThePlaceOfAnother) {
  folder_.write("decisions.jsonl-x", "another");
  JournalFile file{path_};
  ASSERT_TRUE(file.open(path_));
  ASSERT_EQ(file.append("{}\n"), 3U);
  EXPECT_EQ(file.close_as(path_ + "-x"), JournalFile::Closing::taken);
  EXPECT_TRUE(file.is_open());
  EXPECT_EQ(samples::read_file(path_ + "-x"), "another");
}

TEST_F(Segments, AClockThatWasSetBackDoesNotPutASegmentBeforeAnOlderOne) {
  const auto future =
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()) + 24h;
  closed(future, samples::refusals(0, 3));
  auto small = endless();
  small.segment_size = 1;
  small.compress = false;
  {
    Journal journal(small, {}, 1000, {});
    journal.submit(refusal(3));
  }
  EXPECT_THAT(walked(path_), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(segments_of(path_).back().closed, future + std::chrono::milliseconds(1));
}

TEST_F(Segments, AFolderThatTakesNoNewNamesLeavesTheFileGrowing) {
  // A segment's name that is one octet longer than a name may be.
  const std::string path = folder_ / (std::string(240, 'j') + ".jsonl");
  auto small = endless();
  small.path = path;
  small.segment_size = 1;
  std::vector<std::string> said;
  {
    // Called from the writer's thread and the keeper's.
    std::mutex saying;
    Journal journal(small, {}, 1000, {}, [&](const std::string& message) {
      const std::lock_guard lock(saying);
      said.push_back(message);
    });
    for (int i = 0; i < 3; ++i) {
      journal.submit(refusal(i));
      journal.flush();
    }
  }
  EXPECT_THAT(walked(path), ElementsAre(0, 1, 2));
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_THAT(said[0], HasSubstr("goes on growing"));
}

TEST_F(Segments, ClosingUnderLoadLosesAndDoublesNothing) {
  constexpr int threads = 4;
  constexpr int each = 150;
  auto small = endless();
  small.segment_size = 40'000;
  std::vector<std::size_t> seen;
  {
    Journal journal(small, {}, 100'000, {});
    std::vector<std::thread> submitters;
    for (int t = 0; t < threads; ++t) {
      submitters.emplace_back([&journal, t] {
        for (int i = 0; i < each; ++i) journal.submit(refusal(t * each + i));
      });
    }
    // Read while segments are closed and compressed: each record once or not yet.
    for (int i = 0; i < 8; ++i) {
      auto numbers = walked(path_);
      seen.push_back(numbers.size());
      std::sort(numbers.begin(), numbers.end());
      EXPECT_EQ(std::unique(numbers.begin(), numbers.end()), numbers.end());
    }
    for (auto& submitter : submitters) submitter.join();
  }
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end())) << "a reader lost what it had seen";
  auto numbers = walked(path_);
  std::sort(numbers.begin(), numbers.end());
  EXPECT_EQ(numbers, numbers_up_to(threads * each));
}

/// Runs `body` where a small disk is mounted over `folder`; false: that is not allowed here.
template <typename Body>
bool on_a_small_disk(const std::string& folder, const char* options, Body body) {
  bool mounted = false;
  // Of this thread and those it starts, the journal's among them.
  std::thread([&] {
    if (::unshare(CLONE_FS | CLONE_NEWNS) != 0) return;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
    if (::mount("none", folder.c_str(), "tmpfs", 0, options) != 0) return;
    mounted = true;
    body();
  }).join();
  return mounted;
}

TEST_F(Segments, AFullDiskLosesWhatFindsNoRoomAndNothingElse) {
  auto small = endless();
  small.segment_size = 20 * line_of(refusal(0)).size();
  small.compress = false;
  std::vector<std::string> said;
  const bool done = on_a_small_disk(folder_.path(), "size=512k", [&] {
    std::uint64_t written = 0;
    std::uint64_t lost = 0;
    std::uint64_t removed = 0;
    {
      // Called from the writer's thread and the keeper's.
      std::mutex saying;
      Journal journal(small, {}, 1000, {}, [&](const std::string& message) {
        const std::lock_guard lock(saying);
        said.push_back(message);
      });
      for (int i = 0; i < 600; ++i) {
        journal.submit(refusal(i));
        if (i % 3 == 0) journal.flush();
      }
      journal.flush();
      EXPECT_THAT(journal.counters().last_error, HasSubstr("No space left"));
      const auto full = segments_of(path_);
      ASSERT_GE(full.size(), 3U);
      const auto before = walked(path_).size();
      std::filesystem::remove(full[0].path);
      std::filesystem::remove(full[1].path);
      removed = before - walked(path_).size();
      for (int i = 600; i < 605; ++i) journal.submit(refusal(i));
      journal.flush();
      written = journal.counters().written;
      lost = journal.counters().lost_write_failed;
      EXPECT_EQ(journal.counters().last_error, "");
    }
    EXPECT_EQ(written + lost, 605U);
    EXPECT_GT(lost, 0U);
    const auto numbers = walked(path_);
    EXPECT_EQ(numbers.size() + removed, written);
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
    EXPECT_THAT(std::vector(numbers.end() - 5, numbers.end()),
                ElementsAre(600, 601, 602, 603, 604));
  });
  if (!done) GTEST_SKIP() << "mounting a small disk is not allowed here";
}

TEST_F(Segments, AWalkReadsOnlyWhatLiesWithinASpan) {
  closed(moment(0) + 24h, samples::refusals(0, 3));
  closed(moment(0) + 48h, line_of(samples::at(samples::refused_recipient(), moment() + 47h)));
  folder_.write("decisions.jsonl",
                line_of(samples::at(samples::refused_recipient(), moment() + 60h)));
  JournalWalk::Span span;
  span.since = moment() + 30h;
  JournalWalk later(path_, ReadOrder::oldest_first, span);
  EXPECT_EQ(later.files(), 2U);
  span.until = moment() + 50h;
  EXPECT_THAT(walked(path_, ReadOrder::oldest_first, span), SizeIs(1));
  span.since = moment(1);
  span.until = moment(2);
  EXPECT_THAT(walked(path_, ReadOrder::oldest_first, span), ElementsAre(1));
}

}  // namespace
}  // namespace postern
