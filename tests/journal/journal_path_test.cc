#include "journal/journal_path.h"

#include "journal/address_key.h"
#include "journal/journal.h"
#include "journal/segment_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

namespace postern {
namespace {

namespace fs = std::filesystem;
using samples::line_of;
using samples::refusal;
using samples::walked;
using std::chrono_literals::operator""h;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class JournalPath : public samples::SegmentFolder {
 protected:
  void SetUp() override {
    fs::create_directory(folder_ / "large");
    fs::create_symlink("large/real.jsonl", path_);
  }
  std::string target() const { return folder_ / "large/real.jsonl"; }
};

TEST_F(JournalPath, IsTheFileBehindLinks) {
  EXPECT_EQ(behind_links(path_), target()) << "which is not there yet";
  folder_.write("large/real.jsonl", "");
  EXPECT_EQ(behind_links(path_), target());
  fs::create_symlink(path_, folder_ / "again");
  EXPECT_EQ(behind_links(folder_ / "again"), target());
  EXPECT_EQ(behind_links(target()), target());
  EXPECT_EQ(behind_links(folder_ / "nothing"), folder_ / "nothing");
  EXPECT_EQ(behind_links(""), "");
}

TEST_F(JournalPath, IsALinkThatLeadsNowhereByItself) {
  fs::create_symlink("b", folder_ / "a");
  fs::create_symlink("a", folder_ / "b");
  EXPECT_EQ(behind_links(folder_ / "a"), folder_ / "a");
  // As /dev/stdout leads to one.
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const auto pipe = "/proc/self/fd/" + std::to_string(ends[1]);
  EXPECT_EQ(behind_links(pipe), pipe);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(JournalPath, OfALinkKeepsSegmentsBesideTheFile) {
  auto small = settings();
  small.segment_age = 24h * 365 * 100;
  small.segment_size = 3 * line_of(refusal(0)).size();
  small.compress = false;
  {
    Journal journal(small, {}, 1000, {});
    for (int i = 0; i < 7; ++i) {
      journal.submit(refusal(i));
      journal.flush();
    }
    journal.reopen(small, {});
    for (int i = 7; i < 10; ++i) {
      journal.submit(refusal(i));
      journal.flush();
    }
  }
  EXPECT_TRUE(fs::is_symlink(path_)) << "the link is the administrator's";
  EXPECT_THAT(segments_of(target()), SizeIs(3));
  EXPECT_THAT(walked(target()), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
}

}  // namespace
}  // namespace postern
