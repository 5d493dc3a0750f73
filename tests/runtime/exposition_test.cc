#include "runtime/exposition.h"

#include "runtime/files.h"
#include "runtime/process_figures.h"
#include "runtime/service_counts.h"
#include "support/exposition_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace postern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::read_exposition;
using ::testing::SizeIs;

/// The rows of the table in docs/metrics.md, one for each metric.
std::string documented(const MetricRow& row) {
  std::string labels;
  for (const auto& label : row.labels) {
    if (!label.empty()) labels += (labels.empty() ? "`" : ", `") + std::string(label) + '`';
  }
  return "| `" + std::string(row.name) + "` | " + std::string(to_text(row.kind)) + " | " +
         (labels.empty() ? "-" : labels) + " | " + std::string(row.meaning) + " |\n";
}

TEST(MetricCatalogue, IsWhatTheDocumentationSays) {
  const auto page = read_file(std::string(POSTERN_SOURCE_DIR) + "/docs/metrics.md");
  ASSERT_TRUE(page);
  std::string table;
  for (const auto& row : metric_catalogue()) table += documented(row);
  EXPECT_THAT(*page, HasSubstr(table)) << "docs/metrics.md needs these rows:\n" << table;
}

TEST(MetricCatalogue, FollowsTheNamingRules) {
  std::set<std::string_view> names;
  for (const auto& row : metric_catalogue()) {
    const std::string name(row.name);
    EXPECT_TRUE(names.insert(row.name).second) << name;
    EXPECT_TRUE(name.rfind("postern_", 0) == 0 || name.rfind("process_", 0) == 0) << name;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos) << name;
    EXPECT_EQ(name.ends_with("_total"), row.kind == MetricKind::counter) << name;
    EXPECT_FALSE(row.meaning.empty()) << name;
    EXPECT_EQ(row.meaning.back(), '.') << name;
    for (std::size_t i = 0; i < row.labels.size(); ++i) {
      EXPECT_EQ(row.labels[i].empty(), i >= row.label_count()) << name;
      EXPECT_NE(row.labels[i], "le") << name;
      for (const char* personal : {"client", "ip", "address", "sender", "recipient", "reference"}) {
        EXPECT_NE(row.labels[i], personal) << name;
      }
    }
  }
}

class ExpositionText : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_metrics()) GTEST_SKIP() << without_metrics;
  }
};

TEST_F(ExpositionText, IsWellFormedAndHasEachMetricOnce) {
  ServiceReport report;
  report.sample(Metric::replies, 3, {"milter", "550", "5.7.1", "spf-fail"});
  report.number("policy.rules", 7, Metric::policy_rules);
  report.sample(Metric::replies, 2, {"policy", "450", "4.7.1", "greylisted"});
  const auto read = read_exposition(exposition(report));
  EXPECT_THAT(read.faults, IsEmpty());
  EXPECT_THAT(read.families, SizeIs(2));
  EXPECT_EQ(read.value("postern_policy_rules"), 7);
  EXPECT_EQ(read.value("postern_replies_total", {{"reason", "greylisted"}}), 2);
  EXPECT_EQ(read.sum("postern_replies_total"), 5);
  EXPECT_EQ(read.families.at("postern_replies_total").type, "counter");
  ASSERT_THAT(report.status().items(), SizeIs(1)) << "samples are for metrics alone";
  EXPECT_EQ(report.status().items()[0].value, "7");
}

TEST_F(ExpositionText, EscapesWhatARuleIsCalled) {
  ServiceReport report;
  const std::string name = "a \"rule\"\nwith \\ in it, {and} more, \xC3\xBC";
  report.sample(Metric::decisions, 1, {"milter", "rcpt", "reject", name});
  const auto read = read_exposition(exposition(report));
  EXPECT_THAT(read.faults, IsEmpty());
  EXPECT_EQ(read.value("postern_decisions_total", {{"rule", name}}), 1);
}

TEST_F(ExpositionText, LeavesOutALabelWithoutAValue) {
  ServiceReport report;
  report.sample(Metric::decisions, 1, {"milter", "rcpt", "pass", ""});
  EXPECT_THAT(exposition(report), Not(HasSubstr("rule=")));
}

