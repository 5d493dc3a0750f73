// LogFilter: what is found, and that nothing which is passed over would have been.
#include "journal/log_filter.h"

#include "journal/line_skim.h"
#include "journal/segment_samples.h"
#include "tables/table.h"

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

/// What an expression says of mail from anna@example.net to bob@example.org whose addresses are
/// hashed, with the key.
bool fits_hashed(const std::string& source, const AddressMask& known,
                 const AddressMask& hidden = AddressMask::hashed("a key")) {
  const std::vector<TableEntry> entries{{"Anna@example.net", {}}, {"carla@example.net", {}}};
  Tables tables;
  tables.emplace("people", *Table::build("people", TableKind::address, entries));
  Problems warnings;
  auto condition = RecordCondition::compile(source, &tables, nullptr, warnings);
  EXPECT_TRUE(condition) << source << render(condition.problems());
  if (!condition) return false;
  condition->reveal(known);
  auto record = samples::refused_recipient();
  record.transaction.sender = MailAddress::from_unquoted("anna@example.net");
  record.transaction.recipient = MailAddress::from_unquoted("bob@example.org");
  auto line = to_json(record);
  EXPECT_TRUE(hidden.apply(line, ""));
  const auto read = record_from_json(line);
  EXPECT_TRUE(read);
  LogFilter filter;
  filter.condition = *condition;
  const bool fits = filter.fits(*read);
  SkimmedLine skimmed;
  EXPECT_TRUE(skim(line, skimmed));
  EXPECT_TRUE(!fits || filter.sieve().look(line) == LineSieve::Answer::parse) << source;
  if (fits) {
    for (const auto& wanted : filter.sieve().keys()) {
      EXPECT_TRUE(std::any_of(wanted.begin(), wanted.end(), [&](std::uint64_t key) {
        return std::any_of(skimmed.keys.begin(), skimmed.keys.end(), [&](const auto& each) {
          return key_number(each.kind, each.value) == key;
        });
      })) << source;
    }
  }
  return fits;
}

TEST(LogFilter, FindsHashedPeopleWithTheKey) {
  const auto key = AddressMask::hashed("a key");
  for (const char* source :
       {"sender == 'Anna@example.net'", "sender.local == 'anna'", "recipient == 'bob@example.org'",
        "sender in ['x@example.net', 'anna@example.net']", "sender in people",
        "not (sender == 'otto@example.net')", "not (recipient in people)",
        "sender.domain == 'example.net'"}) {
    EXPECT_TRUE(fits_hashed(source, key)) << source;
  }
  for (const char* source : {"not (sender == 'anna@example.net')", "sender == 'otto@example.net'",
                             "not (sender in people)", "recipient in people"}) {
    EXPECT_FALSE(fits_hashed(source, key)) << source;
  }
}

TEST(LogFilter, WhatIsHiddenIsNeitherYesNorNo) {
  const auto key = AddressMask::hashed("a key");
  for (const char* source : {"sender.local matches '^an'", "not (sender.local matches '^an')",
                             "sender.local starts_with 'x'", "not (sender contains 'nna@')"}) {
    EXPECT_FALSE(fits_hashed(source, key)) << source;
  }
  for (const char* source : {"sender == 'anna@example.net'", "not (sender == 'anna@example.net')",
                             "sender in people", "not (sender in people)"}) {
    EXPECT_FALSE(fits_hashed(source, {})) << source << " without the key";
    EXPECT_FALSE(fits_hashed(source, key, AddressMask::cut())) << source << " cut";
  }
}

TEST(LogFilter, WhoeverWritesAHashMeansIt) {
  const auto key = AddressMask::hashed("a key");
  const auto source = "sender == '" + key.local("anna") + "@example.net'";
  EXPECT_TRUE(fits_hashed(source, {}));
  EXPECT_TRUE(fits_hashed(source, key));
  EXPECT_FALSE(fits_hashed("not (" + source + ')', {}));
}

bool fits(const std::string& source, const Record& record) {
  Problems warnings;
  const auto condition = RecordCondition::compile(source, nullptr, nullptr, warnings);
  EXPECT_TRUE(condition) << source << render(condition.problems());
  return condition && condition->fits(record);
}

TEST(LogFilter, AQueueIdBeforeItsStageWasNotFound) {
  auto record = samples::refused_recipient();
  ASSERT_EQ(record.transaction.stage, Stage::rcpt);
  record.transaction.queue_id = "4ABCDEF999z";
  record.transaction.recipient_count = 3;
  record.transaction.size = 1000;
  EXPECT_TRUE(fits("queue_id == '4ABCDEF999z'", record));
  EXPECT_TRUE(fits("queue_id != ''", record));
  EXPECT_TRUE(fits("queue_id starts_with '4ABC'", record));
  EXPECT_TRUE(fits("recipient_count == 3 and size < 2kB", record));
  EXPECT_TRUE(fits("size + 1B > 1000B", record));
  record.transaction.queue_id.clear();
  EXPECT_FALSE(fits("queue_id == ''", record)) << "what it does not hold is neither yes nor no";
  EXPECT_FALSE(fits("queue_id != ''", record));
}

}  // namespace
}  // namespace postern
