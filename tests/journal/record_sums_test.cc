#include "journal/record_sums.h"

#include "journal/sample_mail.h"
#include "journal/silent_rules.h"
#include "journal/stats.h"
#include "support/policy_text.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace postern {
namespace {

using namespace std::chrono;
using testing::add_fact;
using testing::add_shadow;
using testing::sample_day;
using testing::sample_decision;

TimeSpan week() { return {sample_day(), sample_day() + hours{7 * 24}}; }

/// The same without bounds, and as simply as can be.
struct PlainCount {
  std::map<std::string, std::uint64_t> numbers;

  void add(const Record& record) {
    const auto& transaction = record.transaction;
    const auto& decision = record.decision;
    const auto outcome = std::string(to_text(fate_of(decision.verdict)));
    const auto count = [&](const std::string& what) { ++numbers[what]; };
    count("decisions");
    count("verdict " + std::string(to_text(decision.verdict)));
    count("door " + std::string(to_text(transaction.door)) + ' ' + outcome);
    const auto domain = transaction.sender.value().domain();
    count("sender " + (domain.empty() ? "<>" : domain) + ' ' + outcome);
    std::string network = transaction.door == Door::milter ? "(local)" : "(not told)";
    if (transaction.client.address) {
      auto text = transaction.client.address->text();
      // "198.51.7.9" and "2001:db8:0:7::1".
      network = text.find(':') == std::string::npos ? text.substr(0, text.rfind('.')) + ".0/24"
                                                    : text.substr(0, text.find("::")) + "::/64";
      if (text == "2001:db8::1") network = "2001:db8::/64";
    }
    count("network " + network + ' ' + outcome);
    const auto step = (transaction.time - sample_day()) / hours{2};
    count("step " + std::to_string(step) + ' ' + outcome);
    if (decision.reason != nullptr) {
      count("reason " + std::string(decision.reason->id));
      count("rule " + decision.rule->name);
      count("reason step " + std::string(decision.reason->id) + std::to_string(step));
      count("code " + decision.reply->code().text());
    }
    auto with_shadow = decision.verdict;
    for (const auto& entry : decision.trail) {
      if (entry.note != TrailNote::shadow) continue;
      count("shadow " + outcome);
      with_shadow = entry.verdict;
    }
    count("with shadow " + std::string(to_text(with_shadow)));
    bool late = false;
    for (const auto& [question, answer] : record.facts.all()) {
      count("asked");
      const bool missing = answer.state == Answer::State::unavailable;
      if (missing) count("missing");
      if (missing) count("missing step " + std::to_string(step));
      if (!missing && answer.source.name == "cache") count("cached");
      late = late || missing;
    }
    if (late) count("late");
  }
};

std::map<std::string, std::uint64_t> numbers_of(const RecordSums& sums) {
  std::map<std::string, std::uint64_t> numbers;
  const auto set = [&](const std::string& what, std::uint64_t number) {
    if (number > 0) numbers[what] = number;
  };
  const auto set_outcomes = [&](const std::string& what, const MailFates& outcomes) {
    for (std::size_t i = 0; i < mail_fate_count; ++i) {
      const auto outcome = static_cast<MailFate>(i);
      set(what + ' ' + std::string(to_text(outcome)), outcomes.of(outcome));
    }
  };
  set("decisions", sums.decisions());
  set("late", sums.late());
  for (const auto verdict : {Verdict::pass, Verdict::accept, Verdict::reject, Verdict::defer,
                             Verdict::discard, Verdict::quarantine}) {
    set("verdict " + std::string(to_text(verdict)), sums.verdict(verdict));
    set("with shadow " + std::string(to_text(verdict)), sums.verdict_with_shadow(verdict));
  }
  const std::pair<SumsKey, std::string> keys[] = {
      {SumsKey::door, "door"}, {SumsKey::sender_domain, "sender"}, {SumsKey::network, "network"}};
  for (const auto& [key, name] : keys) {
    for (const auto& row : sums.by(key).top(sums.by(key).size())) {
      set_outcomes(name + ' ' + std::string(row.key), row.entry->value.outcomes);
    }
  }
  for (const auto& row : sums.by(SumsKey::code).top(100)) {
    set("code " + std::string(row.key), row.entry->hits);
  }
  for (std::size_t step = 0; step < sums.steps().size(); ++step) {
    set_outcomes("step " + std::to_string(step), sums.over_time()[step].outcomes);
    set("missing step " + std::to_string(step), sums.over_time()[step].unavailable[0]);
  }
  for (const auto& row : sums.reasons().top(100)) {
    const auto& sum = row.entry->value;
    set("reason " + std::string(row.key), sum.outcomes.all());
    for (std::size_t step = 0; step < sums.steps().size(); ++step) {
      set("reason step " + std::string(row.key) + std::to_string(step), sum.over_time.at(step));
    }
  }
  for (const auto& row : sums.rules().top(100)) {
    set("rule " + std::string(row.key), row.entry->value.decided.all());
  }
  for (const auto& row : sums.shadows().top(100)) {
    set_outcomes("shadow", row.entry->value.outcomes);
  }
  for (const auto& row : sums.dependencies().top(100)) {
    EXPECT_EQ(row.key, "dns zen.example");
    set("asked", row.entry->hits);
    set("missing", row.entry->value.unavailable);
    set("cached", row.entry->value.cached);
  }
  return numbers;
}

TEST(RecordSums, AreThoseOfAnObviousCountOnRandomRecords) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    testing::SampleMail mail(seed);
    RecordSums sums(week());
    PlainCount reference;
    for (int i = 0; i < 3000; ++i) {
      const auto record = mail.next();
      sums.add(record);
      reference.add(record);
    }
    EXPECT_EQ(numbers_of(sums), reference.numbers) << "seed " << seed;
  }
}

