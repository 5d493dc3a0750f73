#include "journal/replay.h"

#include "journal/samples.h"
#include "support/sample_check.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A rule of every kind: tables, checks with and without a price, an accept whose missing answer
// softens, shadow, own text, an own code.
const std::string policy_text = R"(
[identity]
host = "mx1.example.org"
contact = "postmaster@example.org"

[table.partners]
kind = "cidr"
entries = ["192.0.2.0/28"]

[table.users]
kind = "address"
entries = ["bob@example.org", "postmaster@example.org"]

[[rule]]
name = "Sunday afternoon"
when = 'time in "12:00-18:00" and weekday == "sun"'
accept = "stage"

[[rule]]
name = "good ones are welcome"
stage = "rcpt"
when = 'sample_a == "good" and client.ip in partners'
accept = "message"

[[rule]]
name = "watch the odd"
stage = "rcpt"
when = 'sample_b == "odd"'
reject = "policy-reject"
mode = "shadow"

[[rule]]
name = "bad ones"
stage = "rcpt"
when = 'sample_dns == "bad" or sample_spf == "bad"'
reject = "client-blocked"
text = "We take no mail from {client_address|you}."

[[rule]]
name = "odd ones"
stage = "rcpt"
when = 'sample_b == "odd"'
score = { spam = 2.5 }

[[rule]]
name = "known ones"
stage = "rcpt"
when = 'sample_a == "good"'
score = { spam = -1 }

[[rule]]
name = "all together"
stage = "rcpt"
when = 'score.spam >= 2'
reject = "policy-reject"

[[rule]]
name = "unknown recipients"
stage = "rcpt"
when = 'recipient not in users'
reject = "rcpt-unknown"

[[rule]]
name = "too often"
stage = "rcpt"
when = 'sample_costly == "high"'
defer = "greylisted"
)";

std::shared_ptr<const Policy> compile(const std::string& text) {
  auto compiled = Policy::compile(
      "postern.toml",
      FileReader([&text](const std::string&) -> Result<std::string> { return text; }),
      test::sample_checks());
  EXPECT_TRUE(compiled) << render(compiled.problems());
  return compiled ? compiled->policy : nullptr;
}

Answer any_answer(std::mt19937& random, const Question& question) {
  if (random() % 4 == 0) return Answer::unavailable(random() % 2 == 0 ? "deadline" : "servfail");
  const std::vector<std::string> words = question.subject == "sample_costly"
                                             ? std::vector<std::string>{"low", "high"}
                                             : std::vector<std::string>{"good", "bad", "odd"};
  Answer answer = Answer::found({words[random() % words.size()]});
  answer.source.name = "network";
  answer.source.elapsed = std::chrono::microseconds(random() % 5000);
  return answer;
}

Transaction any_transaction(std::mt19937& random) {
  Transaction transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.reference =
      Reference::make(transaction.time, 3, static_cast<unsigned>(random() % 256));
  const auto clients = {"192.0.2.7", "198.51.100.9", "2001:db8::7"};
  transaction.client.address = IpAddress::parse(*(clients.begin() + random() % clients.size()));
  if (random() % 8 == 0) transaction.client.address.reset();
  if (random() % 2 == 0) transaction.recipient = MailAddress::from_envelope("<eve@example.org>");
  if (random() % 4 == 0) {
    transaction.recipient = MailAddress::from_envelope(samples::any_octets(random, 20));
  }
  transaction.helo = samples::any_octets(random, 20);
  // A quarter past three, or a zone in which it is another part of the day.
  transaction.utc_offset = std::chrono::hours(random() % 24) - std::chrono::hours(11);
  return transaction;
}

// As the driver does it, shadow rules' questions included.
Record decide(const Policy& policy, Transaction transaction, std::mt19937& random) {
  Record record;
  record.transaction = std::move(transaction);
  record.policy_digest = policy.digest();
  for (int round = 0; round < 100; ++round) {
    auto outcome = evaluate(policy, record.transaction, record.facts);
    std::vector<Question> questions;
    if (auto* more = std::get_if<NeedsMore>(&outcome)) {
      questions = more->questions;
    } else {
      record.decision = std::get<Decision>(std::move(outcome));
      questions = shadow_questions(policy, record.transaction, record.facts);
      if (questions.empty()) return record;
    }
    for (const auto& question : questions) {
      record.facts.add(question, any_answer(random, question));
    }
  }
  ADD_FAILURE() << "no decision";
  return record;
}

