// The same policy decides alike on a hundred thousand records, however they were obtained.

#include "journal/record_parser.h"
#include "journal/replay_report.h"
#include "replay/doors.h"
#include "replay/random_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <string>

namespace postern {
namespace {

using test::any_policy;
using test::Doors;
using test::with_another_table;
using ::testing::IsEmpty;

/// Records that a journal has, read back from their lines, with the policy of each.
class Recorder {
 public:
  explicit Recorder(unsigned seed) : random_(seed) {}

  /// Until there are so many; `look` gets each line and its policy, one after the other: decisions
  /// that are too late end on the driver's own thread.
  template <typename Look>
  void record(std::uint64_t wanted, Look look) {
    std::mutex looking;
    std::uint64_t count = 0;
    const auto counted = [&] {
      const std::lock_guard lock(looking);
      return count;
    };
    while (counted() < wanted) {
      std::map<std::string, std::shared_ptr<const Policy>> policies;
      auto policy = any_policy(random_);
      ASSERT_NE(policy, nullptr);
      policies[policy->digest()] = policy;
      std::string line;
      Doors doors(policy, random_, [&](const Record& record) {
        if (record.kind != RecordKind::decision) return;
        const std::lock_guard lock(looking);
        line.clear();
        append_json(line, record);
        ++count;
        look(line, *policies.at(record.policy_digest));
      });
      const auto enough = std::min(wanted, counted() + 2000);
      while (counted() < enough) {
        random_() % 2 == 0 ? doors.milter_session() : doors.policy_session();
        if (random_() % 500 != 0) continue;
        // A list that changes makes another policy; sessions under way keep theirs.
        policy = with_another_table(policy, random_);
        ASSERT_NE(policy, nullptr);
        {
          const std::lock_guard lock(looking);
          policies[policy->digest()] = policy;
        }
        doors.put(policy);
      }
    }
  }

 private:
  std::mt19937 random_;
};

/// What kinds of records there were: a property that saw one kind only would prove nothing.
class Kinds {
 public:
  void see(const Record& record) {
    const auto& decision = record.decision;
    const auto count = [this](const std::string& kind) { ++seen_[kind]; };
    count(std::string(to_text(record.transaction.door)));
    count(std::string(to_text(record.transaction.stage)));
    count(std::string(to_text(decision.verdict)));
    count(std::string(to_text(record.detail)));
    if (!decision.softened_by.empty()) count("softened");
    if (!decision.effects.empty()) count("effects");
    if (decision.held_back) count("held back");
    if (decision.rule && decision.rule->name == "maintenance") count("maintenance");
    if (is_own_trouble(decision)) count("own trouble");
    for (const auto& [question, answer] : record.facts.all()) {
      if (answer.cause == "deadline") return count("deadline");
    }
    for (const auto& entry : decision.trail) {
      if (entry.note == TrailNote::shadow) return count("shadow");
    }
  }
  int of(const std::string& kind) const {
    const auto found = seen_.find(kind);
    return found == seen_.end() ? 0 : found->second;
  }

 private:
  std::map<std::string, int> seen_;
};

TEST(SamePolicy, DecidesAlikeOnAHundredThousandRecords) {
  ReplayReport report;
  RecordParser parser;
  Kinds kinds;
  std::string first_fault;
  Recorder(20261122).record(100'000, [&](const std::string& line, const Policy& policy) {
    const auto read = parser.parse(line);
    ASSERT_TRUE(read) << render(read.problems()) << line;
    report.add(policy, *read);
    kinds.see(*read);
    if (first_fault.empty() && !report.contradictions().empty()) first_fault = line;
  });
  const auto& counts = report.counts();
  EXPECT_GE(counts.decisions, 100'000U);
  EXPECT_EQ(counts.contradictions, 0U) << to_text(report) << first_fault;
  EXPECT_EQ(counts.in_trouble, 0U);
  EXPECT_EQ(counts.equal, counts.decisions) << to_text(report);
  for (const char* kind :
       {"milter", "policy", "rcpt", "data", "end-of-message", "pass", "accept", "reject", "defer",
        "discard", "quarantine", "full", "compact", "softened", "effects", "held back",
        "maintenance", "deadline", "shadow"}) {
    EXPECT_GT(kinds.of(kind), 100) << kind;
  }
}

TEST(SamePolicy, AnAlteredVerdictIsFoundInEveryRecord) {
  ReplayReport report;
  RecordParser parser;
  std::uint64_t altered = 0;
  Recorder(7).record(2000, [&](std::string line, const Policy& policy) {
    const std::string begin = R"("decision":{"verdict":")";
    const auto at = line.find(begin);
    ASSERT_NE(at, std::string::npos) << line;
    const auto from = at + begin.size();
    const auto verdict = line.substr(from, line.find('"', from) - from);
    line.replace(from, verdict.size(), verdict == "pass" ? "discard" : "pass");
    const auto read = parser.parse(line);
    // A pass that keeps the reply of a refusal may be no record at all.
    if (!read) return;
    ++altered;
    report.add(policy, *read);
    ASSERT_EQ(report.counts().contradictions, altered) << line;
  });
  EXPECT_GT(altered, 1500U);
  EXPECT_EQ(report.counts().equal, 0U);
}

}  // namespace
}  // namespace postern
