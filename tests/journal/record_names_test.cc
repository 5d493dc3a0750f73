// Names of the search: the table, its documentation, and what expressions with them find.
#include "journal/record_names.h"

#include "journal/record_condition.h"
#include "journal/samples.h"
#include "support/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace postern {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RecordCondition compiled(const std::string& source) {
  Problems warnings;
  auto condition = RecordCondition::compile(source, nullptr, nullptr, warnings);
  EXPECT_TRUE(condition) << source << '\n' << render(condition.problems());
  return condition ? *condition
                   : *RecordCondition::compile("stage == 'rcpt'", nullptr, nullptr, warnings);
}

bool fits(const std::string& source, const Record& record) { return compiled(source).fits(record); }

std::string faults(const std::string& source) {
  Problems warnings;
  const auto condition = RecordCondition::compile(source, nullptr, nullptr, warnings);
  return render(condition ? warnings : condition.problems());
}

TEST(RecordNames, AreAllInTheDocumentation) {
  const auto page = samples::read_file(POSTERN_SOURCE_DIR "/docs/log.md");
  for (const auto& name : record_names().all) {
    const auto line = "| `" + std::string(name.row.name) + "` | " +
                      std::string(to_text(name.row.type)) + " | " + std::string(name.row.meaning) +
                      " |";
    EXPECT_NE(page.find(line), std::string::npos) << line;
  }
}

TEST(RecordNames, AreNoneOfThoseThatRulesHaveOrWillHave) {
  std::set<std::string_view> names;
  for (const auto& name : record_names().all) {
    EXPECT_TRUE(names.insert(name.row.name).second) << name.row.name;
    EXPECT_EQ(expression::find_name(name.row.name), nullptr) << name.row.name;
    EXPECT_FALSE(expression::is_name_to_come(name.row.name)) << name.row.name;
  }
}

TEST(RecordNames, StandForWhatTheRecordHolds) {
  const auto blocked = samples::blocked_client();
  for (const auto* yes :
       {"verdict == 'reject'",
        "verdict != 'pass'",
        "reason == 'client-blocked'",
        "reason in ['spam', 'client-blocked']",
        "rule == 'blocked networks'",
        "rule starts_with 'blocked'",
        "reply.code == 550",
        "reply.code >= 500",
        "600 > size or true",
        "reply.enhanced_code == '5.7.1'",
        "reply.text contains 'blocked using'",
        "reply.text matches '(?i)OUR postmaster'",
        "spoken == 'rcpt'",
        "shadow == ''",
        "softened_by == ''",
        "not (missing == 'dns')",
        "unavailable == ''",
        "effects == ''",
        "evidence == 'bad_networks = 192.0.2.0/24'",
        "evidence contains 'CLIENT.IP'",
        "reference == '357Y-6A5S-H812'",
        "session == 's7Q2'",
        "host == 'MX1.example.org'",
        "host within 'example.org'",
        "policy starts_with '9f86d0'",
        "elapsed_us == 213",
        "door == 'milter' and client.ip in '192.0.2.0/24' and sender.domain == 'example.net'",
        "client.name == '' and verdict == 'reject'"}) {
    EXPECT_TRUE(fits(yes, blocked)) << yes;
  }
  for (const auto* no : {"verdict in ['pass', 'accept']", "reason == 'spam'", "reply.code == 554",
                         "reply.code < 500", "scope == 'session'", "softened_from == 'spam'",
                         "shadow != ''", "effects.failed != ''", "note != ''", "instance != ''",
                         "size > 1", "not (size > 1)", "facts contains 'zen'", "rule == ''"}) {
    EXPECT_FALSE(fits(no, blocked)) << no;
  }
  EXPECT_TRUE(fits("softened_by != '' and missing == 'table'", samples::softened()));
  EXPECT_TRUE(fits("unavailable contains 'PARTNERS: deadline'", samples::softened()));
  EXPECT_TRUE(fits("shadow != '' and verdict == 'pass'", samples::watched_by_shadow()));
  EXPECT_TRUE(fits("verdict == 'accept' and scope == 'session'", samples::accepted()));
  EXPECT_TRUE(fits("verdict == 'quarantine' and effects.failed != ''", samples::held_and_marked()));
  EXPECT_TRUE(fits("facts == 'dns A 7.2.0.192.zen.example = 127.0.0.4'", samples::full()));
  EXPECT_TRUE(fits("unavailable == 'store seen 192.0.2.0/24: deadline'", samples::full()));
  EXPECT_TRUE(fits("policy_context == 'end' and macro('i') == '5ALCtd1N001234'", samples::full()));
}

TEST(RecordNames, ARecordOfSeveralRecipientsFitsForOneOfThem) {
  const auto several = samples::several_recipients();
  ASSERT_GT(several.transaction.recipients.value().size(), 1U);
  const auto& last = several.transaction.recipients.value().back().address;
  EXPECT_TRUE(fits("recipient == '" + last.text() + "'", several));
  EXPECT_TRUE(fits("recipient.domain == 'EXAMPLE.org' and recipient_count > 1", several));
  EXPECT_FALSE(fits("recipient.domain == 'example.com'", several));
}

TEST(RecordNames, NothingIsSaidOfWhatARecordDoesNotHold) {
  auto connected = samples::blocked_client();
  connected.transaction.stage = Stage::connect;
  connected.transaction.sender = {};
  EXPECT_FALSE(fits("sender.domain == 'example.net'", connected));
  EXPECT_FALSE(fits("not (sender.domain == 'example.net')", connected));
  EXPECT_TRUE(fits("not (sender.domain == 'x.example') or verdict == 'reject'", connected));
}

TEST(RecordNames, FaultsAreShownAsThoseOfAPolicy) {
  std::string page;
  for (const auto* source :
       {"reply.cod == 550", "reply.code == 5500", "reply.code == \"550\"", "verdict == \"refused\"",
        "reason == \"dnsbl-list\"", "reason == \"whatever\"", "reply.text > 5",
        "rule == softened_by", "size > elapsed_us * 2", "client.ip in partners", "score.spam > 5",
        "somebody_special", "verdict", "shadow in rule",
        "recipient.domain == \"example.org\" and size > 10MB and sendr == \"<>\""}) {
    page += std::string("$ postern log '") + source + "'\n" + faults(source) + '\n';
  }
  testing::expect_golden("log/faults.txt", page);
}

}  // namespace
}  // namespace postern