Record through_the_journal(const Record& record) {
  auto read = record_from_json(to_json(record));
  EXPECT_TRUE(read) << render(read.problems()) << to_json(record);
  return read ? std::move(read).value() : Record{};
}

/// What the journal makes of a record whose trail was left to it.
Record completed(Record record, const std::shared_ptr<const Policy>& policy) {
  record.decision.trail.clear();
  record.decision.trail_state = TrailState::left_out;
  record.policy = policy;
  complete(record);
  return record;
}

TEST(Replay, OfACompactRecordGivesItsDecisionAndTheTrailThatWasLeftOut) {
  const auto policy = compile(policy_text);
  ASSERT_NE(policy, nullptr);
  std::mt19937 random(7);
  int compact = 0;
  int shorter = 0;
  for (int round = 0; round < 2000; ++round) {
    const Record whole = decide(*policy, any_transaction(random), random);
    Record read = through_the_journal(completed(whole, policy));
    const bool passes =
        whole.decision.verdict == Verdict::pass || whole.decision.verdict == Verdict::accept;
    ASSERT_EQ(read.detail == RecordDetail::compact, passes) << to_json(read);
    ASSERT_THAT(differences(read.decision, replay(*policy, read)), IsEmpty()) << to_json(read);
    compact += passes ? 1 : 0;
    shorter += read.decision.trail.size() < whole.decision.trail.size() ? 1 : 0;
    ASSERT_EQ(expand(read, *policy), passes);
    ASSERT_EQ(read.detail, RecordDetail::full);
    ASSERT_EQ(read.decision, whole.decision) << to_json(read);
  }
  EXPECT_GT(compact, 100);
  EXPECT_GT(shorter, 100);
}

TEST(Replay, ATrailMadeBeforeIsCutToTheSameCompactRecord) {
  const auto policy = compile(policy_text);
  ASSERT_NE(policy, nullptr);
  std::mt19937 random(8);
  for (int round = 0; round < 500; ++round) {
    const Record whole = decide(*policy, any_transaction(random), random);
    Record cut = whole;
    cut.policy = policy;
    complete(cut);
    ASSERT_EQ(to_json(cut), to_json(completed(whole, policy)));
  }
}

TEST(Replay, AcceptsAreRecordedWholeWhenThePolicyWantsIt) {
  const auto policy = compile(std::string("journal.accepts = \"full\"\n") + policy_text);
  ASSERT_NE(policy, nullptr);
  std::mt19937 random(9);
  int passes = 0;
  for (int round = 0; round < 200; ++round) {
    const Record whole = decide(*policy, any_transaction(random), random);
    const Record record = completed(whole, policy);
    ASSERT_EQ(record.detail, RecordDetail::full);
    ASSERT_EQ(record.decision, whole.decision);
    passes += whole.decision.verdict == Verdict::pass ? 1 : 0;
  }
  EXPECT_GT(passes, 10);
}

TEST(Replay, WithoutRecordsOfAcceptsOnlyPassesThatTellSomethingAreKept) {
  const auto policy =
      compile(std::string("journal.accepts = \"none\"\nlog.accepts = false\n") + policy_text);
  ASSERT_NE(policy, nullptr);
  std::mt19937 random(11);
  int kept = 0;
  int dropped = 0;
  for (int round = 0; round < 2000; ++round) {
    const Record whole = decide(*policy, any_transaction(random), random);
    const auto& decision = whole.decision;
    const bool passes = decision.verdict == Verdict::pass || decision.verdict == Verdict::accept;
    const bool tells =
        std::any_of(decision.trail.begin(), decision.trail.end(), [](const TrailEntry& entry) {
          return entry.note == TrailNote::shadow || entry.truth == Truth::unavailable;
        });
    Record record = whole;
    record.decision.trail.clear();
    record.decision.trail_state = TrailState::left_out;
    record.policy = policy;
    Decision asked = record.decision;
    ASSERT_EQ(what_is_kept(*policy, record.transaction, record.facts, asked),
              !passes || tells ? Kept::record : Kept::nothing)
        << to_json(whole);
    ASSERT_EQ(complete(record), !passes || tells) << to_json(whole);
    if (passes) {
      record.decision = asked;
      record.policy = policy;
      ASSERT_EQ(complete(record), tells) << "the doors hand on what they have made of the trail";
    }
    (!passes || tells ? kept : dropped) += 1;
  }
  EXPECT_GT(kept, 100);
  EXPECT_GT(dropped, 100);
}

