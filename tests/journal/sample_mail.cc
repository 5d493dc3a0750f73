#include "journal/sample_mail.h"

#include "postern/reason.h"

#include <array>
#include <utility>

namespace postern::testing {
namespace {

using namespace std::chrono;

}  // namespace

Time sample_day() { return sys_days{year{2026} / November / 15}; }

Record sample_decision(Time time, Verdict verdict, std::string_view reason) {
  Record record;
  record.host = "mx1.example.org";
  record.engine = "0.1.0";
  record.policy_digest = std::string(64, 'd');
  record.elapsed = microseconds{200};
  auto& transaction = record.transaction;
  transaction.time = time;
  transaction.reference = Reference::make(time, 5, 1);
  transaction.stage = Stage::rcpt;
  transaction.door = Door::milter;
  transaction.client.address = IpAddress::parse("192.0.2.7");
  transaction.sender = MailAddress::from_envelope("anna@example.net");
  transaction.recipient = MailAddress::from_envelope("bob@example.org");
  auto& decision = record.decision;
  decision.verdict = verdict;
  if (reason.empty()) return record;
  decision.reason = find_reason(reason);
  const RulePlace place{"rule of " + std::string(reason), "rules/all.toml", 4, Stage::rcpt};
  decision.rule = place;
  ReplyText text;
  text.sentence = "We do not take this mail.";
  text.reference = "ref " + transaction.reference.text();
  if (const auto form = ReplyForm::parse(decision.reason->reply)) {
    if (auto reply = Reply::make(ReplyStage::rcpt, *form, text)) decision.reply = *reply;
  }
  TrailEntry entry;
  entry.rule = place;
  entry.truth = Truth::yes;
  entry.verdict = verdict;
  entry.reason = reason;
  decision.trail.push_back(std::move(entry));
  return record;
}

void add_shadow(Record& record, std::string rule, Verdict verdict, std::string reason) {
  TrailEntry entry;
  entry.rule = {std::move(rule), "rules/new.toml", 9, Stage::rcpt};
  entry.truth = Truth::yes;
  entry.note = TrailNote::shadow;
  entry.mode = RuleMode::shadow;
  entry.verdict = verdict;
  entry.reason = std::move(reason);
  record.decision.trail.insert(record.decision.trail.begin(), std::move(entry));
}

void add_fact(Record& record, QuestionKind kind, std::string subject, std::string key,
              microseconds time, std::string cause) {
  Answer answer = cause.empty() ? Answer::nothing() : Answer::unavailable(std::move(cause));
  answer.source.name = time.count() > 0 ? "network" : "cache";
  answer.source.elapsed = time;
  record.facts.add({kind, std::move(subject), std::move(key), QuestionCost::free},
                   std::move(answer));
}

Record SampleMail::next() {
  struct Kind {
    Verdict verdict;
    std::string_view reason;
  };
  static constexpr std::array kinds = {
      Kind{Verdict::pass, {}},
      Kind{Verdict::pass, {}},
      Kind{Verdict::accept, {}},
      Kind{Verdict::reject, "dnsbl-listed"},
      Kind{Verdict::reject, "rcpt-unknown"},
      Kind{Verdict::defer, "greylisted"},
      Kind{Verdict::discard, {}},
      Kind{Verdict::quarantine, {}},
  };
  const auto kind = kinds[below(kinds.size())];
  const auto time = sample_day() + microseconds(below(7ULL * 86'400 * 1'000'000));
  auto record = sample_decision(time, kind.verdict, kind.reason);
  auto& transaction = record.transaction;
  transaction.door = below(2) == 0 ? Door::milter : Door::policy;
  const auto net = std::to_string(below(1 + below(200)));
  transaction.client.address = IpAddress::parse("198.51." + net + "." + std::to_string(below(256)));
  if (below(5) == 0) transaction.client.address = IpAddress::parse("2001:db8:0:" + net + "::1");
  if (below(50) == 0) transaction.client.address.reset();
  transaction.sender =
      MailAddress::from_envelope("a@d" + std::to_string(below(1 + below(300))) + ".example");
  if (below(10) == 0) transaction.sender = MailAddress();
  record.elapsed = microseconds(below(5'000));
  if (below(10) == 0) add_shadow(record, "stricter", Verdict::reject, "client-blocked");
  if (below(3) == 0) {
    // Drawn one after the other: compilers differ in which argument they evaluate first.
    const auto* const cause = below(9) == 0 ? "deadline" : "";
    const microseconds time_of_answer(below(9'000));
    add_fact(record, QuestionKind::dns, "A", "7.2.0.192.zen.example", time_of_answer, cause);
  }
  return record;
}

}  // namespace postern::testing
