#include "journal/timestamp.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

using namespace std::chrono;

TEST(Timestamp, IsUtcWithMicroseconds) {
  const auto time = sys_days{year{2024} / February / 29} + hours{23} + minutes{59} + seconds{58} +
                    microseconds{7};
  EXPECT_EQ(timestamp(time), "2024-02-29T23:59:58.000007Z");
  EXPECT_EQ(timestamp(sys_days{year{1970} / January / 1} - microseconds{1}),
            "1969-12-31T23:59:59.999999Z");
}

TEST(Timestamp, ComesBackFromItsText) {
  for (const char* text : {"1970-01-01T00:00:00.000000Z", "2024-02-29T23:59:59.999999Z",
                           "1969-12-31T23:59:59.999999Z"}) {
    const auto time = timestamp_from_text(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(timestamp(*time), text);
  }
}

TEST(Timestamp, IsRefusedWhenItIsNoTime) {
  for (const char* text :
       {"", "2023-02-29T00:00:00.000000Z", "2024-13-01T00:00:00.000000Z",
        "2024-01-01T24:00:00.000000Z", "2024-01-01T00:60:00.000000Z", "2024-01-01T00:00:60.000000Z",
        "2024-01-01 00:00:00.000000Z", "2024-01-01T00:00:00.000000+", "9999-01-01T00:00:00.000000Z",
        "20x4-01-01T00:00:00.000000Z", "2024-01-01T00:00:00.5Z"}) {
    EXPECT_FALSE(timestamp_from_text(text)) << text;
  }
}

}  // namespace
}  // namespace postern