TEST(Replay, APassIsWorthALineWhenOnlyTheLogWantsAccepts) {
  const auto policy = compile(std::string("journal.accepts = \"none\"\n") + policy_text);
  ASSERT_NE(policy, nullptr);
  Decision pass;
  EXPECT_EQ(what_is_kept(*policy, {}, {}, pass), Kept::line);
  pass.trail.emplace_back();
  pass.trail.back().mode = RuleMode::shadow;
  EXPECT_EQ(what_is_kept(*policy, {}, {}, pass), Kept::line) << "it said no";
  pass.trail.back().truth = Truth::yes;
  pass.trail.back().note = TrailNote::shadow;
  EXPECT_EQ(what_is_kept(*policy, {}, {}, pass), Kept::record);
}

TEST(Replay, RepeatsAndJoinsOfWhatHasNoRecordUsedToBeWritten) {
  const auto policy = compile(std::string("journal.accepts = \"none\"\n") + policy_text);
  ASSERT_NE(policy, nullptr);
  for (const auto kind : {RecordKind::repeat, RecordKind::join}) {
    for (const auto kept : {Kept::line, Kept::record}) {
      Record record;
      record.kind = kind;
      record.policy = policy;
      record.of_decision = kept;
      EXPECT_EQ(complete(record), kept == Kept::record) << to_text(kind);
      EXPECT_EQ(record.host, policy->settings().identity.host) << "the log line names it";
    }
  }
}

TEST(Replay, ATrailCalledUnremarkableHasNothingRemarkable) {
  // A shadow rule may always have something to say.
  auto text = policy_text;
  const std::string shadow = "mode = \"shadow\"\n";
  text.erase(text.find(shadow), shadow.size());
  const auto policy = compile(text);
  ASSERT_NE(policy, nullptr);
  std::mt19937 random(12);
  int unremarkable = 0;
  for (int round = 0; round < 2000; ++round) {
    const Record whole = decide(*policy, any_transaction(random), random);
    const auto brief = evaluate(*policy, whole.transaction, whole.facts, Detail::verdict);
    const auto& decision = std::get<Decision>(brief);
    if (decision.trail_state != TrailState::left_out_unremarkable) continue;
    ++unremarkable;
    ASSERT_TRUE(std::none_of(whole.decision.trail.begin(), whole.decision.trail.end(),
                             [](const TrailEntry& entry) { return is_remarkable(entry); }))
        << to_json(whole);
  }
  EXPECT_GT(unremarkable, 10);
}

TEST(Replay, AnotherPolicyDoesNotExpandACompactRecord) {
  const auto policy = compile(policy_text);
  const auto other = compile(std::string(policy_text) + "\n# changed\n");
  ASSERT_TRUE(policy && other);
  std::mt19937 random(10);
  for (int round = 0; round < 100; ++round) {
    Record record = completed(decide(*policy, any_transaction(random), random), policy);
    if (record.detail != RecordDetail::compact) continue;
    const auto before = to_json(record);
    EXPECT_FALSE(expand(record, *other));
    EXPECT_EQ(to_json(record), before);
  }
}

TEST(Replay, GivesTheRecordedDecisionReplyIncluded) {
  const auto policy = compile(policy_text);
  ASSERT_NE(policy, nullptr);
  std::mt19937 random(20261121);
  std::map<std::string, int> seen;
  for (int round = 0; round < 2000; ++round) {
    const Record record = decide(*policy, any_transaction(random), random);
    const Record read = through_the_journal(record);
    std::vector<Question> missing;
    const Decision again = replay(*policy, read, &missing);
    ASSERT_THAT(missing, IsEmpty());
    ASSERT_EQ(again, record.decision) << to_json(record);
    ASSERT_EQ(again.reply, record.decision.reply);
    ASSERT_THAT(differences(read.decision, again), IsEmpty());
    ++seen[std::string(to_text(again.verdict)) + (again.softened_by.empty() ? "" : " softened")];
  }
  // A property that only ever saw one kind of decision would prove nothing.
  EXPECT_GT(seen["accept"], 10);
  EXPECT_GT(seen["reject"], 10);
  EXPECT_GT(seen["defer"], 10);
  EXPECT_GT(seen["pass"], 10);
  EXPECT_GT(seen["defer softened"], 10);
}

