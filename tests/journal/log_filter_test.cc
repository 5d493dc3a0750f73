// LogFilter: what is found, and that nothing which is passed over would have been.
#include "journal/log_filter.h"

#include "journal/line_skim.h"
#include "journal/segment_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace postern {
namespace {

using samples::moment;
using ::testing::ElementsAre;

/// What is found with the sieve is what is found without.
TEST(LogFilter, TheSieveLetsEveryRecordThroughThatFits) {
  std::vector<std::string> sources;
  for (const auto* each : {"verdict == 'reject'",
                           "verdict != 'pass'",
                           "reason == 'client-blocked'",
                           "rule == 'blocked networks'",
                           "rule != 'blocked networks'",
                           "reply.code == 550",
                           "reply.code in [451, 554]",
                           "reply.code > 500",
                           "client.ip == '192.0.2.7'",
                           "client.ip in '192.0.2.0/24'",
                           "client.ip != '192.0.2.7'",
                           "sender == 'ANNA@Example.NET'",
                           "sender.domain == 'example.net'",
                           "sender.domain within 'net'",
                           "sender == '<>'",
                           "sender.org_domain == 'example.net'",
                           "recipient.domain == 'example.org.'",
                           "recipient == 'bob@example.org'",
                           "recipient.domain within ['org', 'com']",
                           "queue_id == '5ALCtd1N001234'",
                           "queue_id == ''",
                           "stage == 'rcpt'",
                           "door != 'policy'",
                           "session == 's7Q2'",
                           "instance == '437b.6b009e9b.c35ad.0'",
                           "reference == '357Y-6A5S-H812'",
                           "missing == 'table'",
                           "scope == 'session'",
                           "softened_from == 'client-blocked'",
                           "helo == 'MAIL.example.net'",
                           "shadow != ''",
                           "tls",
                           "not tls",
                           "elapsed_us > 100"}) {
    sources.emplace_back(each);
  }
  const auto plain = sources.size();
  for (std::size_t i = 0; i < plain; ++i) {
    for (std::size_t j = 0; j < plain; ++j) {
      sources.push_back('(' + sources[i] + ") or (" + sources[j] + ')');
      sources.push_back('(' + sources[i] + ") and not (" + sources[j] + ')');
    }
  }
  const auto records = samples::all_for_golden_files();
  std::vector<std::string> lines;
  std::vector<std::set<std::uint64_t>> keys;
  for (const auto& [name, record] : records) {
    lines.push_back(to_json(record));
    SkimmedLine skimmed;
    ASSERT_TRUE(skim(lines.back(), skimmed));
    keys.emplace_back();
    for (const auto& key : skimmed.keys) keys.back().insert(key_number(key.kind, key.value));
  }
  std::size_t passed_over = 0;
  for (const auto& source : sources) {
    LogFilter filter;
    Problems warnings;
    const auto condition = RecordCondition::compile(source, nullptr, nullptr, warnings);
    ASSERT_TRUE(condition) << source << render(condition.problems());
    filter.condition = *condition;
    const auto sieve = filter.sieve();
    for (std::size_t i = 0; i < records.size(); ++i) {
      const bool through = sieve.look(lines[i]) == LineSieve::Answer::parse;
      passed_over += through ? 0 : 1;
      if (!filter.fits(records[i].second)) continue;
      EXPECT_TRUE(through) << source << ": " << records[i].first;
      for (const auto& any : sieve.keys()) {
        EXPECT_TRUE(std::any_of(any.begin(), any.end(),
                                [&](std::uint64_t key) { return keys[i].contains(key); }))
            << source << ": " << records[i].first;
      }
    }
  }
  EXPECT_GT(passed_over, sources.size() * records.size() / 4);
}

TEST(LogFilter, OfSeveralWordsOneMustHold) {
  LogFilter filter;
  filter.verdicts = {Verdict::defer, Verdict::reject};
  filter.reasons = {find_reason("client-blocked"), find_reason("spam")};
  filter.rules = {"blocked networks"};
  EXPECT_TRUE(filter.fits(samples::blocked_client()));
  EXPECT_EQ(filter.sieve().look(to_json(samples::blocked_client())), LineSieve::Answer::parse);
  EXPECT_EQ(filter.sieve().look(to_json(samples::refused_by_score())),
            LineSieve::Answer::pass_over);
  filter.verdicts = {Verdict::pass};
  EXPECT_FALSE(filter.fits(samples::blocked_client()));
}

TEST(LogFilter, ARuleInShadowIsFoundByItsName) {
  LogFilter filter;
  const auto watched = samples::watched_by_shadow();
  const auto& trail = watched.decision.trail;
  const auto shadow = std::find_if(trail.begin(), trail.end(), [](const TrailEntry& entry) {
    return entry.note == TrailNote::shadow;
  });
  ASSERT_NE(shadow, trail.end());
  filter.rules = {shadow->rule.name};
  EXPECT_TRUE(filter.fits(watched));
  EXPECT_EQ(filter.sieve().look(to_json(watched)), LineSieve::Answer::parse);
  EXPECT_FALSE(filter.fits(samples::blocked_client()));
}

class FilteredWalk : public samples::SegmentFolder {
 protected:
  /// Times, in milliseconds from the beginning, of what a walk hands out.
  std::vector<std::int64_t> walked(const std::string& expression) const {
    LogFilter filter;
    Problems warnings;
    const auto condition = RecordCondition::compile(expression, nullptr, nullptr, warnings);
    EXPECT_TRUE(condition) << render(condition.problems());
    filter.condition = *condition;
    return samples::walked(path_, ReadOrder::oldest_first, {{}, {}, filter.sieve().keys()});
  }
  static std::string line_to(const std::string& recipient, std::int64_t number) {
    auto record = samples::refusal(number);
    record.transaction.recipient = MailAddress::from_envelope(recipient);
    return samples::line_of(record);
  }
};

TEST_F(FilteredWalk, SegmentsWhoseIndexDoesNotKnowWhatIsAskedForAreNotRead) {
  const auto first = closed(moment(10), line_to("ann@example.org", 1));
  const auto second = closed(moment(20), line_to("bob@example.org", 12));
  const auto third = closed(moment(30), line_to("bob@example.com", 22));
  for (const auto& segment : {first, second}) {
    ASSERT_TRUE(rework(segment, {}, [] { return true; }));
  }
  folder_.write("decisions.jsonl", line_to("eve@example.org", 32));
  // The third has no index; the active segment is always read.
  EXPECT_THAT(walked("recipient == 'bob@example.org'"), ElementsAre(12, 22, 32));
  EXPECT_THAT(walked("recipient.domain in ['example.org', 'x.example']"),
              ElementsAre(1, 12, 22, 32));
  EXPECT_THAT(walked("recipient.domain == 'x.example'"), ElementsAre(22, 32));
  EXPECT_THAT(walked("recipient == 'bob@example.org' and client.ip == '198.51.100.1'"),
              ElementsAre(22, 32));
  EXPECT_THAT(walked("recipient == 'bob@example.org' or verdict == 'pass'"),
              ElementsAre(1, 12, 22, 32));
}

}  // namespace
}  // namespace postern
