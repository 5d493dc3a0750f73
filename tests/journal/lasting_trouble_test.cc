#include "journal/lasting_trouble.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;

TEST(LastingTrouble, IsToldOnceADay) {
  const LastingTrouble::Time begin{100h};
  LastingTrouble trouble;
  EXPECT_TRUE(trouble.is_to_be_told(begin));
  EXPECT_FALSE(trouble.is_to_be_told(begin + 1min));
  EXPECT_FALSE(trouble.is_to_be_told(begin + 23h));
  EXPECT_TRUE(trouble.is_to_be_told(begin + 24h));
  EXPECT_FALSE(trouble.is_to_be_told(begin + 47h));
  EXPECT_TRUE(trouble.is_to_be_told(begin + 48h));
}

TEST(LastingTrouble, EndsOnceAndBeginsAnew) {
  const LastingTrouble::Time begin{100h};
  LastingTrouble trouble;
  EXPECT_FALSE(trouble.ends());
  trouble.is_to_be_told(begin);
  EXPECT_TRUE(trouble.ends());
  EXPECT_FALSE(trouble.ends());
  EXPECT_TRUE(trouble.is_to_be_told(begin + 1min));
}

}  // namespace
}  // namespace postern
