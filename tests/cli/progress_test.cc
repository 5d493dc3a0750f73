#include "cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace postern::cli {
namespace {

using ::testing::IsEmpty;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

TEST(ProgressText, EstimatesTheTimeLeftOnceATwentiethIsDone) {
  EXPECT_EQ(progress_text(1'234'567, "decisions", 0.25, 10s),
            "1,234,567 decisions, 25%, 30 s left");
  EXPECT_EQ(progress_text(10, "decisions", 0.04, 10s), "10 decisions, 4%");
  EXPECT_EQ(progress_text(10, "decisions", 0.05, 10s), "10 decisions, 5%, 4 min left");
  EXPECT_EQ(progress_text(10, "decisions", 1, 10s), "10 decisions, 100%, 0 s left");
  EXPECT_EQ(progress_text(10, "decisions", 1.5, 10s), "10 decisions, 100%, 0 s left");
}

class Watched : public ::testing::Test {
 protected:
  Progress begin(bool watched) {
    return {{out_, err_, Glyphs::ascii, false, nullptr, watched}, "lines", [this] {
              return Progress::Clock::time_point() + passed_;
            }};
  }

  std::ostringstream out_;
  std::ostringstream err_;
  std::chrono::milliseconds passed_{0};
};

TEST_F(Watched, IsWrittenTwiceASecondAndTakenAwayInTheEnd) {
  {
    auto progress = begin(true);
    progress.at(256, 0.1);
    EXPECT_THAT(err_.str(), IsEmpty()) << "nobody waits yet";
    passed_ = 500ms;
    progress.at(512, 0.2);
    EXPECT_EQ(err_.str(), "\r512 lines, 20%, 2 s left");
    passed_ = 900ms;
    progress.at(768, 0.3);
    EXPECT_EQ(err_.str(), "\r512 lines, 20%, 2 s left") << "not yet again";
    passed_ = 1000ms;
    progress.at(1024, 0.4);
    err_.str("");
  }
  EXPECT_EQ(err_.str(), "\r" + std::string(26, ' ') + "\r");
  EXPECT_THAT(out_.str(), IsEmpty());
}

TEST_F(Watched, IsNothingInAPipe) {
  {
    auto progress = begin(false);
    passed_ = 10s;
    EXPECT_FALSE(progress.wants(512));
    progress.at(512, 0.5);
  }
  EXPECT_THAT(err_.str(), IsEmpty());
}

}  // namespace
}  // namespace postern::cli
