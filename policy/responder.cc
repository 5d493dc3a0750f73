#include "policy/responder.h"

#include "model/text.h"
#include "policy/carry.h"
#include "policy/request.h"
#include "reply/render.h"
#include "rules/settings.h"
#include "runtime/log.h"
#include "runtime/log_limit.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

namespace postern::policy_door {

namespace {

/// Octets of a client's text in a log line.
constexpr std::size_t longest_logged = 100;

/// An answer, rendered.
struct Spoken {
  std::string octets;
  SentReply sent;
  enum class Kind : std::uint8_t {
    dunno,
    unspeakable,  ///< the verdict has no form here, so DUNNO goes out; the record must say so
    refusal,
  } kind = Kind::dunno;
  std::size_t carried = 0;  ///< what it did besides, for Given
};

/// What is spoken about: taken from the request, whose octets are gone when an answer comes later.
struct Subject {
  Stage stage = Stage::connect;
  PolicyContext context = PolicyContext::recipient;
  Reference reference;  ///< for the mail server's log
  std::string named;    ///< by Postfix, before our text; only needed for a refusal
};

std::optional<bool> defer_if_permit(const Settings& settings, const Reason& reason) {
  const auto found = settings.reasons.find(reason.id);
  return found == settings.reasons.end() ? std::nullopt : found->second.defer_if_permit;
}

/// nullopt: the decision cannot be sent.
std::optional<Spoken> speak(const Decision& decision, const Settings& settings,
                            const Subject& subject, Carried carried, AcceptAnswer accepted) {
  const auto stage = subject.stage;
  if (could_not_decide(decision)) return std::nullopt;
  Spoken spoken;
  spoken.sent.spoken = stage;
  spoken.sent.effects = std::move(carried.fates);
  spoken.carried = carried.id;
  std::string action = carried.action.empty() ? "DUNNO" : std::move(carried.action);
  switch (decision.verdict) {
    case Verdict::pass:
      break;
    case Verdict::accept:
      // OK ends the restriction list, and with it reject_unauth_destination: only when asked for.
      if (accepted == AcceptAnswer::ok && action == "DUNNO") action = "OK";
      break;
    case Verdict::reject:
    case Verdict::defer:
      if (decision.reason != nullptr && decision.reply) {
        auto answer = render_for_policy(*decision.reply, *decision.reason, subject.context,
                                        policy_prefix(subject.context, subject.named),
                                        defer_if_permit(settings, *decision.reason));
        action = std::move(answer.action);
        spoken.sent.expected.push_back(std::move(answer.expected));
        spoken.sent.condition = std::move(answer.condition);
        spoken.kind = Spoken::Kind::refusal;
        break;
      }
      // The greeting and HELO have codes for few reasons only; the verdict is found again and
      // spoken later. From MAIL on every refusal has a reply, and passing mail for want of one
      // would be worse than no answer (semantics 14).
      if (stage > Stage::helo) return std::nullopt;
      spoken.sent.condition = "no reply for this reason can be spoken at this stage";
      spoken.kind = Spoken::Kind::unspeakable;
      break;
    case Verdict::discard:
    case Verdict::quarantine:
      // There is no message yet; the verdict is found again at RCPT.
      if (stage < Stage::rcpt) {
        spoken.sent.condition = "said at RCPT";
        spoken.kind = Spoken::Kind::unspeakable;
      } else if (decision.verdict == Verdict::discard) {
        action = "DISCARD " + logged_note(decision.note, subject.reference);
      }
      break;
  }
  spoken.sent.answer = "action=" + action;
  if (action == "OK") {
    spoken.octets = encode_ok();
    return spoken;
  }
  auto octets = encode_answer(action);
  if (!octets) return std::nullopt;
  spoken.octets = std::move(*octets);
  return spoken;
}

/// Whether there may be anything to keep of a decision. From RCPT on there may always be, though
/// semantics 22 asks for no record of a DUNNO: behind a recipient list alone nothing later comes,
/// and a message that passed would leave no trace of why.
bool is_worth_keeping(const Spoken& spoken, Stage stage) noexcept {
  return spoken.kind != Spoken::Kind::dunno || stage >= Stage::rcpt;
}

/// Recipients that we did not refuse, if they are the ones the MTA counts. Otherwise some RCPT was
/// not shown to us or was refused by another restriction, and we do not know which (semantics 1).
Told<std::vector<AcceptedRecipient>> recipients_of(const Transaction& transaction,
                                                   std::vector<AcceptedRecipient> seen) {
  if (!transaction.recipient_count.is_told()) return {};
  const auto count = transaction.recipient_count.value();
  if (count == 1 && transaction.recipient.is_told()) {
    const auto found =
        std::find_if(seen.begin(), seen.end(), [&](const AcceptedRecipient& recipient) {
          return recipient.address == transaction.recipient.value();
        });
    if (found == seen.end()) return {};
    return std::vector<AcceptedRecipient>{*found};
  }
  if (count != static_cast<std::int64_t>(seen.size())) return {};
  return seen;
}

/// What is kept of a decision: all but its trail; nothing when no rule applied.
std::shared_ptr<const Decision> without_trail(const Decision& decision) {
  if (decision.verdict == Verdict::pass && !decision.rule && !decision.held_back &&
      decision.effects.empty()) {
    return nullptr;
  }
  auto copy = std::make_shared<Decision>();
  copy->verdict = decision.verdict;
  copy->scope = decision.scope;
  copy->rule = decision.rule;
  copy->reason = decision.reason;
  copy->reply = decision.reply;
  copy->softened_by = decision.softened_by;
  copy->softened_from = decision.softened_from;
  copy->held_back = decision.held_back;
  copy->note = decision.note;
  copy->effects = decision.effects;
  return copy;
}

std::string_view why_unanswered(const Decision& decision) {
  return could_not_decide(decision) ? "the evaluation failed" : "the reply could not be rendered";
}

Record record_of(RecordKind kind, std::shared_ptr<const Policy> policy, Transaction transaction) {
  Record record;
  record.kind = kind;
  record.policy = std::move(policy);
  record.transaction = std::move(transaction);
  return record;
}

}  // namespace

/// A request whose answer is being found.
struct Responder::Asked {
  std::shared_ptr<const Policy> policy;
  Memory::Key key;
  Subject subject;
  Reference reference;
};

struct Responder::Core {
  Core(const Services& services_in, MemoryLimits limits)
      : services(services_in), memory(services_in.clock, limits) {}