TEST(RecordSums, HaveABoundWhateverTheRecordsHold) {
  RecordSums sums(week());
  const int records = 45'000;
  for (int i = 0; i < records; ++i) {
    const auto number = std::to_string(i);
    auto record = sample_decision(sample_day() + seconds(i), Verdict::reject, "dnsbl-listed");
    record.host = "host" + number;
    record.policy_digest = number;
    record.decision.rule->name = "rule " + number;
    record.transaction.sender =
        MailAddress::from_unquoted(std::string(9000, 'x') + "@d" + number + ".example");
    record.transaction.recipient = MailAddress::from_unquoted("b@r" + number + ".example");
    record.transaction.client.address = IpAddress::from_v6(
        {0x20, 1, 0xd, 0xb8, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
    add_shadow(record, "shadow " + number, Verdict::defer, "reason " + number);
    add_fact(record, QuestionKind::dns, "A", number + ".of" + number + ".example", {},
             "cause " + number);
    sums.add(record);
  }
  EXPECT_EQ(sums.decisions(), static_cast<std::uint64_t>(records));
  for (std::size_t key = 0; key < sums_key_count; ++key) {
    EXPECT_LE(sums.by(static_cast<SumsKey>(key)).size(), 20'000U);
  }
  EXPECT_LE(sums.rules().size(), 10'000U);
  EXPECT_LE(sums.reasons().size(), 500U);
  EXPECT_LE(sums.policies().size(), 1'000U);
  EXPECT_LE(sums.shadows().size(), 1'000U);
  EXPECT_LE(sums.dependencies().size(), 1'000U);
  for (const auto& row : sums.shadows().top(1000)) {
    for (const auto& sample : row.entry->value.samples) EXPECT_LE(sample.sender.size(), 255U);
  }
  for (const auto& row : sums.dependencies().top(1000)) {
    EXPECT_LE(row.entry->value.causes.size(), 6U);
  }
  // What is not known is said: no rule can be called silent any more.
  EXPECT_GT(sums.rules().missed(), 0U);
  EXPECT_EQ(sums.all_by(SumsKey::sender_domain).of(MailFate::refused),
            static_cast<std::uint64_t>(records));
}

TEST(RecordSums, HoldOnlyDecisionsOfTheirTime) {
  RecordSums sums(week());
  sums.add(sample_decision(week().since - microseconds{1}, Verdict::pass));
  sums.add(sample_decision(week().since, Verdict::pass));
  sums.add(sample_decision(week().until - microseconds{1}, Verdict::pass));
  sums.add(sample_decision(week().until, Verdict::pass));
  auto repeat = sample_decision(week().since, Verdict::pass);
  repeat.kind = RecordKind::repeat;
  sums.add(repeat);
  auto join = repeat;
  join.kind = RecordKind::join;
  sums.add(join);
  EXPECT_EQ(sums.decisions(), 2U);
  EXPECT_EQ(sums.repeats(), 1U);
  EXPECT_EQ(sums.times()->first, week().since);
  EXPECT_EQ(sums.times()->second, week().until - microseconds{1});
}

TEST(RecordSums, KnowABlockListByItsZoneAndOthersByWhatSomebodyRegistered) {
  const std::pair<const char*, const char*> names[] = {
      {"7.2.0.192.zen.spamhaus.org", "dns zen.spamhaus.org"},
      {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.spamhaus.org",
       "dns zen.spamhaus.org"},
      {"7.2.0.192.in-addr.arpa", "dns in-addr.arpa"},
      {"1.2.3.4.5.6.ip6.arpa", "dns ip6.arpa"},
      {"mail.example.co.uk", "dns example.co.uk"},
      {"4.3.2.1.example", "dns 1.example"},
      {"a.b.c", "dns b.c"},
      {"", "dns "}};
  for (const auto& [key, name] : names) {
    RecordSums sums(week());
    auto record = sample_decision(sample_day(), Verdict::pass);
    add_fact(record, QuestionKind::sender_dns, "A", key, microseconds{10});
    sums.add(record);
    EXPECT_EQ(sums.dependencies().top(1).at(0).key, name) << key;
  }
}

TEST(RecordSums, CountRecipientsOfOneDomainTogether) {
  RecordSums sums(week());
  auto record = sample_decision(sample_day(), Verdict::pass);
  record.transaction.stage = Stage::end_of_message;
  record.transaction.recipient = {};
  std::vector<AcceptedRecipient> recipients(2);
  recipients[0].address = MailAddress::from_unquoted("a@example.org");
  recipients[1].address = MailAddress::from_unquoted("b@example.org");
  record.transaction.recipients = recipients;
  sums.add(record);
  recipients[1].address = MailAddress::from_unquoted("b@example.com");
  record.transaction.recipients = recipients;
  sums.add(record);
  EXPECT_EQ(sums.by(SumsKey::recipient_domain).total(), 1U);
  EXPECT_EQ(sums.by(SumsKey::recipient_domain).find("example.org")->hits, 1U);
}

TEST(RecordSums, KeepTheNewestSamplesThatAShadowRuleWouldHaveTreatedOtherwise) {
  RecordSums sums(week());
  const auto add = [&](int minute, Verdict verdict) {
    auto record = sample_decision(sample_day() + minutes(minute), verdict,
                                  verdict == Verdict::reject ? "dnsbl-listed" : "");
    add_shadow(record, "stricter", Verdict::reject, "client-blocked");
    sums.add(record);
  };
  const auto& samples = [&]() -> const std::vector<SumsSample>& {
    return sums.shadows().top(1).at(0).entry->value.samples;
  };
  add(0, Verdict::reject);
  ASSERT_EQ(samples().size(), 1U) << "better than none";
  for (int i = 1; i <= 7; ++i) add(i, Verdict::pass);
  add(8, Verdict::reject);
  ASSERT_EQ(samples().size(), 5U);
  EXPECT_EQ(samples().front().time, sample_day() + minutes{3});
  EXPECT_EQ(samples().back().time, sample_day() + minutes{7});
  EXPECT_EQ(samples().back().recipient, "bob@example.org");
  EXPECT_EQ(sums.shadows().top(1)[0].entry->value.outcomes.of(MailFate::let_in), 7U);
  EXPECT_EQ(sums.reasons().find("client-blocked")->value.shadow, 9U);
}

TEST(RecordSums, CountADecisionOnceHoweverManyShadowRulesSaidYes) {
  RecordSums sums(week());
  auto record = sample_decision(sample_day(), Verdict::pass, {});
  add_shadow(record, "one", Verdict::reject, "client-blocked");
  add_shadow(record, "another", Verdict::reject, "client-blocked");
  sums.add(record);
  sums.add(record);
  sums.add(sample_decision(sample_day(), Verdict::pass, {}));
  EXPECT_EQ(sums.changed_by_shadow(), 2U);
}

TEST(RecordSums, CountCodesAsClientsSawThem) {
  RecordSums sums(week());
  auto record = sample_decision(sample_day(), Verdict::reject, "rcpt-unknown");
  record.sent = SentReply{};
  record.sent->expected = {"550 5.1.0 User unknown"};
  sums.add(record);
  EXPECT_NE(sums.by(SumsKey::code).find("550"), nullptr);
  EXPECT_NE(sums.by(SumsKey::enhanced_code).find("5.1.0"), nullptr);
  EXPECT_EQ(sums.by(SumsKey::enhanced_code).find("5.1.1"), nullptr);
}

TEST(RecordSums, SayWhoseAnswersWereSlowOrCameNot) {
  RecordSums sums(week());
  for (int i = 0; i < 10; ++i) {
    auto record = sample_decision(sample_day() + minutes(i), Verdict::pass);
    add_fact(record, QuestionKind::store, "seen", "x", milliseconds(1 + i));
    add_fact(record, QuestionKind::table, "partners", "x", {}, i == 0 ? "cannot be read" : "");
    add_fact(record, QuestionKind::upstream, "scanner", "x", {}, i < 2 ? "deadline" : "");
    if (i == 9) {
      record.transaction.reference = Reference::make(sample_day(), 7, 7);
    }
    sums.add(record);
  }
  const auto& store = sums.dependencies().find("store seen")->value;
  EXPECT_EQ(store.times.count(), 10U);
  EXPECT_EQ(store.times.longest(), milliseconds{10});
  EXPECT_EQ(store.slowest, Reference::make(sample_day(), 7, 7).text());
  EXPECT_EQ(store.unavailable, 0U);
  EXPECT_EQ(sums.dependencies().find("table partners")->value.unavailable, 1U);
  const auto& scanner = sums.dependencies().find("upstream scanner")->value;
  EXPECT_EQ(scanner.late, 2U);
  EXPECT_EQ(scanner.cached, 8U);
  ASSERT_EQ(scanner.causes.size(), 1U);
  EXPECT_EQ(scanner.causes[0].first, "deadline");
  EXPECT_EQ(sums.late(), 2U);
  EXPECT_EQ(sums.over_time()[0].unavailable, (std::array<std::uint64_t, 4>{0, 0, 1, 2}));
}

TEST(RecordSums, ARecordOfAShareCountsForAllThatItStandsFor) {
  RecordSums sums(week());
  for (int i = 0; i < 10; ++i) {
    auto record = sample_decision(sample_day() + minutes(i), Verdict::pass);
    record.share = 30;
    record.elapsed = milliseconds{2};
    sums.add(record);
    record.share = i < 2 ? 5 : 0;
    sums.add(record);
    sums.add(sample_decision(sample_day() + minutes(i), Verdict::reject, "client-blocked"));
  }
  // 10 of 30%, 2 of 5%, 8 for themselves; and 10 refusals, of which each is recorded.
  EXPECT_EQ(sums.verdict(Verdict::pass), 33U + 40U + 8U);
  EXPECT_EQ(sums.verdict(Verdict::reject), 10U);
  EXPECT_EQ(sums.decisions(), 91U);
  EXPECT_EQ(sums.estimated(), 73U);
  EXPECT_EQ(sums.standing_for_others(), 12U);
  EXPECT_EQ(sums.over_time()[0].outcomes.of(MailFate::let_in), 81U);
  EXPECT_EQ(sums.by(SumsKey::network).find("192.0.2.0/24")->hits, 91U);
  EXPECT_EQ(sums.decision_times().count(), 91U);
  EXPECT_EQ(sums.decision_times().quantile(0.8), milliseconds{2});
}

TEST(RecordSums, TellWhereTheTimeWent) {
  RecordSums sums(week());
  for (int i = 1; i <= 4; ++i) {
    auto record = sample_decision(sample_day() + minutes(i), Verdict::pass);
    record.transaction.reference = Reference::make(sample_day(), 7, static_cast<unsigned>(i));
    record.elapsed = milliseconds{20 * i};
    if (i > 1) record.spent = TimeSpent{milliseconds{i}, milliseconds{19 * i}, {}};
    sums.add(record);
  }
  EXPECT_EQ(sums.in_rules().times.count(), 4U);
  EXPECT_EQ(sums.in_rules().times.longest(), milliseconds{20}) << "without parts all of it";
  EXPECT_EQ(sums.in_rules().slowest, Reference::make(sample_day(), 7, 1).text());
  EXPECT_EQ(sums.waiting().times.count(), 3U);
  EXPECT_EQ(sums.waiting().times.longest(), milliseconds{76});
  EXPECT_EQ(sums.waiting().slowest, Reference::make(sample_day(), 7, 4).text());
  EXPECT_EQ(sums.afterwards().times.count(), 0U);
}

constexpr const char* policy_of_four = R"([identity]
host = "mx1.example.org"
contact = "postmaster@example.org"
[listen]
policy = ["inet:127.0.0.1:10044"]
[[rule]]
name = "friends"
when = 'helo == "host1.example"'
accept = "session"
[[rule]]
name = "rule of client-blocked"
when = 'helo == "host2.example"'
reject = "client-blocked"
[[rule]]
name = "watched"
when = 'helo == "host3.example"'
reject = "client-blocked"
mode = "shadow"
[[rule]]
name = "never"
when = 'helo == "host4.example"'
reject = "client-blocked"
)";

TEST(SilentRules, AreThoseThatNeverSaidYes) {
  const auto policy = testing::compile_policy(policy_of_four);
  ASSERT_TRUE(policy);
  RecordSums sums(week());
  auto record = sample_decision(sample_day(), Verdict::reject, "client-blocked");
  record.policy_digest = policy->digest();
  add_shadow(record, "watched", Verdict::reject, "client-blocked");
  TrailEntry unanswered;
  unanswered.rule.name = "never";
  unanswered.truth = Truth::unavailable;
  record.decision.trail.push_back(unanswered);
  TrailEntry not_reached;
  not_reached.rule.name = "friends";
  not_reached.note = TrailNote::not_reached;
  record.decision.trail.push_back(not_reached);
  sums.add(record);
  sums.add(sample_decision(sample_day(), Verdict::pass));
  const auto silent = silent_rules(*policy, sums);
  EXPECT_EQ(silent.decisions, 1U);
  EXPECT_FALSE(silent.without_accepts);
  std::vector<std::string> told;
  for (const auto& rule : silent.rules) {
    told.push_back(rule.place.name + ' ' + std::to_string(rule.unanswered));
  }
  EXPECT_EQ(told, (std::vector<std::string>{"friends 0", "never 1"}));
}

TEST(SilentRules, LeaveOutAcceptsWhereNoneIsRecorded) {
  const auto policy =
      testing::compile_policy(std::string(policy_of_four) + "[journal]\naccepts = \"none\"\n");
  ASSERT_TRUE(policy);
  const auto silent = silent_rules(*policy, RecordSums(week()));
  EXPECT_TRUE(silent.without_accepts);
  EXPECT_EQ(silent.rules.size(), 3U);
}

TEST(RecordSums, ASuspendedListCountedAsAskedAndMissing) {
  RecordSums sums(week());
  auto record = sample_decision(week().since, Verdict::defer, "dependency-down");
  add_fact(record, QuestionKind::dns, "A", "7.2.0.192.zen.example", {},
           "the list is suspended: its test entries cannot be had");
  sums.add(record);
  const auto* entry = sums.dependencies().find("dns zen.example");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->value.suspended, 1U);
  EXPECT_EQ(entry->value.unavailable, 0U);
  StatsOptions options;
  options.by = StatsBy::dependency;
  const auto text = stats_text(sums, options);
  EXPECT_NE(text.find("suspended"), std::string::npos) << text;
  EXPECT_NE(stats_text(sums, {}).find("DNS, stores and tables"), std::string::npos)
      << "and it is shown";
}

TEST(RecordSums, AClientThatPostfixDidNotTellCountedAsLocal) {
  RecordSums sums(week());
  auto record = sample_decision(week().since, Verdict::pass);
  record.transaction.client = {};
  record.transaction.door = Door::policy;
  sums.add(record);
  record.transaction.door = Door::milter;
  sums.add(record);
  EXPECT_NE(sums.by(SumsKey::network).find("(not told)"), nullptr);
  EXPECT_NE(sums.by(SumsKey::network).find("(local)"), nullptr);
}

TEST(RecordSums, OneWasToldAsIfItWereSeveral) {
  RecordSums sums(week());
  auto record = sample_decision(week().since, Verdict::pass);
  record.share = 50;
  sums.add(record);
  record.kind = RecordKind::repeat;
  sums.add(record);
  const auto text = stats_text(sums, {});
  EXPECT_NE(text.find(" 1  question asked again, and not counted"), std::string::npos) << text;
  EXPECT_NE(text.find(" 2  of the decisions are an estimate: 1 record stands for them"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace postern
