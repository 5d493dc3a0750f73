#include "policy/responder.h"

#include "model/text.h"
#include "policy/request.h"
#include "reply/render.h"
#include "rules/settings.h"
#include "runtime/log.h"
#include "runtime/log_limit.h"

#include <algorithm>
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
};

/// nullopt: the decision cannot be sent.
std::optional<Spoken> speak(const Decision& decision, Stage stage, PolicyContext context,
                            std::string_view named) {
  if (could_not_decide(decision)) return std::nullopt;
  Spoken spoken;
  spoken.sent.spoken = stage;
  std::string action = "DUNNO";
  switch (decision.verdict) {
    case Verdict::pass:
    case Verdict::accept:
      // Never OK: it would end the restriction list, and with it reject_unauth_destination.
      break;
    case Verdict::reject:
    case Verdict::defer:
      if (decision.reason != nullptr && decision.reply) {
        auto answer = render_for_policy(*decision.reply, *decision.reason, context,
                                        policy_prefix(context, named));
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
      return std::nullopt;
  }
  spoken.sent.answer = "action=" + action;
  auto octets = encode_answer(action);
  if (!octets) return std::nullopt;
  spoken.octets = std::move(*octets);
  return spoken;
}

/// Whether a decision is recorded in full. Everything from RCPT on is, though semantics 22 asks for
/// no record of a DUNNO: behind a recipient list alone nothing later comes, and a message that
/// passed would leave no trace of why.
bool is_recorded(const Spoken& spoken, Stage stage) {
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

}  // namespace

struct Responder::Core {
  Core(const Services& services_in, MemoryLimits limits)
      : services(services_in), memory(services_in.clock, limits) {}

  Record record_of(RecordKind kind, const Policy& policy, Transaction&& transaction) const {
    Record record;
    record.kind = kind;
    record.host = policy.settings().identity.host;
    record.engine = POSTERN_VERSION;
    record.policy_digest = policy.digest();
    record.transaction = std::move(transaction);
    return record;
  }

  void count(const Spoken& spoken) const {
    if (spoken.kind == Spoken::Kind::refusal) ++services.policy_counters.refusals;
  }

  Services services;
  Memory memory;
  LogLimit failures;
};

/// A request whose answer is being found.
struct Responder::Pending {
  std::shared_ptr<Core> core;
  Done done;
  std::shared_ptr<const Policy> policy;
  Memory::Key key;
  std::string queue_id;
  std::string named;
  Stage stage = Stage::connect;
  PolicyContext context = PolicyContext::recipient;
  Reference reference;
  MailAddress recipient;
  bool recorded = false;
  std::optional<SentReply> sent;

  void finish(std::optional<std::string> octets) noexcept {
    const auto call = std::exchange(done, nullptr);
    if (!call) return;
    if (!octets) ++core->services.policy_counters.failures;
    try {
      call(std::move(octets));
    } catch (...) {
    }
  }

  void fail(std::string_view why) noexcept {
    try {
      const auto kept_back = core->failures.pass(core->services.clock.steady());
      if (!kept_back) return finish(std::nullopt);
      const auto instance = key.message.substr(0, key.message.find('\n'));
      log(LogLevel::error, "policy request not answered: " + quote_for_log(why, longest_logged) +
                               " stage=" + std::string(to_text(stage)) +
                               " instance=" + quote_for_log(instance, longest_logged) +
                               " ref=" + (reference.empty() ? "none" : reference.text()) +
                               kept_back_text(*kept_back));
    } catch (...) {
    }
    finish(std::nullopt);
  }

  void recall_and_decide(const std::shared_ptr<Pending>& self, const Request& request);
  void repeat(const Given& given, Transaction transaction);
  void join(const Transaction& transaction) const;
  void replied(const Decision& decision);
  void closed(Outcome&& outcome) const;
};

void Responder::Pending::recall_and_decide(const std::shared_ptr<Pending>& self,
                                           const Request& request) {
  auto& services = core->services;
  auto transaction = transaction_of(request, stage);
  transaction.time = services.clock.system();
  context = context_of(request, stage);
  named = named_by_postfix(request, context);
  queue_id = transaction.queue_id;
  key = Memory::key_of(request);

  auto recalled = core->memory.recall(key, queue_id, services.policy.get());
  policy = std::move(recalled.policy);
  if (!policy) {
    fail("no policy is loaded");
    return;
  }
  if (recalled.join == Memory::Recalled::Join::yes) join(transaction);
  if (recalled.given) {
    repeat(*recalled.given, std::move(transaction));
    return;
  }
  reference = services.references.next();
  transaction.reference = reference;
  if (stage > Stage::rcpt) {
    transaction.recipients = recipients_of(transaction, std::move(recalled.recipients));
  }
  if (stage == Stage::rcpt) recipient = transaction.recipient.value();
  services.driver.decide(
      policy, std::move(transaction), {}, policy->settings().limits.deadline,
      [self](const Decision& decision) { self->replied(decision); },
      [self](Outcome&& outcome) { self->closed(std::move(outcome)); });
}

void Responder::Pending::replied(const Decision& decision) {
  try {
    auto spoken = speak(decision, stage, context, named);
    if (!spoken) {
      fail(could_not_decide(decision) ? "the evaluation failed"
                                      : "the reply could not be rendered");
      return;
    }
    recorded = is_recorded(*spoken, stage);
    sent = std::move(spoken->sent);

    auto given = std::make_shared<Given>();
    given->decision.verdict = decision.verdict;
    given->decision.scope = decision.scope;
    given->decision.rule = decision.rule;
    given->decision.reason = decision.reason;
    given->decision.reply = decision.reply;
    given->decision.softened_by = decision.softened_by;
    given->decision.softened_from = decision.softened_from;
    given->reference = reference;
    given->recorded = recorded ? Given::Recorded::yes : Given::Recorded::no;
    AcceptedRecipient accepted;
    accepted.address = recipient;
    if (decision.verdict == Verdict::accept && decision.scope &&
        *decision.scope != AcceptScope::stage) {
      accepted.settled = true;
      if (decision.rule) accepted.settled_by = decision.rule->name;
    }
    const bool stays = stage == Stage::rcpt && spoken->kind != Spoken::Kind::refusal;
    core->memory.keep(key, queue_id, std::move(given), stays ? &accepted : nullptr);

    core->count(*spoken);
    finish(std::move(spoken->octets));
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

void Responder::Pending::closed(Outcome&& outcome) const {
  if (!sent || !recorded) return;
  auto record = core->record_of(RecordKind::decision, *policy, std::move(outcome.transaction));
  record.facts = std::move(outcome.facts);
  record.decision = std::move(outcome.decision);
  record.trail_from = std::move(outcome.trail_from);
  record.sent = sent;
  record.elapsed = outcome.elapsed;
  core->services.journal.submit(std::move(record));
}

void Responder::Pending::repeat(const Given& given, Transaction transaction) {
  // The list that asks now may remap other codes than the first one, so the same decision is
  // rendered anew; it is not made again and counts nothing.
  auto spoken = speak(given.decision, stage, context, named);
  if (!spoken) {
    fail("the reply could not be rendered");
    return;
  }
  if (given.recorded == Given::Recorded::yes) {
    transaction.reference = given.reference;
    auto record = core->record_of(RecordKind::repeat, *policy, std::move(transaction));
    record.decision = given.decision;
    record.sent = std::move(spoken->sent);
    core->services.journal.submit(std::move(record));
  }
  core->count(*spoken);
  finish(std::move(spoken->octets));
}

void Responder::Pending::join(const Transaction& transaction) const {
  core->services.journal.submit(
      core->record_of(RecordKind::join, *policy, Transaction(transaction)));
}

Responder::Responder(const Services& services, MemoryLimits limits)
    : core_(std::make_shared<Core>(services, limits)) {}

void Responder::respond(const Request& request, Done done) noexcept {
  std::shared_ptr<Pending> pending;
  try {
    const auto stage = stage_of(request);
    if (!stage) {
      done(encode_answer("DUNNO"));
      return;
    }
    ++core_->services.policy_counters.requests;
    pending = std::make_shared<Pending>();
    pending->core = core_;
    pending->stage = *stage;
    pending->done = std::move(done);
    pending->recall_and_decide(pending, request);
  } catch (const std::exception& error) {
    if (pending) {
      pending->fail(error.what());
    } else {
      ++core_->services.policy_counters.failures;
      done(std::nullopt);
    }
  }
}

}  // namespace postern::policy_door
