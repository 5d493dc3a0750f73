#include "journal/kept_policy.h"

#include "journal/journal.h"
#include "journal/segment_samples.h"
#include "rules/rule.h"
#include "support/policy_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>

namespace postern {
namespace {

namespace fs = std::filesystem;
using samples::moment;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using std::chrono_literals::operator""h;

constexpr const char* main_text = R"(include = ["rules/*.toml"]
[identity]
host = "mx1.example.org"
[table.partners]
kind = "cidr"
file = "partners.cidr"
[table.blocked]
kind = "cidr"
file = "blocked.cidr"
[[rule]]
name = "partners may send as nobody"
stage = "rcpt"
when = 'client.ip in partners and sender == "nobody@example.com"'
accept = "message"
[[rule]]
name = "blocked networks"
stage = "rcpt"
when = 'client.ip in blocked'
reject = "client-blocked"
)";
constexpr const char* rules_text = R"([[rule]]
name = "no forged sender"
stage = "rcpt"
when = 'sender == "forged@example.com"'
reject = "policy-reject"
)";

/// What compile_files() does, with the folders of an installation.
testing::Files old_files() {
  return {{"postern.toml", main_text},
          {"rules/a.toml", rules_text},
          {"partners.cidr", "192.0.2.0/24\n"},
          {"blocked.cidr", "198.51.100.0/24\n"}};
}

std::shared_ptr<const Policy> compiled(const testing::Files& files) {
  auto result = testing::compile_files(files);
  EXPECT_TRUE(result) << render(result.problems());
  return result ? result->policy : nullptr;
}

class KeptPolicies : public samples::SegmentFolder {
 protected:
  /// A pass under `policy` as the journal has it.
  Record compact_pass(std::shared_ptr<const Policy> policy) const {
    Record record = samples::at(samples::watched_by_shadow(), moment());
    record.facts = {};
    record.policy = policy;
    auto outcome = evaluate(*policy, record.transaction, record.facts);
    record.decision = std::get<Decision>(outcome);
    EXPECT_EQ(record.decision.verdict, Verdict::pass);
    EXPECT_TRUE(complete(record));
    EXPECT_EQ(record.detail, RecordDetail::compact);
    return record;
  }
  std::vector<std::string> kept(const std::string& ending) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(policies_.folder())) {
      if (entry.path().extension() == ending) names.push_back(entry.path().stem().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  void make_old(const std::string& digest) const {
    for (const auto& entry : fs::directory_iterator(policies_.folder())) {
      if (digest.empty() || entry.path().stem() == digest) {
        fs::last_write_time(entry.path(), fs::file_time_type::clock::from_sys(moment()));
      }
    }
  }
};

TEST_F(KeptPolicies, ARecordIsExplainedWithTheRulesOfItsDay) {
  const auto old = compiled(old_files());
  ASSERT_TRUE(old);
  ASSERT_THAT(policies_.keep(*old, moment()), IsEmpty());
  auto record = compact_pass(old);
  const auto whole = trail_of(*old, record.transaction, record.facts);
  ASSERT_THAT(whole, SizeIs(3));
  ASSERT_THAT(record.decision.trail, IsEmpty());

  // The rules change, the tables do not.
  auto now = old_files();
  now["postern.toml"] = std::string(main_text) +
                        "[[rule]]\nname = \"new\"\nstage = \"rcpt\"\n"
                        "when = 'sender == \"x@example.com\"'\nreject = \"policy-reject\"\n";
  now.erase("rules/a.toml");
  auto kept = kept_policy(policies_, record.policy_digest, testing::memory_reader(now));
  ASSERT_TRUE(kept) << render(kept.problems());
  EXPECT_THAT(kept->changed, IsEmpty());
  EXPECT_EQ(kept->policy->digest(), old->digest());
  EXPECT_EQ(expand_with(record, *kept), Expanded::whole);
  EXPECT_EQ(record.decision.trail, whole);
}

TEST_F(KeptPolicies, WhatATableThatHasChangedSaidIsLeftOutAndNotGuessed) {
  const auto old = compiled(old_files());
  ASSERT_THAT(policies_.keep(*old, moment()), IsEmpty());
  for (const bool gone : {false, true}) {
    auto record = compact_pass(old);
    record.facts = {};  // a record that does not tell what tables said
    auto now = old_files();
    now["blocked.cidr"] = "192.0.2.0/24\n";  // would refuse the client of then
    if (gone) now.erase("blocked.cidr");
    const auto kept = kept_policy(policies_, record.policy_digest, testing::memory_reader(now));
    ASSERT_TRUE(kept) << render(kept.problems());
    EXPECT_THAT(kept->changed, ElementsAre("blocked"));
    const auto expanded = expand_with(record, *kept);
    if (!gone) {
      // Another rule would decide now: nothing of what it says is to be trusted.
      EXPECT_EQ(expanded, Expanded::no);
      continue;
    }
    EXPECT_EQ(expanded, Expanded::partly);
    EXPECT_EQ(record.detail, RecordDetail::compact) << "its trail is not whole";
    ASSERT_THAT(record.decision.trail, SizeIs(2));
    EXPECT_EQ(record.decision.trail[0].rule.name, "partners may send as nobody");
    EXPECT_EQ(record.decision.trail[1].rule.name, "no forged sender");
  }
}

TEST_F(KeptPolicies, TheRulesOfAMaintenanceAreKeptToo) {
  Maintenance maintenance;
  maintenance.until = moment() + 2h;
  maintenance.text = "We move.";
  maintenance.file = "/var/log/postern/maintenance";
  const auto reader = testing::memory_reader(old_files());
  const CheckRegistry checks;
  const auto policy = with_maintenance(compiled(old_files()), &maintenance, reader, checks);
  ASSERT_TRUE(policy);
  ASSERT_THAT(policies_.keep(**policy, moment()), IsEmpty());
  const auto kept = kept_policy(policies_, (*policy)->digest(), reader);
  ASSERT_TRUE(kept) << render(kept.problems());
  EXPECT_EQ(kept->policy->digest(), (*policy)->digest());
  EXPECT_EQ(kept->policy->rules().front().place.name, maintenance_rule);
}

TEST_F(KeptPolicies, TestsOfThePolicyNeedNoWorldAnyMore) {
  auto files = old_files();
  files["postern.toml"] +=
      "[[test]]\nname = \"t\"\nstage = \"rcpt\"\ndns_file = \"world.toml\"\n"
      "client = { ip = \"203.0.113.1\" }\nsender = \"a@example.com\"\n"
      "recipient = \"b@example.org\"\nexpect = { verdict = \"pass\" }\n";
  files["world.toml"] = "\"example.com A\" = \"192.0.2.1\"\n";
  const auto old = compiled(files);
  ASSERT_TRUE(old);
  ASSERT_THAT(policies_.keep(*old, moment()), IsEmpty());
  EXPECT_TRUE(kept_policy(policies_, old->digest(), testing::memory_reader(old_files())));
}

TEST_F(KeptPolicies, EachTextIsKeptOnce) {
  const auto first = compiled(old_files());
  auto files = old_files();
  files["partners.cidr"] = "192.0.2.0/25\n";
  const auto second = compiled(files);
  ASSERT_NE(first->digest(), second->digest());
  for (const auto& policy : {first, second, first}) {
    ASSERT_THAT(policies_.keep(*policy, moment()), IsEmpty());
  }
  EXPECT_THAT(kept(".policy"), SizeIs(2));
  EXPECT_THAT(kept(".text"), SizeIs(2));
  const auto source = policies_.load(second->digest());
  ASSERT_TRUE(source);
  ASSERT_THAT(source->tables, SizeIs(2));
  EXPECT_EQ(source->tables[1].table, "partners");
  EXPECT_EQ(source->tables[1].entries, 1U);
  EXPECT_EQ(source->texts.at("rules/a.toml"), rules_text);
}

TEST_F(KeptPolicies, ATextThatIsNotWhatWasKeptIsNotBelieved) {
  const auto policy = compiled(old_files());
  ASSERT_THAT(policies_.keep(*policy, moment()), IsEmpty());
  const auto reader = testing::memory_reader(old_files());
  std::ofstream(policies_.folder() + "/" + kept(".text")[0] + ".text") << "rule";
  const auto kept_one = kept_policy(policies_, policy->digest(), reader);
  ASSERT_FALSE(kept_one);
  EXPECT_THAT(render(kept_one.problems()), HasSubstr("is not what was kept"));
  EXPECT_FALSE(kept_policy(policies_, "../../../etc/passwd", reader));
  EXPECT_FALSE(kept_policy(policies_, std::string(64, '0'), reader));
}

TEST_F(KeptPolicies, AreRemovedWhenNoRecordNamesThemAnyMore) {
  const auto first = compiled(old_files());
  auto files = old_files();
  files["rules/a.toml"] += "# changed\n";
  const auto second = compiled(files);
  files["rules/a.toml"] += "# once more\n";
  const auto third = compiled(files);
  for (const auto& policy : {first, second, third}) {
    ASSERT_THAT(policies_.keep(*policy, moment()), IsEmpty());
  }
  make_old("");
  auto record = samples::refusal(1);
  record.policy_digest = first->digest();
  closed(moment(1000), samples::line_of(record));
  record.policy_digest = second->digest();
  folder_.write("decisions.jsonl", samples::line_of(record));
  auto wish = settings();
  wish.keep = 24h;
  const auto kept_later = [&](std::chrono::hours later) {
    care(wish, moment() + later);
    std::set<std::string> names;
    for (const auto& name : kept(".policy")) names.insert(name);
    return names;
  };
  const std::set<std::string> all{first->digest(), second->digest(), third->digest()};
  EXPECT_EQ(kept_later(0h), all);
  EXPECT_EQ(kept_later(3h), all) << "the last one is in use";
  EXPECT_THAT(kept(".text"), SizeIs(4));
  // The segment goes, and with it what only it was made under.
  EXPECT_EQ(kept_later(48h), (std::set<std::string>{second->digest(), third->digest()}));
  EXPECT_THAT(kept(".text"), SizeIs(3));
  // Of files that another hand has rotated nobody knows what they hold.
  fs::rename(path_, path_ + ".1");
  folder_.write("decisions.jsonl", "");
  EXPECT_EQ(kept_later(49h), (std::set<std::string>{second->digest(), third->digest()}));
  fs::remove(path_ + ".1");
  EXPECT_EQ(kept_later(50h), (std::set<std::string>{third->digest()}));
}

TEST_F(KeptPolicies, TheJournalKeepsThePolicyBeforeARecordNamesIt) {
  const auto old = compiled(old_files());
  auto files = old_files();
  files["rules/a.toml"] += "# changed\n";
  const auto newer = compiled(files);
  {
    auto wish = settings();
    wish.segment_age = 24h * 365 * 100;
    Journal journal(wish, {}, 1000, {});
    for (const auto& policy : {old, newer, old}) {
      auto record = samples::refusal(1);
      record.policy = policy;
      journal.submit(record);
    }
  }
  for (const auto& policy : {old, newer}) {
    EXPECT_TRUE(kept_policy(policies_, policy->digest(), testing::memory_reader(files)));
  }
}

TEST_F(KeptPolicies, AFolderThatCannotBeMadeIsToldOnceAndCostsNoRecord) {
  folder_.write("decisions.jsonl.policies", "a file");
  std::vector<std::string> said;
  {
    auto wish = settings();
    wish.segment_age = 24h * 365 * 100;
    // Called from the writer's thread and the keeper's.
    std::mutex saying;
    Journal journal(wish, {}, 1000, {}, [&](const std::string& message) {
      const std::lock_guard lock(saying);
      said.push_back(message);
    });
    for (int i = 0; i < 3; ++i) {
      auto record = samples::refusal(i);
      record.policy = compiled(old_files());
      journal.submit(record);
      journal.flush();
    }
  }
  EXPECT_THAT(samples::walked(path_), SizeIs(3));
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_THAT(said[0], HasSubstr("the policy is not kept"));
}

}  // namespace
}  // namespace postern
