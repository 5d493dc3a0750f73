#include "journal/spikes.h"

#include "journal/sample_mail.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace postern {
namespace {

using namespace std::chrono;
using testing::sample_day;
using testing::sample_decision;

constexpr hours week{7 * 24};

TimeSpan this_week() { return {sample_day(), sample_day() + week}; }
TimeSpan last_week() { return {sample_day() - week, sample_day()}; }

/// Both weeks, and what is put into them.
struct Weeks {
  RecordSums now{this_week()};
  RecordSums before{last_week()};

  void add_now(std::string_view reason, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      now.add(sample_decision(sample_day() + minutes(i), Verdict::reject, reason));
    }
  }
  void add_before(std::string_view reason, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      before.add(sample_decision(sample_day() - week + minutes(i), Verdict::reject, reason));
    }
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& spike : find_spikes(now, before, last_week().since).spikes) {
      if (spike.kind == SpikeKind::reason) names.push_back(spike.name);
    }
    return names;
  }
};

using Names = std::vector<std::string>;

TEST(ChanceOfAtLeast, IsTheTailOfTheBinomialDistribution) {
  EXPECT_DOUBLE_EQ(chance_of_at_least(0, 10, 0.5), 1);
  EXPECT_DOUBLE_EQ(chance_of_at_least(11, 10, 0.5), 0);
  EXPECT_NEAR(chance_of_at_least(10, 10, 0.5), 1.0 / 1024, 1e-12);
  EXPECT_NEAR(chance_of_at_least(8, 10, 0.5), (45.0 + 10 + 1) / 1024, 1e-12);
  EXPECT_NEAR(chance_of_at_least(2, 2, 0.25), 1.0 / 16, 1e-12);
  EXPECT_NEAR(chance_of_at_least(2, 3, 0.25), 3 * 3.0 / 64 + 1.0 / 64, 1e-12);
  // Of a million, four deviations above the middle.
  EXPECT_NEAR(chance_of_at_least(502'000, 1'000'000, 0.5), 3.17e-5, 0.02e-5);
  EXPECT_DOUBLE_EQ(chance_of_at_least(400'000, 1'000'000, 0.5), 1);
}

TEST(Spikes, AreWhatOccursMuchMoreOften) {
  Weeks weeks;
  weeks.add_before("dnsbl-listed", 100);
  weeks.add_now("dnsbl-listed", 400);
  weeks.add_before("rcpt-unknown", 100);
  weeks.add_now("rcpt-unknown", 130);
  EXPECT_EQ(weeks.names(), Names{"dnsbl-listed"});
  const auto report = find_spikes(weeks.now, weeks.before, last_week().since);
  ASSERT_TRUE(report.is_compared);
  const auto& spike = report.spikes.front();
  EXPECT_EQ(spike.now, 400U);
  EXPECT_EQ(spike.before, 100U);
  EXPECT_DOUBLE_EQ(spike.expected, 100);
}

TEST(Spikes, AreNotTheRhythmOfTheWeek) {
  // A Monday after a Sunday: three times as much of all.
  Weeks weeks;
  weeks.add_before("spf-fail", 51);
  weeks.add_now("spf-fail", 150);
  EXPECT_EQ(weeks.names(), Names{"spf-fail"}) << "nothing is known of the rhythm";
  for (int i = 0; i < 900; ++i) {
    weeks.now.add(sample_decision(sample_day() + minutes(i), Verdict::pass, {}));
    if (i % 3 == 0) {
      weeks.before.add(sample_decision(sample_day() - week + minutes(i), Verdict::pass, {}));
    }
  }
  EXPECT_EQ(weeks.names(), Names{});
  weeks.add_now("spf-fail", 400);
  EXPECT_EQ(weeks.names(), Names{"spf-fail"}) << "beyond the rhythm";
}

TEST(Spikes, AreNotMadeOfAFew) {
  Weeks weeks;
  weeks.add_before("dnsbl-listed", 1000);
  weeks.add_now("dnsbl-listed", 1000);
  weeks.add_now("greylisted", 9);
  EXPECT_EQ(weeks.names(), Names{});
  weeks.add_before("rcpt-unknown", 8);
  weeks.add_now("rcpt-unknown", 18);
  EXPECT_EQ(weeks.names(), Names{}) << "18 after 8 happens by chance";
  weeks.add_now("spam", 30);
  EXPECT_EQ(weeks.names(), Names{"spam"});
}

TEST(Spikes, AreNotMadeOfMuchThatGrewALittle) {
  Weeks weeks;
  weeks.add_before("dnsbl-listed", 3000);
  weeks.add_now("dnsbl-listed", 5000);
  EXPECT_EQ(weeks.names(), Names{}) << "far beyond chance, but less than twice as many";
}

TEST(Spikes, AreRareInSteadyMail) {
  std::mt19937_64 random(11);
  std::size_t found = 0;
  for (int run = 0; run < 30; ++run) {
    Weeks weeks;
    std::poisson_distribution<std::uint64_t> count(25);
    for (const auto* reason : {"dnsbl-listed", "rcpt-unknown", "greylisted", "spam", "spf-fail"}) {
      weeks.add_before(reason, count(random));
      weeks.add_now(reason, count(random));
    }
    found += find_spikes(weeks.now, weeks.before, last_week().since).spikes.size();
  }
  EXPECT_EQ(found, 0U);
}

TEST(Spikes, AreExpectedInProportionToWhatTheJournalHolds) {
  Weeks weeks;
  for (int i = 0; i < 100; ++i) {
    weeks.before.add(
        sample_decision(sample_day() - minutes(1 + i), Verdict::reject, "dnsbl-listed"));
  }
  weeks.add_now("dnsbl-listed", 260);
  const auto half = sample_day() - week / 2;
  const auto report = find_spikes(weeks.now, weeks.before, half);
  ASSERT_TRUE(report.is_compared);
  EXPECT_EQ(report.before.since, half);
  EXPECT_TRUE(report.spikes.empty()) << "as half a week had a hundred, 260 are not twice as many";
  EXPECT_FALSE(find_spikes(weeks.now, weeks.before, last_week().since).spikes.empty());
  EXPECT_FALSE(find_spikes(weeks.now, weeks.before, half + hours{1}).is_compared);
}

TEST(Spikes, NeedATimeBefore) {
  Weeks weeks;
  weeks.add_now("dnsbl-listed", 400);
  EXPECT_FALSE(find_spikes(weeks.now, weeks.before, std::nullopt).is_compared);
}

TEST(Spikes, AreOfDomainsNetworksAndMissingAnswersToo) {
  Weeks weeks;
  weeks.add_before("dnsbl-listed", 10);
  for (int i = 0; i < 40; ++i) {
    auto record = sample_decision(sample_day() + minutes(i), Verdict::pass);
    record.transaction.sender = MailAddress::from_envelope("a@friend.example");
    weeks.now.add(record);
    record = sample_decision(sample_day() + minutes(i), Verdict::reject, "dnsbl-listed");
    record.transaction.sender = MailAddress::from_envelope("a@foe.example");
    record.transaction.client.address = IpAddress::parse("2001:db8::1");
    testing::add_fact(record, QuestionKind::store, "seen", "x", microseconds{5}, "timeout");
    weeks.now.add(record);
  }
  std::vector<std::string> told;
  for (const auto& spike : find_spikes(weeks.now, weeks.before, last_week().since).spikes) {
    told.push_back(std::string(to_text(spike.kind)) + ' ' + spike.name);
  }
  std::sort(told.begin(), told.end());
  const std::vector<std::string> expected = {
      "answers missing from store seen", "network 2001:db8::/64", "reason dnsbl-listed",
      "rule rule of dnsbl-listed", "sender domain foe.example"};
  EXPECT_EQ(told, expected);
}

}  // namespace
}  // namespace postern