TEST(Replay, AnswersWhatWasNeverAskedWithUnavailableAndNamesIt) {
  const auto policy = compile(policy_text);
  ASSERT_NE(policy, nullptr);
  std::mt19937 random(1);
  Record record = decide(*policy, test::ordinary_transaction(Stage::rcpt), random);
  record.facts = {};
  std::vector<Question> missing;
  const Decision again = replay(*policy, record, &missing);
  EXPECT_FALSE(missing.empty());
  EXPECT_NE(again.verdict, Verdict::reject);
}

TEST(Replay, TellsUnderAChangedPolicyWhatHasChanged) {
  const auto policy = compile(policy_text);
  std::string changed_text = policy_text;
  changed_text.replace(changed_text.find("recipient not in users"), 22, "recipient in users    ");
  const auto changed = compile(changed_text);
  ASSERT_NE(policy, nullptr);
  ASSERT_NE(changed, nullptr);
  Record record;
  record.transaction = test::ordinary_transaction(Stage::rcpt);
  for (const auto* name : {"sample_a", "sample_b"}) {
    record.facts.add(test::sample_question(name), Answer::found({"good"}));
  }
  record.facts.add(test::sample_question("sample_dns", QuestionKind::dns), Answer::found({"good"}));
  record.facts.add(test::sample_question("sample_spf", QuestionKind::spf), Answer::found({"good"}));
  record.transaction.client.address = IpAddress::parse("198.51.100.9");
  record.facts.add(
      test::sample_question("sample_costly", QuestionKind::store, QuestionCost::costly),
      Answer::found({"low"}));
  record.decision = replay(*policy, record);
  EXPECT_EQ(record.decision.verdict, Verdict::pass);
  const auto found = differences(record.decision, replay(*changed, record));
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front(), (Difference{"verdict", "pass", "reject"}));
}

TEST(Replay, ShowsAVerdictThatSomebodyAltered) {
  const auto policy = compile(policy_text);
  ASSERT_NE(policy, nullptr);
  std::mt19937 random(4);
  Transaction transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.recipient = MailAddress::from_envelope("<eve@example.org>");
  transaction.client.address = IpAddress::parse("198.51.100.9");
  Record record;
  do {
    record = decide(*policy, transaction, random);
  } while (record.decision.verdict != Verdict::reject);
  std::string line = to_json(record);
  const std::string wanted = "\"decision\":{\"verdict\":\"reject\"";
  line.replace(line.find(wanted), wanted.size(), "\"decision\":{\"verdict\":\"accept\"");
  const auto read = record_from_json(line);
  ASSERT_TRUE(read) << render(read.problems());
  EXPECT_THAT(differences(read->decision, replay(*policy, *read)),
              ElementsAre(Difference{"verdict", "accept", "reject"}));
}

TEST(Differences, AreFoundInEveryPartOfADecision) {
  const Decision recorded = samples::full().decision;
  const auto one_change = [&recorded](auto change) {
    Decision changed = recorded;
    change(changed);
    const auto found = differences(recorded, changed);
    EXPECT_THAT(found, SizeIs(1));
    return found.empty() ? std::string() : found.front().what;
  };
  EXPECT_THAT(differences(recorded, recorded), IsEmpty());
  EXPECT_EQ(one_change([](Decision& d) { d.verdict = Verdict::defer; }), "verdict");
  EXPECT_EQ(one_change([](Decision& d) { d.scope.reset(); }), "scope");
  EXPECT_EQ(one_change([](Decision& d) { ++d.rule->line; }), "rule");
  EXPECT_EQ(one_change([](Decision& d) { d.reason = find_reason("spam"); }), "reason");
  EXPECT_EQ(one_change([](Decision& d) { d.reply.reset(); }), "reply");
  EXPECT_EQ(one_change([](Decision& d) { d.softened_by += "x"; }), "softened by");
  EXPECT_EQ(one_change([](Decision& d) { d.softened_from += "x"; }), "softened from");
  EXPECT_EQ(one_change([](Decision& d) { d.missing.reset(); }), "missing");
  EXPECT_EQ(one_change([](Decision& d) { d.trail[1].truth = Truth::yes; }), "trail, entry 2");
  EXPECT_EQ(one_change([](Decision& d) { d.trail.pop_back(); }), "trail, entry 3");
}

}  // namespace
}  // namespace postern