  std::optional<Answer> respond(const Request& request, Stage stage,
                                const std::function<Done()>& later,
                                const std::shared_ptr<Core>& self);
  Answer delayed(const Asked& asked, const Decision& decision, Spoken& spoken);
  Answer repeat(const Asked& asked, const Given& given, Transaction transaction);
  std::optional<Spoken> speak(const Asked& asked, const Decision& decision, std::size_t before);
  void wait(Asked asked, Transaction transaction, Done done, const std::shared_ptr<Core>& self);
  void remember(const Asked& asked, const Spoken& spoken, const Decision& decision,
                std::string_view queue_id, Kept kept);
  void record(const Asked& asked, SentReply sent, Outcome&& outcome) const;
  void count(const Asked& asked, const Outcome& outcome) const noexcept {
    services.policy_counters.tally.decided(asked.subject.stage, outcome.decision, outcome.elapsed);
  }
  Answer fail(const Asked& asked, std::string_view why) noexcept;

  Services services;
  const std::shared_ptr<std::atomic<unsigned>> delaying =
      std::make_shared<std::atomic<unsigned>>(0);
  Memory memory;
  LogLimit failures;
};

/// One that waits for what others have to tell.
struct Responder::Pending {
  std::shared_ptr<Core> core;
  Asked asked;
  std::string queue_id;
  Done done;
  std::optional<SentReply> to_record;
  Kept kept = Kept::nothing;  // as far as the answer tells
  AcceptRecords of_passes = AcceptRecords::none;

  void replied(const Decision& decision) noexcept {
    Answer octets;
    try {
      if (auto spoken = core->speak(asked, decision, 0)) {
        const bool worth_keeping = is_worth_keeping(*spoken, asked.subject.stage);
        if (worth_keeping && is_always_recorded(of_passes, decision)) kept = Kept::record;
        core->remember(asked, *spoken, decision, queue_id, kept);
        octets = core->delayed(asked, decision, *spoken);
        if (worth_keeping) to_record = std::move(spoken->sent);
      } else {
        octets = core->fail(asked, why_unanswered(decision));
      }
    } catch (const std::exception& error) {
      octets = core->fail(asked, error.what());
    }
    finish(std::move(octets));
  }

