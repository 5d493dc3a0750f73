// What tables said goes into a record, so that it can be explained and decided again when they hold
// something else.
#include "journal/kept_policies.h"
#include "journal/replay_report.h"
#include "journal/segment_samples.h"
#include "support/policy_text.h"
#include "support/transactions.h"
#include "tables/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using samples::moment;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* main_text = R"([identity]
host = "mx1.example.org"
[table.partners]
kind = "cidr"
file = "partners.cidr"
[table.blocked]
kind = "domain"
file = "blocked.domains"
[table.users]
kind = "address"
entries = ["bob@example.org"]
[table.doubts]
kind = "map"
keys = "domain"
file = "doubts.map"
[[rule]]
name = "partners may send as nobody"
stage = "rcpt"
when = 'client.ip in partners and sender == "nobody@example.com"'
accept = "message"
[[rule]]
name = "blocked senders"
stage = "rcpt"
when = 'sender.domain in blocked'
reject = "sender-blocked"
[[rule]]
name = "no user of ours"
stage = "rcpt"
when = 'recipient.domain == "example.org" and recipient not in users'
reject = "rcpt-unknown"
[[rule]]
name = "doubts"
stage = "data"
when = 'sender.domain in doubts'
tag = "doubtful"
)";

testing::Files files() {
  return {{"postern.toml", main_text},
          {"partners.cidr", "192.0.2.0/24\n"},
          {"blocked.domains", "bad.example\n"},
          {"doubts.map", "odd.example 3\n"}};
}

std::shared_ptr<const Policy> compiled(const testing::Files& files) {
  auto result = testing::compile_files(files);
  EXPECT_TRUE(result) << render(result.problems());
  return result ? result->policy : nullptr;
}

class TableAnswers : public samples::SegmentFolder {
 protected:
  /// As the journal has it.
  static Record decided(const std::shared_ptr<const Policy>& policy, std::string_view sender,
                        std::string_view recipient = "bob@example.org") {
    Record record;
    record.transaction = test::ordinary_transaction(Stage::rcpt);
    record.transaction.sender = MailAddress::from_unquoted(sender);
    record.transaction.recipient = MailAddress::from_unquoted(recipient);
    record.transaction.client.address = IpAddress::parse("192.0.2.7");
    record.policy = policy;
    record.decision =
        std::get<Decision>(evaluate(*policy, record.transaction, record.facts, Detail::verdict));
    record.decision.trail_state = TrailState::left_out;
    EXPECT_TRUE(complete(record));
    const auto read = record_from_json(to_json(record));
    EXPECT_TRUE(read) << render(read.problems());
    EXPECT_EQ(to_json(*read), to_json(record));
    return read ? *read : record;
  }
  static const Answer* answer(const Record& record, const char* table, const char* key) {
    return record.facts.find({QuestionKind::table, table, key});
  }
};

TEST_F(TableAnswers, StandInTheRecordWithEntryLineAndDigest) {
  const auto policy = compiled(files());
  ASSERT_TRUE(policy);
  const auto record = decided(policy, "a@example.net");
  EXPECT_EQ(record.detail, RecordDetail::compact);
  EXPECT_THAT(record.facts.all(), SizeIs(3)) << "a rule of a later stage has not been asked";
  const auto* partner = answer(record, "partners", "192.0.2.7");
  ASSERT_NE(partner, nullptr);
  EXPECT_THAT(partner->values, ElementsAre("192.0.2.0/24"));
  EXPECT_EQ(partner->source.name, "table");
  EXPECT_EQ(partner->source.file, "partners.cidr");
  EXPECT_EQ(partner->source.line, 1U);
  EXPECT_EQ(partner->source.digest, policy->tables().at("partners")->digest().substr(0, 12));
  const auto* blocked = answer(record, "blocked", "example.net");
  ASSERT_NE(blocked, nullptr);
  EXPECT_EQ(blocked->state, Answer::State::empty);
  EXPECT_NE(answer(record, "users", "bob@example.org"), nullptr);
}

TEST_F(TableAnswers, AreShortInTheLine) {
  const auto policy = compiled(files());
  const auto line = to_json(decided(policy, "a@example.net"));
  const auto digest = policy->tables().at("blocked")->digest().substr(0, 12);
  EXPECT_THAT(line, AllOf(HasSubstr(R"("tables":[{"name":"blocked","digest":")" + digest +
                                    R"(","none":["example.net"]},)"),
                          Not(HasSubstr("\"facts\""))));
}

