#include "journal/time_steps.h"

#include "model/time_text.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

using namespace std::chrono;

TimeSpan span(std::string_view since, std::string_view until) {
  return {*time_from_text(since), *time_from_text(until)};
}

std::string told(const TimeSpan& each) {
  const TimeSteps steps(each);
  return std::to_string(steps.size()) + " of " + steps.width_text() + " from " +
         steps.begin_text(0);
}

TEST(TimeSteps, AreAsShortAsFitAPlot) {
  const auto until = "2026-11-22T00:00:00Z";
  EXPECT_EQ(told(span("2026-11-21T23:00:00Z", until)), "60 of 1 minute from 2026-11-21 23:00");
  EXPECT_EQ(told(span("2026-11-21T00:00:00Z", until)), "96 of 15 minutes from 2026-11-21 00:00");
  EXPECT_EQ(told(span("2026-11-20T00:00:00Z", until)), "96 of 30 minutes from 2026-11-20 00:00");
  EXPECT_EQ(told(span("2026-11-15T00:00:00Z", until)), "84 of 2 hours from 2026-11-15 00:00");
  EXPECT_EQ(told(span("2026-10-23T00:00:00Z", until)), "60 of 12 hours from 2026-10-23 00:00");
  EXPECT_EQ(told(span("2026-08-24T00:00:00Z", until)), "90 of 1 day from 2026-08-24");
  EXPECT_EQ(told(span("2025-11-22T00:00:00Z", until)), "53 of 7 days from 2025-11-17");
}

TEST(TimeSteps, NeverAreMoreThanAPlotShowsHoweverLongTheSpan) {
  const TimeSteps ages(span("1970-01-01T00:00:00Z", "2261-01-01T00:00:00Z"));
  EXPECT_LE(ages.size(), most_time_steps);
  const TimeSteps moment(
      {*time_from_text("2026-11-22T00:00:00Z"), *time_from_text("2026-11-22T00:00:00Z")});
  EXPECT_EQ(moment.size(), 1U);
}

TEST(TimeSteps, BeginAtFullHoursAndReachOverTheEndsOfTheSpan) {
  const auto odd = span("2026-11-15T01:17:23.5Z", "2026-11-22T01:17:23.5Z");
  const TimeSteps steps(odd);
  EXPECT_EQ(steps.begin_text(0), "2026-11-15 00:00");
  EXPECT_EQ(steps.size(), 85U);
  EXPECT_EQ(steps.step_of(odd.since), 0U);
  EXPECT_EQ(steps.step_of(odd.until), 84U);
  EXPECT_EQ(steps.step_of(steps.begin(3) - microseconds{1}), 2U);
  EXPECT_EQ(steps.step_of(steps.begin(3)), 3U);
  EXPECT_EQ(steps.step_of(steps.begin(0) - microseconds{1}), std::nullopt);
  EXPECT_EQ(steps.step_of(steps.begin(steps.size())), std::nullopt);
}

TEST(LengthText, TakesTheLargestUnitThatSaysEnough) {
  EXPECT_EQ(length_text(hours{24}), "1 day");
  EXPECT_EQ(length_text(hours{36}), "36 hours");
  EXPECT_EQ(length_text(hours{7 * 24}), "7 days");
  EXPECT_EQ(length_text(minutes{90}), "90 minutes");
  EXPECT_EQ(length_text(hours{1}), "1 hour");
  EXPECT_EQ(length_text(seconds{59}), "59 seconds");
}

}  // namespace
}  // namespace postern
