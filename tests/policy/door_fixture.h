// What tests of the policy door share: services with a clock turned by hand, a journal that keeps
// records, and an evaluator that does as the recipient's local part says.
#pragma once

#include "checks/check.h"
#include "policy/codec.h"
#include "policy/responder.h"
#include "postern/policy.h"
#include "reply/compose.h"
#include "runtime/services.h"
#include "support/fake_clock.h"
#include "support/fake_source.h"
#include "support/policy_client.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace postern::policy_door::test {

using namespace postern::test;

/// The decision lies in the recipient's local part (at earlier stages in the HELO name's first
/// label): a reason's id refuses with it, "accept" and "settle" accept for the stage and the
/// message, "discard" and "quarantine" do so, "ask" refuses when the question "ask" is answered
/// with "yes", "shadow" passes with a shadow rule that would have refused, "wonder" passes with a
/// shadow rule that asks that question first, "fail" throws; anything else passes.
class ObedientRules final : public Evaluator {
 public:
  static Question question() { return {QuestionKind::sample, "ask", "key"}; }

  std::variant<Decision, NeedsMore> evaluate(const Policy*, const Transaction& transaction,
                                             const Facts& facts) const override {
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(transaction);
    }
    auto word = transaction.recipient.value().local();
    if (word.empty()) word = transaction.helo.value().substr(0, transaction.helo.value().find('.'));
    if (word == "fail") throw std::runtime_error("failing as told");
    Decision decision;
    decision.effects = effects;
    if (word == "discard" || word == "quarantine") {
      decision.verdict = word == "discard" ? Verdict::discard : Verdict::quarantine;
      decision.note = "odd";
      decision.rule = RulePlace{word, "postern.toml", 1, transaction.stage};
      return decision;
    }
    if (word == "accept" || word == "settle") {
      decision.verdict = Verdict::accept;
      decision.scope = word == "settle" ? AcceptScope::message : AcceptScope::stage;
      decision.rule = RulePlace{word, "postern.toml", 1, transaction.stage};
    } else if (word == "ask") {
      const auto* answer = facts.find(question());
      if (answer == nullptr) return NeedsMore{{question()}};
      if (answer->values == std::vector<std::string>{"yes"}) {
        refuse(decision, transaction, *find_reason("policy-reject"));
      }
    } else if (word == "shadow") {
      decision.trail.push_back(shadow_entry(Truth::yes));
    } else if (word == "wonder") {
      const auto* answer = facts.find(question());
      const bool said_yes = answer != nullptr && answer->values == std::vector<std::string>{"yes"};
      decision.trail.push_back(shadow_entry(answer == nullptr ? Truth::unknown
                                            : said_yes        ? Truth::yes
                                                              : Truth::no));
    } else if (const auto* reason = find_reason(word)) {
      refuse(decision, transaction, *reason);
    }
    return decision;
  }
  std::vector<Question> shadow_questions(const Policy*, const Transaction& transaction,
                                         const Facts& facts, CheckMemo&) const override {
    const bool wonders = transaction.recipient.value().local() == "wonder";
    return wonders && facts.find(question()) == nullptr ? std::vector{question()}
                                                        : std::vector<Question>{};
  }
  std::vector<Question> questions_ahead(const Policy*, const Transaction&, const Facts&,
                                        CheckMemo&) const override {
    return {};
  }

  std::vector<Effect> effects;  ///< of every decision

  /// Every transaction it was asked about.
  std::vector<Transaction> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  static TrailEntry shadow_entry(Truth truth) {
    TrailEntry entry;
    entry.mode = RuleMode::shadow;
    entry.truth = truth;
    if (truth == Truth::yes) entry.note = TrailNote::shadow;
    return entry;
  }
  static void refuse(Decision& decision, const Transaction& transaction, const Reason& reason) {
    decision.verdict = reason.kind == ReasonClass::permanent ? Verdict::reject : Verdict::defer;
    decision.reason = &reason;
    decision.rule = RulePlace{std::string(reason.id), "postern.toml", 1, transaction.stage};
    const auto spoken = reply_stage(transaction.stage);
    const auto form = form_at(reason, std::nullopt, spoken);
    if (!form) return;
    auto reply = compose(reason, *form, spoken, {}, field_values(transaction),
                         {"mx1.example.org", "postmaster@example.org", ""}, transaction.reference);
    if (reply.ok()) decision.reply = std::move(reply.value());
  }

  mutable std::mutex mutex_;
  mutable std::vector<Transaction> seen_;
};

/// Keeps records.
class ShelfJournal final : public RecordSink {
 public:
  void submit(Record record) noexcept override {
    const bool wanted = complete(record);
    const std::lock_guard lock(mutex_);
    (wanted ? records_ : lines_).push_back(std::move(record));
    changed_.notify_all();
  }
  std::vector<Record> records() const {
    const std::lock_guard lock(mutex_);
    return records_;
  }
  /// Those that are for the log only.
  std::vector<Record> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  void wait_for(std::size_t count) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return records_.size() >= count; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Record> records_;
  std::vector<Record> lines_;
};

/// A policy of these lines beside an identity.
inline std::shared_ptr<const Policy> policy_of(const std::string& lines) {
  const std::string text =
      "[identity]\nhost = \"mx1.example.org\"\ncontact = \"postmaster@example.org\"\n" + lines;
  const CheckRegistry checks;
  auto compiled = Policy::compile(
      "postern.toml", [&](const std::string&) { return Result<std::string>(text); }, checks);
  if (!compiled.ok()) throw std::runtime_error(render(compiled.problems()));
  return compiled->policy;
}

/// Asks; `done` gets the answer, now or later.
inline void ask(Responder& responder, const Request& request, const Responder::Done& done) {
  auto answer = responder.respond(request, [&done] { return done; });
  if (answer) done(std::move(*answer));
}

class DoorTest : public ::testing::Test {
 protected:
  explicit DoorTest(const std::string& lines = "") : holder(policy_of(lines)) {}

  Services services() {
    return {holder, references, driver, ahead, journal, clock, milter_counters, policy_counters};
  }

  FakeClock clock;
  FakeSource source;
  ObedientRules rules;
  ShelfJournal journal;
  PolicyHolder holder;
  ReferenceSource references{clock, 1};
  DoorCounters milter_counters;
  DoorCounters policy_counters;
  Driver driver{source, clock, rules};
  AskingAhead ahead{source, clock};
};

}  // namespace postern::policy_door::test