  /// What a shadow rule that still waited had to say may be worth a record.
  void closed(Outcome&& outcome) noexcept {
    core->count(asked, outcome);
    if (!to_record) return;
    try {
      if (kept != Kept::record) {
        kept = what_is_kept(*asked.policy, outcome.transaction, outcome.facts, outcome.decision);
        if (kept == Kept::nothing) return;
        core->memory.learn_kept(asked.key, queue_id, kept);
      }
      core->record(asked, std::move(*to_record), std::move(outcome));
    } catch (...) {
      // Memory is short: the record is lost, the answer is out.
    }
  }

  void finish(Answer octets) noexcept {
    const auto call = std::exchange(done, nullptr);
    try {
      if (call) call(std::move(octets));
    } catch (...) {
      // Nobody is left to tell.
    }
  }
};

std::optional<Responder::Answer> Responder::Core::respond(const Request& request, Stage stage,
                                                          const std::function<Done()>& later,
                                                          const std::shared_ptr<Core>& self) {
  Asked asked;
  asked.subject.stage = stage;
  asked.subject.context = context_of(request, stage);
  asked.key = Memory::Key(request, asked.subject.context);
  try {
    auto transaction = transaction_of(request, stage);
    transaction.time = services.clock.system();
    transaction.utc_offset = services.clock.utc_offset(transaction.time);
    auto recalled = memory.recall(asked.key, transaction.queue_id, services.policy.get());
    asked.policy = std::move(recalled.policy);
    if (!asked.policy) return fail(asked, "no policy is loaded");
    if (recalled.join != Kept::nothing) {
      auto join = record_of(RecordKind::join, asked.policy, transaction);
      join.of_decision = recalled.join;
      services.journal.submit(std::move(join));
    }
    if (recalled.given) {
      asked.subject.reference = recalled.given->reference;
      asked.subject.named = named_by_postfix(request, asked.subject.context);
      return repeat(asked, *recalled.given, std::move(transaction));
    }
    asked.reference = services.references.next();
    asked.subject.reference = asked.reference;
    transaction.reference = asked.reference;
    if (stage > Stage::rcpt) {
      transaction.recipients = recipients_of(transaction, memory.recipients(asked.key));
    }
    const bool is_early = stage == Stage::connect || stage == Stage::mail;
    if (is_early && AskingAhead::is_wanted(*asked.policy)) {
      services.ahead.begin(asked.policy, transaction);
    }
    Facts facts;
    auto outcome = services.driver.decide_at_once(asked.policy.get(), transaction, facts);
    if (!outcome || outcome->decision.reply) {
      asked.subject.named = named_by_postfix(request, asked.subject.context);
    }
    if (!outcome) {
      wait(std::move(asked), std::move(transaction), later(), self);
      return std::nullopt;
    }
    count(asked, *outcome);
    auto& decision = outcome->decision;
    auto spoken = speak(asked, decision, 0);
    if (!spoken) return fail(asked, why_unanswered(decision));
    const auto kept =
        is_worth_keeping(*spoken, stage)
            ? what_is_kept(*asked.policy, outcome->transaction, outcome->facts, decision)
            : Kept::nothing;
    remember(asked, *spoken, decision, outcome->transaction.queue_id, kept);
    auto answer = delayed(asked, decision, *spoken);
    if (kept != Kept::nothing) record(asked, std::move(spoken->sent), std::move(*outcome));
    return answer;
  } catch (const std::exception& error) {
    return fail(asked, error.what());
  }
}

std::optional<Spoken> Responder::Core::speak(const Asked& asked, const Decision& decision,
                                             std::size_t before) {
  return policy_door::speak(
      decision, asked.policy->settings(), asked.subject,
      carry(decision, asked.subject.stage, memory, asked.key, asked.subject.reference, before),
      asked.policy->settings().listen.accept_answer);
}

void Responder::Core::wait(Asked asked, Transaction transaction, Done done,
                           const std::shared_ptr<Core>& self) {
  const auto pending = std::make_shared<Pending>();
  pending->core = self;
  pending->asked = std::move(asked);
  pending->queue_id = transaction.queue_id;
  pending->done = std::move(done);
  const auto& policy = pending->asked.policy;
  pending->of_passes = wanted_of_passes(*policy, transaction);
  try {
    services.driver.decide(
        policy, std::move(transaction), {}, policy->settings().limits.deadline,
        [pending](const Decision& decision) { pending->replied(decision); },
        [pending](Outcome&& outcome) { pending->closed(std::move(outcome)); });
  } catch (const std::exception& error) {
    pending->finish(fail(pending->asked, error.what()));
  }
}

/// Keeps the decision for a repeat and counts it.
void Responder::Core::remember(const Asked& asked, const Spoken& spoken, const Decision& decision,
                               std::string_view queue_id, Kept kept) {
  memory.keep(asked.key, queue_id,
              {without_trail(decision), asked.reference, kept, spoken.carried});
  if (spoken.kind != Spoken::Kind::refusal) return;
  ++services.policy_counters.refusals;
  services.policy_counters.tally.replied(decision);
}

void Responder::Core::record(const Asked& asked, SentReply sent, Outcome&& outcome) const {
  auto record = record_of(RecordKind::decision, asked.policy, std::move(outcome.transaction));
  record.facts = std::move(outcome.facts);
  record.decision = std::move(outcome.decision);
  record.sent = std::move(sent);
  record.elapsed = outcome.elapsed;
  record.spent = outcome.spent;
  services.journal.submit(std::move(record));
}

/// The answer, with its delay if there is room for one more.
Responder::Answer Responder::Core::delayed(const Asked& asked, const Decision& decision,
                                           Spoken& spoken) {
  Answer answer(std::move(spoken.octets));
  const auto delay = delay_of(decision);
  if (delay.count() == 0) return answer;
  const auto number = ++*delaying;
  std::shared_ptr<void> place(nullptr, [count = delaying](void*) { --*count; });
  if (number <= asked.policy->settings().limits.delayed_answers) {
    answer.delay = delay;
    answer.place = std::move(place);
    return answer;
  }
  ++services.policy_counters.undelayed;
  for (std::size_t i = 0; i < spoken.sent.effects.size(); ++i) {
    if (decision.effects[i].kind != EffectKind::delay) continue;
    spoken.sent.effects[i] = {EffectState::failed, "as many answers as may were delayed already"};
  }
  return answer;
}

Responder::Answer Responder::Core::repeat(const Asked& asked, const Given& given,
                                          Transaction transaction) {
  // The list that asks now may remap other codes than the first one, so the same decision is
  // rendered anew; it is not made again and counts nothing.
  static const Decision no_rule_applied;
  const auto& decision = given.decision ? *given.decision : no_rule_applied;
  auto spoken = speak(asked, decision, given.carried);
  if (!spoken) return fail(asked, "the reply could not be rendered");
  if (given.kept != Kept::nothing) {
    transaction.reference = given.reference;
    auto record = record_of(RecordKind::repeat, asked.policy, std::move(transaction));
    record.of_decision = given.kept;
    record.decision = decision;
    record.sent = std::move(spoken->sent);
    services.journal.submit(std::move(record));
  }
  ++services.policy_counters.repeats;
  return Answer(std::move(spoken->octets));
}

Responder::Answer Responder::Core::fail(const Asked& asked, std::string_view why) noexcept {
  ++services.policy_counters.failures;
  try {
    const auto kept_back = failures.pass(services.clock.steady());
    if (!kept_back) return std::nullopt;
    const auto message = asked.key.message();
    log(LogLevel::error, "policy request not answered: " + quote_for_log(why, longest_logged) +
                             " stage=" + std::string(to_text(asked.subject.stage)) + " instance=" +
                             quote_for_log(message.substr(0, message.find('\n')), longest_logged) +
                             " ref=" + (asked.reference.empty() ? "none" : asked.reference.text()) +
                             kept_back_text(*kept_back));
  } catch (...) {
    // A log that fails too is no reason to answer.
  }
  return std::nullopt;
}

Responder::Responder(const Services& services, MemoryLimits limits)
    : core_(std::make_shared<Core>(services, limits)) {}

Memory::Left Responder::tidy() { return core_->memory.tidy(); }

std::optional<Responder::Answer> Responder::respond(const Request& request,
                                                    const std::function<Done()>& later) noexcept {
  try {
    const auto stage = stage_of(request);
    if (!stage) return encode_answer("DUNNO");
    ++core_->services.policy_counters.requests;
    return core_->respond(request, *stage, later, core_);
  } catch (...) {
    ++core_->services.policy_counters.failures;
    return Answer();
  }
}

}  // namespace postern::policy_door