TEST_F(TableAnswers, TellTheValueOfAMap) {
  const auto policy = compiled(files());
  Record record;
  record.transaction = test::ordinary_transaction(Stage::data);
  record.transaction.sender = MailAddress::from_unquoted("a@odd.example");
  record.policy = policy;
  record.decision = std::get<Decision>(evaluate(*policy, record.transaction, record.facts));
  ASSERT_TRUE(complete(record));
  const auto read = record_from_json(to_json(record));
  ASSERT_TRUE(read);
  const auto* found = answer(*read, "doubts", "odd.example");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->source.mapped, "3");
}

TEST_F(TableAnswers, MakeACompactRecordWholeWhenTablesHaveChanged) {
  const auto policy = compiled(files());
  ASSERT_THAT(policies_.keep(*policy, moment()), IsEmpty());
  auto now = files();
  now["blocked.domains"] = "example.net\n";  // would refuse the sender of then
  now["partners.cidr"] = "198.51.100.0/24\n";
  const auto kept = kept_policy(policies_, policy->digest(), testing::memory_reader(now));
  ASSERT_TRUE(kept) << render(kept.problems());
  EXPECT_THAT(kept->changed, SizeIs(2));
  auto record = decided(policy, "a@example.net");
  const auto whole = trail_of(*policy, record.transaction, {});
  EXPECT_EQ(expand_with(record, *kept), Expanded::whole);
  EXPECT_EQ(record.decision.trail, whole);
  ASSERT_THAT(record.decision.trail, SizeIs(3));
  // The entry of then, not that of today.
  EXPECT_EQ(record.decision.trail[0].evidence.at(1).value, "192.0.2.0/24");
}

TEST_F(TableAnswers, AreUsedWhenARecordIsDecidedAgainUnderThePolicyOfItsDay) {
  const auto policy = compiled(files());
  ASSERT_THAT(policies_.keep(*policy, moment()), IsEmpty());
  auto now = files();
  now["blocked.domains"] = "example.net\n";
  const auto reader = testing::memory_reader(now);
  KeptPolicies kept(policies_, reader);
  ReplayOptions options;
  options.policy_of_then = [&kept](const std::string& digest) { return kept.of(digest); };
  ReplayReport report(options);
  report.verify(decided(policy, "a@example.net"));
  report.verify(decided(policy, "a@bad.example"));
  EXPECT_EQ(report.counts().equal, 2U);
  EXPECT_EQ(report.counts().undecided, 0U);
}

TEST_F(TableAnswers, ThatWereAlteredAreNoticed) {
  const auto policy = compiled(files());
  auto record = decided(policy, "a@bad.example");
  auto line = to_json(record);
  const std::string before = R"("found":[{"key":"bad.example","value":"bad.example")";
  const auto at = line.find(before);
  ASSERT_NE(at, std::string::npos) << line;
  line.replace(at, line.find(']', at) + 1 - at, R"("none":["bad.example"])");
  const auto altered = record_from_json(line);
  ASSERT_TRUE(altered) << render(altered.problems());
  ReplayReport report;
  report.add(*policy, *altered);
  EXPECT_EQ(report.counts().contradictions, 1U);
}

TEST_F(TableAnswers, AnotherPolicyAsksItsOwnTablesUnlessToldToKeepTheRecorded) {
  const auto policy = compiled(files());
  auto now = files();
  now["blocked.domains"] = "example.net\n";
  const auto other = compiled(now);
  ReplayReport own;
  own.add(*other, decided(policy, "a@example.net"));
  EXPECT_EQ(own.counts().new_rejects, 1U);
  ReplayOptions options;
  options.recorded_tables = RecordedTables::used;
  ReplayReport recorded(options);
  recorded.add(*other, decided(policy, "a@example.net"));
  EXPECT_EQ(recorded.counts().new_rejects, 0U);
  EXPECT_EQ(recorded.counts().equal, 1U);
}

TEST_F(TableAnswers, TakeNoMoreThanAFewHundredOctets) {
  const auto policy = compiled(files());
  auto record = decided(policy, "a@example.net");
  const auto with = to_json(record).size();
  record.facts = {};
  EXPECT_LT(with - to_json(record).size(), 400U);
}

}  // namespace
}  // namespace postern
