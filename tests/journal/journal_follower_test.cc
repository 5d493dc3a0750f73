// JournalFollower: every line once, across whatever becomes of the files.
#include "journal/journal_follower.h"

#include "journal/segment_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace postern {
namespace {

using samples::moment;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

class Followed : public ::testing::Test {
 protected:
  void append(const std::string& text, const std::string& name = "decisions.jsonl") const {
    std::ofstream(dir_ / name, std::ios::binary | std::ios::app) << text;
  }
  /// As the server closes its active segment: a new name for what is there.
  std::string close_at(std::int64_t milliseconds) const {
    const auto segment = segment_path(path_, moment(milliseconds));
    fs::rename(path_, segment);
    return segment;
  }
  static std::vector<std::string> read(JournalFollower& follower) {
    std::vector<std::string> lines;
    follower.read([&lines](std::string_view line) { lines.emplace_back(line); });
    return lines;
  }

  testing::TempDir dir_;
  std::string path_ = dir_ / "decisions.jsonl";
};

TEST_F(Followed, BeginsWithWhatIsWrittenFromNowOn) {
  append("1\n2\n");
  JournalFollower follower(path_);
  EXPECT_EQ(follower.start(), 4U);
  EXPECT_THAT(read(follower), IsEmpty());
  append("3\n\n4\n");
  EXPECT_THAT(read(follower), ElementsAre("3", "4"));
  EXPECT_THAT(read(follower), IsEmpty());
}

TEST_F(Followed, WaitsForTheEndOfALine) {
  append("1\n{\"begun");
  JournalFollower follower(path_);
  EXPECT_EQ(follower.start(), 2U);
  EXPECT_THAT(read(follower), IsEmpty());
  append("\":1");
  EXPECT_THAT(read(follower), IsEmpty());
  append("}\n3");
  EXPECT_THAT(read(follower), ElementsAre("{\"begun\":1}"));
}

TEST_F(Followed, AJournalThatIsNotThereYetIsReadFromItsBeginning) {
  JournalFollower follower(path_);
  EXPECT_TRUE(follower.is_current());
  EXPECT_FALSE(follower.has_file());
  EXPECT_THAT(read(follower), IsEmpty());
  append("1\n2\n");
  EXPECT_FALSE(follower.is_current());
  EXPECT_THAT(read(follower), ElementsAre("1", "2"));
}

TEST_F(Followed, AClosedSegmentIsReadToItsEndBeforeTheNextOne) {
  append("1\n");
  JournalFollower follower(path_);
  append("2\n");
  close_at(1);
  append("3\n");
  EXPECT_FALSE(follower.is_current());
  EXPECT_THAT(read(follower), ElementsAre("2", "3"));
  append("4\n");
  EXPECT_THAT(read(follower), ElementsAre("4"));
}

TEST_F(Followed, BetweenTwoSegmentsThereMayBeNoFile) {
  append("1\n");
  JournalFollower follower(path_);
  append("2\n");
  close_at(1);
  EXPECT_THAT(read(follower), ElementsAre("2"));
  EXPECT_THAT(read(follower), IsEmpty());
  append("3\n");
  EXPECT_THAT(read(follower), ElementsAre("3"));
}

TEST_F(Followed, SegmentsThatWereBegunAndClosedMeanwhileAreReadToo) {
  append("0\n");
  close_at(0);
  append("1\n");
  JournalFollower follower(path_);
  append("2\n");
  close_at(1);
  append("3\n4\n");
  close_at(2);
  append("5\n");
  close_at(3);
  append("6\n");
  EXPECT_THAT(read(follower), ElementsAre("2", "3", "4", "5", "6"));
}

TEST_F(Followed, ASegmentThatHasBeenCompressedMeanwhileIsNotReadAgain) {
  append(samples::refusals(1, 1));
  JournalFollower follower(path_);
  append(samples::refusals(2, 1));
  close_at(1);
  append(samples::refusals(3, 2));
  close_at(2);
  for (const auto& segment : segments_of(path_)) {
    ASSERT_TRUE(rework(segment, {}, [] { return true; }));
  }
  ASSERT_FALSE(fs::exists(segment_path(path_, moment(1))));
  append(samples::refusals(5, 1));
  std::vector<std::string> expected;
  for (int i = 2; i <= 5; ++i) expected.push_back(to_json(samples::refusal(i)));
  EXPECT_EQ(read(follower), expected);
}

TEST_F(Followed, AFileRenamedByOthersIsReadUntilTheServerOpensAnother) {
  append("1\n");
  JournalFollower follower(path_);
  fs::rename(path_, dir_ / "decisions.jsonl.1");
  append("2\n", "decisions.jsonl.1");
  EXPECT_THAT(read(follower), ElementsAre("2"));
  append("");  // logrotate's "create"
  append("3\n", "decisions.jsonl.1");
  EXPECT_THAT(read(follower), ElementsAre("3"));
  append("4\n", "decisions.jsonl.1");
  append("5\n");
  EXPECT_THAT(read(follower), ElementsAre("4", "5"));
}

TEST_F(Followed, AFileThatWasEmptiedIsReadFromItsBeginning) {
  append("1\n2\n3\n");
  JournalFollower follower(path_);
  fs::resize_file(path_, 0);
  EXPECT_THAT(read(follower), IsEmpty());
  append("4\n");
  EXPECT_THAT(read(follower), ElementsAre("4"));
}

TEST_F(Followed, ALineBeyondAllBoundsIsPassedOver) {
  JournalFollower follower(path_);
  append(std::string(longest_journal_line + 10, 'x'));
  EXPECT_THAT(read(follower), IsEmpty());
  append("x\n2\n");
  EXPECT_THAT(read(follower), ElementsAre("2"));
}

}  // namespace
}  // namespace postern