TEST_F(ExpositionText, TellsLargeCountsToTheLastDigit) {
  ServiceReport report;
  report.sample(Metric::requests, 9'007'199'254'740'991.0, {"milter"});
  EXPECT_EQ(read_exposition(exposition(report)).value("postern_requests_total"),
            9'007'199'254'740'991.0);
}

TEST_F(ExpositionText, SumsTheBucketsOfADistribution) {
  ServiceReport report;
  report.distribution({Metric::decision_duration, {"milter", "rcpt"}, {{0.1, 2}, {1, 3}}, 1, 7.5});
  const auto read = read_exposition(exposition(report));
  EXPECT_THAT(read.faults, IsEmpty());
  const std::string name = "postern_decision_duration_seconds";
  EXPECT_EQ(read.value(name + "_bucket", {{"le", "0.1"}}), 2);
  EXPECT_EQ(read.value(name + "_bucket", {{"le", "1"}}), 5);
  EXPECT_EQ(read.value(name + "_bucket", {{"le", "+Inf"}}), 6);
  EXPECT_EQ(read.value(name + "_count"), 6);
  EXPECT_EQ(read.value(name + "_sum"), 7.5);
}

TEST_F(ExpositionText, HasTheFiguresOfTheProcess) {
  ServiceReport report;
  report_process(report, std::chrono::system_clock::from_time_t(1'700'000'000));
  const auto read = read_exposition(exposition(report));
  EXPECT_THAT(read.faults, IsEmpty());
  EXPECT_GE(read.value("process_open_fds").value_or(0), 3);
  EXPECT_GE(read.value("process_resident_memory_bytes").value_or(0), 100'000);
  EXPECT_TRUE(read.value("process_cpu_seconds_total"));
  EXPECT_EQ(read.value("process_start_time_seconds"), 1'700'000'000);
}

TEST(ServiceCounts, AreSharedWithAChildAndToldInBothForms) {
  ServiceCounts counts(std::chrono::system_clock::from_time_t(1'000));
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    counts.worker_restarted();
    counts.reloaded(ServiceCounts::Reload::ok, std::chrono::system_clock::from_time_t(2'000));
    counts.reloaded(ServiceCounts::Reload::refused, std::chrono::system_clock::from_time_t(3'000));
    ::_exit(0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ServiceReport report;
  counts.report(report);
  EXPECT_EQ(report.status().encode(), "s last_reload refused\nn worker.restarts 1\n");
  const auto sample = [&](Metric metric, const ServiceReport::Labels& labels = {}) {
    const auto& all = report.samples();
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& each) {
      return each.metric == metric && each.labels == labels;
    });
    return found == all.end() ? -1 : found->value;
  };
  EXPECT_EQ(sample(Metric::worker_restarts), 1);
  EXPECT_EQ(sample(Metric::start_time), 1'000);
  EXPECT_EQ(sample(Metric::config_reload_time), 2'000);
  EXPECT_EQ(sample(Metric::config_reload_successful), 0);
  EXPECT_EQ(sample(Metric::config_reloads, {"ok"}), 1);
  EXPECT_EQ(sample(Metric::config_reloads, {"refused"}), 1);
  EXPECT_EQ(sample(Metric::config_reloads, {"failed"}), 0);
}

TEST(ServiceCounts, BeginAsIfAReloadHadSucceededAtTheStart) {
  const ServiceCounts counts(std::chrono::system_clock::from_time_t(1'000));
  ServiceReport report;
  counts.report(report);
  EXPECT_EQ(report.status().encode(), "s last_reload none yet\nn worker.restarts 0\n");
  for (const auto& sample : report.samples()) {
    if (sample.metric == Metric::config_reload_successful) {
      EXPECT_EQ(sample.value, 1);
    } else if (sample.metric == Metric::config_reload_time) {
      EXPECT_EQ(sample.value, 1'000);
    }
  }
}

}  // namespace
}  // namespace postern
