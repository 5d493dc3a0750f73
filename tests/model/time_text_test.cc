#include "model/time_text.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

std::int64_t seconds(std::string_view text) {
  const auto time = time_from_text(text);
  if (!time) return -1;
  return std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count();
}

TEST(TimeText, ReadsWhatPeopleAndTomlWrite) {
  EXPECT_EQ(seconds("2026-11-21T12:00:00Z"), 1'795'262'400);
  EXPECT_EQ(seconds("2026-11-21 12:00:00"), 1'795'262'400);
  EXPECT_EQ(seconds("2026-11-21T13:00:00+01:00"), 1'795'262'400);
  EXPECT_EQ(seconds("2026-11-21t10:30:00-01:30"), 1'795'262'400);
  EXPECT_EQ(seconds("2026-11-21T12:00"), 1'795'262'400);
  EXPECT_EQ(seconds("2026-11-21"), 1'795'262'400);
  EXPECT_EQ(seconds("2026-11-21T12:00:00.999Z"), 1'795'262'400);
  EXPECT_EQ(*time_from_text("2026-11-21T12:00:00.25Z") - *time_from_text("2026-11-21T12:00:00Z"),
            std::chrono::milliseconds(250));
  EXPECT_EQ(seconds("2024-02-29"), 1'709'208'000);
}

TEST(TimeText, RefusesEverythingElse) {
  for (const auto* text :
       {"", "2026", "2026-13-01", "2026-02-29", "2026-11-21T", "2026-11-21T24:00:00Z",
        "2026-11-21T12:60:00Z", "2026-11-21T12:00:61Z", "2026-11-21T12:00:00X",
        "2026-11-21T12:00:00Zx", "2026-11-21T12:00:00+1:00", "2026-11-21T12:00:00.Z", "1969-12-31",
        "2262-01-01", "20261121", "now"}) {
    EXPECT_FALSE(time_from_text(text)) << text;
  }
}

TEST(TimeText, DaysAreThoseOfTheCalendar) {
  for (const char* text : {"1970-01-01", "2024-02-29", "9999-12-31", "2027-01-31"}) {
    const auto day = day_from_text(text);
    ASSERT_TRUE(day) << text;
    EXPECT_EQ(day_text(*day), text);
  }
  for (const char* text : {"2023-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "1969-12-31",
                           "2024-1-1", "24-01-01", "2024-01-01 ", "2024/01/01", "2024-01-1x", ""}) {
    EXPECT_FALSE(day_from_text(text)) << text;
  }
}

TEST(TimeText, SomeTimeAgoCountsFromNow) {
  const auto now = *time_from_text("2026-11-21T12:05:09Z");
  const auto ago = [&](const char* text) { return now - *past_time_from_text(text, now); };
  EXPECT_EQ(ago("90s"), std::chrono::seconds(90));
  EXPECT_EQ(ago("30m"), std::chrono::minutes(30));
  EXPECT_EQ(ago("36h"), std::chrono::hours(36));
  EXPECT_EQ(ago("2d"), std::chrono::hours(48));
  EXPECT_EQ(ago("1w"), std::chrono::hours(168));
  EXPECT_EQ(ago("36525d"), std::chrono::hours(24 * 36'525));
  EXPECT_EQ(past_time_from_text("2026-11-20", now), time_from_text("2026-11-20T00:00:00Z"));
  EXPECT_EQ(past_time_from_text("2026-11-20T08:00:00Z", now),
            time_from_text("2026-11-20T08:00:00Z"));
  for (const char* text : {"", "d", "2", "2 d", "-2d", "2.5d", "36526d", "9999999999s", "1y", "2D",
                           "yesterday", "99999999999999999999w"}) {
    EXPECT_FALSE(past_time_from_text(text, now)) << text;
  }
}

TEST(TimeText, WritesUtcRoundedDown) {
  const auto noon = *time_from_text("2026-11-21T12:05:09Z");
  EXPECT_EQ(utc_text(noon), "2026-11-21T12:05:09Z");
  EXPECT_EQ(utc_text(noon + std::chrono::microseconds(999'999)), "2026-11-21T12:05:09Z");
  EXPECT_EQ(utc_text(noon + std::chrono::microseconds(42), Precision::microseconds),
            "2026-11-21T12:05:09.000042Z");
  EXPECT_EQ(utc_text(*time_from_text("1970-01-01T00:00:00Z") - std::chrono::microseconds(1)),
            "1969-12-31T23:59:59Z");
}

}  // namespace
}  // namespace postern
