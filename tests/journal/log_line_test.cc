#include "journal/record.h"
#include "journal/samples.h"
#include "support/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(LogLine, IsWhatTheGoldenFileShowsForEverySample) {
  std::string lines;
  for (const auto& [name, record] : samples::all_for_golden_files()) {
    lines += "# " + name + '\n' + to_log_line(record) + '\n';
  }
  testing::expect_golden("logline/samples.txt", lines);
}

TEST(LogLine, BeginsWithTheQueueIdOrNoqueue) {
  EXPECT_THAT(to_log_line(samples::refused_recipient()), StartsWith("NOQUEUE: decision=reject "));
  EXPECT_THAT(to_log_line(samples::accepted()), StartsWith("5ALCtd1N001234: decision=accept "));
}

TEST(LogLine, DoesNotTrustAQueueIdThatIsNone) {
  Record record = samples::accepted();
  record.transaction.queue_id = "x: decision=pass\n";
  const std::string line = to_log_line(record);
  EXPECT_THAT(line, StartsWith("NOQUEUE: decision=accept "));
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(LogLine, StaysShortAndKeepsTheReferenceWhateverTheValues) {
  std::mt19937 random(42);
  for (int round = 0; round < 2000; ++round) {
    Record record = samples::softened();
    const std::size_t longest = round % 2 == 0 ? 3000 : 60;
    const auto octets = [&] { return samples::any_octets(random, longest); };
    record.transaction.queue_id = octets();
    record.transaction.helo = octets();
    record.transaction.sender = MailAddress::from_envelope(octets());
    record.transaction.recipient = MailAddress::from_envelope(octets());
    record.transaction.authentication.user = octets();
    record.transaction.instance = octets();
    record.transaction.session = octets();
    record.decision.rule->name = octets();
    record.decision.softened_by = octets();
    for (int i = 0; i < 4; ++i) record.decision.trail.push_back(record.decision.trail.front());
    for (auto& entry : record.decision.trail) {
      entry.note = TrailNote::shadow;
      entry.rule.name = octets();
    }
    record.sent->expected = {octets(), octets()};
    const std::string line = to_log_line(record);
    ASSERT_LT(line.size(), 1024U);
    ASSERT_THAT(line, HasSubstr(" ref=" + record.transaction.reference.text() + ' '));
    ASSERT_LT(line.find(" ref="), 400U);
    for (const char c : line) ASSERT_TRUE(c >= 0x20 && c <= 0x7e);
  }
}

Record with_shadows(const std::vector<std::string>& names) {
  Record record = samples::refused_recipient();
  for (const auto& name : names) {
    TrailEntry entry;
    entry.rule.name = name;
    entry.truth = Truth::yes;
    entry.note = TrailNote::shadow;
    entry.mode = RuleMode::shadow;
    record.decision.trail.insert(record.decision.trail.begin(), entry);
  }
  return record;
}

TEST(LogLine, OfSeveralShadowRulesOnlyTheFirstUsedToBeNamed) {
  EXPECT_THAT(to_log_line(with_shadows({"third", "second one", "first"})),
              HasSubstr(" shadow=first shadow=\"second one\" shadow=third stage="));
}

TEST(LogLine, CountsTheShadowRulesThatItHasNoRoomFor) {
  std::vector<std::string> names(30, std::string(80, 's'));
  names.emplace_back("short");
  const std::string line = to_log_line(with_shadows(names));
  EXPECT_THAT(line, HasSubstr(" shadow=short shadow=" + std::string(80, 's') +
                              " shadow=" + std::string(80, 's') + " more_shadows=28 stage="));
  EXPECT_THAT(line, HasSubstr(" text="));
  EXPECT_THAT(line, HasSubstr(" to=<bob@example.org> "));
}

TEST(LogLine, ShowsTheCodeThatTheClientSaw) {
  Record record = samples::refused_recipient();
  record.sent->expected = {"550 5.7.1 Blocked here, ref X."};
  const std::string line = to_log_line(record);
  EXPECT_THAT(line, HasSubstr(" reply=\"550 5.7.1\" "));
  EXPECT_THAT(line, HasSubstr(" text=\"Blocked here, ref X.\""));
}

}  // namespace
}  // namespace postern
