#include "postern/reason.h"
#include "postern/reply.h"
#include "runtime/decision_tally.h"
#include "runtime/record_tally.h"
#include "runtime/tally_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace postern {
namespace {

using std::chrono::microseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(TallyTable, CountsByItsWords) {
  TallyTable table;
  EXPECT_THAT(table.rows(), IsEmpty());
  table.count({"", "rcpt", "reject", "one"});
  table.count({"", "rcpt", "reject", "one"});
  table.count({"", "rcpt", "reject", "two"});
  table.count({"rcpt", "", "reject", "one"});
  const auto rows = table.rows();
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_THAT(rows[0].words, ElementsAre("", "rcpt", "reject", "one"));
  EXPECT_EQ(rows[0].count, 2U);
  EXPECT_THAT(rows[1].words, ElementsAre("", "rcpt", "reject", "two"));
  EXPECT_EQ(rows[1].count, 1U);
  EXPECT_THAT(rows[2].words, ElementsAre("rcpt", "", "reject", "one"));
}

TEST(TallyTable, HasABoundBeyondWhichTheLastWordIsOther) {
  TallyTable table;
  constexpr std::size_t many = 3 * TallyTable::most_rows;
  for (std::size_t i = 0; i < many; ++i) {
    table.count({"", i % 2 == 0 ? "rcpt" : "data", "reject", "rule " + std::to_string(i)});
  }
  const auto rows = table.rows();
  EXPECT_THAT(rows, SizeIs(TallyTable::most_rows + 2));
  std::uint64_t sum = 0;
  std::uint64_t others = 0;
  for (const auto& row : rows) {
    sum += row.count;
    if (row.words.back() == "(other)") others += row.count;
  }
  EXPECT_EQ(sum, many) << "nothing is lost, only its name";
  EXPECT_EQ(others, many - TallyTable::most_rows);
  table.count({"", "data", "reject", "rule 1"});
  EXPECT_EQ(table.rows().size(), rows.size()) << "what was known stays known";
}

TEST(TallyTable, LosesNothingAmongThreads) {
  TallyTable table;
  constexpr int threads = 4;
  constexpr int rounds = 2'000;
  std::vector<std::thread> counting;
  for (int t = 0; t < threads; ++t) {
    counting.emplace_back([&table] {
      for (int i = 0; i < rounds; ++i) {
        table.count({"", "rcpt", "reject", "rule " + std::to_string(i % 50)});
      }
    });
  }
  for (auto& thread : counting) thread.join();
  const auto rows = table.rows();
  EXPECT_THAT(rows, SizeIs(50));
  for (const auto& row : rows) EXPECT_EQ(row.count, threads * rounds / 50U) << row.words.back();
}

Decision decision_of(Verdict verdict, std::string rule = {}) {
  Decision decision;
  decision.verdict = verdict;
  if (!rule.empty()) decision.rule = RulePlace{std::move(rule), "postern.toml", 1, Stage::rcpt};
  return decision;
}

TEST(DecisionTally, TellsDecisionsByStageVerdictAndRule) {
  DecisionTally tally;
  tally.decided(Stage::rcpt, decision_of(Verdict::reject, "listed"), microseconds(20));
  tally.decided(Stage::rcpt, decision_of(Verdict::pass), microseconds(20));
  tally.decided(Stage::rcpt, decision_of(Verdict::pass), microseconds(-1));
  ServiceReport report;
  tally.report(report, "milter");
  ASSERT_THAT(report.samples(), SizeIs(2));
  EXPECT_EQ(report.samples()[0].metric, Metric::decisions);
  EXPECT_THAT(report.samples()[0].labels, ElementsAre("milter", "rcpt", "pass", ""));
  EXPECT_EQ(report.samples()[0].value, 2);
  EXPECT_THAT(report.samples()[1].labels, ElementsAre("milter", "rcpt", "reject", "listed"));
}

TEST(DecisionTally, SortsDurationsIntoBucketsThatIncludeTheirBound) {
  DecisionTally tally;
  for (const auto time : {0, 10, 11, 1'000, 8'000'000, 99'000'000}) {
    tally.decided(Stage::data, decision_of(Verdict::pass), microseconds(time));
  }
  ServiceReport report;
  tally.report(report, "policy");
  ASSERT_THAT(report.distributions(), SizeIs(1)) << "of stages with none, nothing is told";
  const auto& told = report.distributions().front();
  EXPECT_THAT(told.labels, ElementsAre("policy", "data"));
  EXPECT_EQ(told.buckets[0].upto, 1e-5);
  EXPECT_EQ(told.buckets[0].count, 2U);
  EXPECT_EQ(told.buckets[1].count, 1U);
  EXPECT_EQ(told.buckets[3].upto, 1e-3);
  EXPECT_EQ(told.buckets[3].count, 1U);
  EXPECT_EQ(told.buckets.back().upto, 10);
  EXPECT_EQ(told.buckets.back().count, 1U);
  EXPECT_EQ(told.beyond, 1U);
  EXPECT_DOUBLE_EQ(told.sum, 107.001021);
}

TEST(DecisionTally, TellsRepliesByCodeAndReason) {
  DecisionTally tally;
  auto decision = decision_of(Verdict::reject, "listed");
  tally.replied(decision);
  decision.reason = find_reason("dnsbl-listed");
  ASSERT_NE(decision.reason, nullptr);
  ReplyText text;
  text.sentence = "No.";
  auto reply = Reply::make(ReplyStage::rcpt, *ReplyForm::parse("550 5.7.1"), text);
  ASSERT_TRUE(reply) << render(reply.problems());
  decision.reply = *reply;
  tally.replied(decision);
  ServiceReport report;
  tally.report(report, "policy");
  ASSERT_THAT(report.samples(), SizeIs(1)) << "what has no reply was no refusal that was sent";
  EXPECT_EQ(report.samples()[0].metric, Metric::replies);
  EXPECT_THAT(report.samples()[0].labels, ElementsAre("policy", "550", "5.7.1", "dnsbl-listed"));
}

}  // namespace
}  // namespace postern
