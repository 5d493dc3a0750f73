#include "journal/stats.h"

#include "journal/sample_mail.h"
#include "support/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace postern {
namespace {

using namespace std::chrono;
using ::testing::HasSubstr;
using ::testing::Not;

TimeSpan week() { return {testing::sample_day(), testing::sample_day() + hours{7 * 24}}; }

RecordSums some_mail() {
  RecordSums sums(week());
  testing::SampleMail mail(5);
  for (int i = 0; i < 2000; ++i) sums.add(mail.next());
  auto record = testing::sample_decision(testing::sample_day(), Verdict::reject, "rcpt-unknown");
  record.transaction.sender = MailAddress::from_unquoted("x@evil\x1b[31m\xe2\x80\xae.example");
  testing::add_shadow(record, "a name that is so long that nobody wants to read all of it here",
                      Verdict::defer, "greylisted");
  for (int i = 0; i < 200; ++i) sums.add(record);
  return sums;
}

TEST(Stats, AreTablesThatAPersonReads) {
  testing::expect_golden("journal/stats.txt", stats_text(some_mail(), {}));
}

TEST(Stats, ShowOnATerminalHowThingsWent) {
  StatsOptions options;
  options.glyphs = Glyphs::utf8;
  options.paint = Paint::ansi;
  options.sparks = Sparks::shown;
  options.most = 3;
  testing::expect_golden("journal/stats_terminal.txt", stats_text(some_mail(), options));
}

TEST(Stats, CanBeOneTableByAnything) {
  const auto sums = some_mail();
  std::string all;
  for (const auto& name : stats_by_names()) {
    StatsOptions options;
    options.by = stats_by_from_text(name);
    options.most = 4;
    ASSERT_TRUE(options.by) << name;
    auto text = stats_text(sums, options);
    // What is the same for each of them, and the tail of the long one.
    text.erase(0, text.find("The longest") == text.npos ? text.find(".\n") + 2 : 0);
    if (options.by == StatsBy::time) text.resize(text.find("2026-11-15 10:00"));
    all += "--by " + name + '\n' + text + '\n';
  }
  testing::expect_golden("journal/stats_by.txt", all);
}

TEST(Stats, OfNothingSayThatThereIsNothing) {
  testing::expect_golden("journal/stats_empty.txt", stats_text(RecordSums(week()), {}));
}

TEST(Stats, SayWhereNamesWereForgotten) {
  RecordSums sums(week());
  for (int i = 0; i < 60'000; ++i) {
    auto record = testing::sample_decision(testing::sample_day(), Verdict::pass);
    record.transaction.sender =
        MailAddress::from_unquoted("a@" + std::to_string(i % 3 == 0 ? 1 : i) + ".example");
    sums.add(record);
  }
  for (int i = 0; i < 100; ++i) {
    auto record = testing::sample_decision(testing::sample_day(), Verdict::pass);
    record.transaction.sender = MailAddress::from_unquoted("a@late.example");
    sums.add(record);
  }
  StatsOptions options;
  options.by = StatsBy::sender_domain;
  options.most = 2;
  const auto text = stats_text(sums, options);
  EXPECT_THAT(text, HasSubstr("  1.example            20,001 "));
  EXPECT_THAT(text, HasSubstr("  + at least: so many names"));
  const auto json = nlohmann::json::parse(stats_json(sums, options));
  const auto& table = json.at("by").at("sender_domain");
  EXPECT_FALSE(table.at("rows")[0].contains("at_least"));
  EXPECT_TRUE(table.at("rows")[1].at("at_least").get<bool>());
  EXPECT_EQ(table.at("others").at("decisions").get<int>() +
                table.at("rows")[0].at("decisions").get<int>() +
                table.at("rows")[1].at("decisions").get<int>(),
            60'100);
  EXPECT_FALSE(table.at("others").contains("names"));
}

TEST(Stats, InJsonHaveEveryColumn) {
  const auto json = nlohmann::json::parse(stats_json(some_mail(), {}));
  EXPECT_EQ(json.at("since"), "2026-11-15T00:00:00Z");
  EXPECT_EQ(json.at("decisions"), 2200);
  EXPECT_EQ(json.at("steps").at("seconds"), 7200);
  EXPECT_EQ(json.at("steps").at("count"), 84);
  std::int64_t outcomes = 0;
  for (const auto& [name, count] : json.at("outcomes").items()) outcomes += count.get<int>();
  EXPECT_EQ(outcomes, 2200);
  const auto& by = json.at("by");
  EXPECT_EQ(by.size(), 6U);
  EXPECT_EQ(by.at("time").at("rows").size(), 84U);
  const auto& reason = by.at("reason").at("rows")[0];
  EXPECT_EQ(reason.at("over_time").size(), 84U);
  for (const auto* key :
       {"decisions", "let_in", "put_off", "refused", "discarded", "held", "in_shadow"}) {
    EXPECT_TRUE(reason.contains(key)) << key;
  }
  const auto& shadow = by.at("shadow").at("rows")[0];
  EXPECT_FALSE(shadow.at("samples").empty());
  EXPECT_THAT(shadow.at("samples")[0].at("ref").get<std::string>(), Not(""));
}

/// Mail that passed of which one in ten is recorded, with waiting in it.
RecordSums sampled_mail() {
  RecordSums sums(week());
  for (int i = 0; i < 20; ++i) {
    auto record = testing::sample_decision(testing::sample_day() + minutes(i), Verdict::pass);
    record.share = 10;
    record.elapsed = milliseconds{5 + i};
    record.spent = TimeSpent{milliseconds{1}, milliseconds{4 + i}, microseconds{200}};
    sums.add(record);
  }
  sums.add(testing::sample_decision(testing::sample_day(), Verdict::reject, "client-blocked"));
  return sums;
}

TEST(Stats, SayWhatIsAnEstimateAndWhereTheTimeWent) {
  StatsOptions options;
  options.by = StatsBy::verdict;
  testing::expect_golden("journal/stats_sampled.txt", stats_text(sampled_mail(), options));
  const auto json = nlohmann::json::parse(stats_json(sampled_mail(), options));
  EXPECT_EQ(json["decisions"], 201);
  EXPECT_EQ(json["estimated"], 200);
  EXPECT_EQ(json["standing_for_others"], 20);
  EXPECT_EQ(json["time_spent"]["waiting"]["longest_us"], 23'000);
  EXPECT_EQ(json["time_spent"]["afterwards"]["decisions"], 200);
}

}  // namespace
}  // namespace postern
