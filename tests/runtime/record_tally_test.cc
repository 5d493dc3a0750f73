#include "runtime/record_tally.h"

#include "checks/check.h"
#include "checks/standard_checks.h"
#include "support/policy_text.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <variant>

namespace postern {
namespace {

using testing::compile_files;
using ::testing::IsEmpty;

constexpr const char* rules = R"([identity]
host = "mx1.example.org"

[[rule]]
name = "tried out"
stage = "rcpt"
mode = "shadow"
when = 'sender == "alice@example.net"'
reject = "sender-blocked"

[[rule]]
name = "no such domain"
stage = "rcpt"
when = 'sender_domain == "nonexistent"'
reject = "sender-domain-bad"

[[rule]]
name = "forged"
stage = "rcpt"
when = 'spf == "fail"'
defer = "policy-defer"
)";

class RecordTallyOf : public ::testing::Test {
 protected:
  void SetUp() override {
    auto compiled =
        Policy::compile("postern.toml", testing::memory_reader({{"postern.toml", rules}}));
    ASSERT_TRUE(compiled) << render(compiled.problems());
    policy_ = compiled->policy;
  }
  /// A record of a decision all of whose questions have this answer.
  Record record(const Answer& answer) const {
    Record record;
    record.transaction = test::ordinary_transaction(Stage::rcpt);
    record.policy = policy_;
    for (int round = 0; round < 20; ++round) {
      auto made = evaluate(*policy_, record.transaction, record.facts);
      if (auto* decision = std::get_if<Decision>(&made)) {
        record.decision = std::move(*decision);
        break;
      }
      for (const auto& question : std::get<NeedsMore>(made).questions) {
        record.facts.add(question, answer);
      }
    }
    complete(record);
    return record;
  }
  std::map<std::string, double> told() const {
    ServiceReport report;
    tally_.report(report);
    std::map<std::string, double> told;
    for (const auto& sample : report.samples()) {
      told[std::string(row_of(sample.metric).name) + ' ' + sample.labels.front()] = sample.value;
    }
    return told;
  }

  std::shared_ptr<const Policy> policy_;
  RecordTally tally_;
};

TEST_F(RecordTallyOf, CountsRulesInShadowThatSaidYes) {
  auto quiet = record(Answer::nothing());
  tally_.add(quiet, *policy_);
  tally_.add(quiet, *policy_);
  EXPECT_EQ(told()["postern_shadow_matches_total tried out"], 2);
  quiet.kind = RecordKind::repeat;
  tally_.add(quiet, *policy_);
  EXPECT_EQ(told()["postern_shadow_matches_total tried out"], 2) << "nothing was decided again";
  EXPECT_EQ(told().size(), 1U) << "every check had its answers";
}

TEST_F(RecordTallyOf, TellsChecksThatHadNoTimeFromThoseThatFailed) {
  tally_.add(record(Answer::unavailable("timeout")), *policy_);
  tally_.add(record(Answer::unavailable("deadline")), *policy_);
  tally_.add(record(Answer::unavailable("servfail")), *policy_);
  auto counts = told();
  for (const std::string check : {"sender_domain", "spf"}) {
    EXPECT_EQ(counts["postern_check_timeouts_total " + check], 2) << check;
    EXPECT_EQ(counts["postern_check_errors_total " + check], 1) << check;
  }
  EXPECT_EQ(counts.count("postern_check_errors_total iprev"), 0U) << "no rule looks at it";
}

TEST_F(RecordTallyOf, CountsNoCheckThatTheMailServerToldTooLittle) {
  auto untold = record(Answer::unavailable("servfail"));
  untold.transaction.sender = {};
  tally_.add(untold, *policy_);
  EXPECT_THAT(told(), ::testing::Not(::testing::Contains(
                          ::testing::Key("postern_check_errors_total sender_domain"))));
}

TEST_F(RecordTallyOf, KnowsTheChecksOfAPolicyThatWasCompiledAgain) {
  tally_.add(record(Answer::unavailable("timeout")), *policy_);
  policy_.reset();
  SetUp();
  tally_.add(record(Answer::unavailable("timeout")), *policy_);
  EXPECT_EQ(told()["postern_check_timeouts_total spf"], 2);
}

}  // namespace
}  // namespace postern
