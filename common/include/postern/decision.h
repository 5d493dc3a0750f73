// Decision: what evaluate() found out, and every step that led there.
#pragma once

#include "postern/effect.h"
#include "postern/facts.h"
#include "postern/reason.h"
#include "postern/reply.h"
#include "postern/transaction.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace postern {

class CheckMemo;  // rules/check_memo.h
class Policy;

/// The four truths. A decisive operand wins (no in `and`, yes in `or`), then `unknown` (the answer
/// may still come), then `unavailable` (it will not come).
enum class Truth : std::uint8_t { no, yes, unknown, unavailable };
std::string_view to_text(Truth truth) noexcept;
std::optional<Truth> truth_from_text(std::string_view text) noexcept;

enum class Verdict : std::uint8_t { pass, accept, reject, defer, discard, quarantine };
std::string_view to_text(Verdict verdict) noexcept;
std::optional<Verdict> verdict_from_text(std::string_view text) noexcept;

/// What an accept settles (semantics 2).
enum class AcceptScope : std::uint8_t { stage, message, session };
std::string_view to_text(AcceptScope scope) noexcept;
std::optional<AcceptScope> accept_scope_from_text(std::string_view text) noexcept;

enum class RuleMode : std::uint8_t { enforce, shadow };
std::string_view to_text(RuleMode mode) noexcept;

/// Where a rule stands, for people.
struct RulePlace {
  std::string name;
  std::string file;
  unsigned line = 0;
  Stage stage = Stage::connect;

  friend bool operator==(const RulePlace&, const RulePlace&) = default;
};

/// Why a rule of the trail was not asked, or its yes did not act.
enum class TrailNote : std::uint8_t {
  none,
  not_reached,         ///< an earlier rule decided
  settled,             ///< an earlier accept settled this stage, message or session
  not_at_this_door,    ///< header and body rules on the policy door (semantics 9)
  no_recipient,        ///< a rule of RCPT asked later without a single recipient
  shadow,              ///< yes, but only recorded
  local_submission,    ///< yes, but nothing is refused at RCPT without a client (semantics 15)
  recipients_unknown,  ///< as no_recipient, and it may have acted on recipients that we do not know
  expired,             ///< it has ended
};
std::string_view to_text(TrailNote note) noexcept;

/// A value a condition looked at.
struct Evidence {
  std::string name;     ///< "client.ip", "partners"
  std::string value;    ///< "198.51.100.7", "198.51.100.0/24"
  AnswerSource source;  ///< table entry's file and line, and the like

  friend bool operator==(const Evidence& a, const Evidence& b) {
    return a.name == b.name && a.value == b.value;
  }
};

struct TrailEntry {
  RulePlace rule;
  Truth truth = Truth::no;  ///< means nothing where `note` says that the rule was not asked
  TrailNote note = TrailNote::none;
  RuleMode mode = RuleMode::enforce;  ///< of a rule with a share, for this message
  unsigned share = 0;               ///< percent of messages that it acts on; 0: its mode is for all
  Verdict verdict = Verdict::pass;  ///< what the rule says when it is yes
  std::string reason;               ///< its reason, if it refuses
  std::string cause;                ///< when unavailable: of which fact, and why
  std::vector<Evidence> evidence;   ///< what its condition looked at, as far as it got
  std::vector<std::string> effects = {};  ///< what it does besides when it is yes, in words

  friend bool operator==(const TrailEntry&, const TrailEntry&) = default;
};

/// Whether a decision has its trail, or leaves it to trail_of() and a thread that nobody waits for.
enum class TrailState : std::uint8_t {
  made,
  left_out,
  left_out_unremarkable,  ///< and it would have no entry of TrailDetail::remarkable
};

struct Decision {
  Verdict verdict = Verdict::pass;
  std::optional<AcceptScope> scope;  ///< of an accept
  std::optional<RulePlace> rule;     ///< the deciding rule; none for pass
  const Reason* reason = nullptr;    ///< of a refusal, after softening
  std::optional<Reply>
      reply;                ///< of a refusal, for transaction.stage; connect and HELO may have none
  std::string softened_by;  ///< name of the rule whose missing fact made a 5xx temporary
  std::string softened_from;  ///< id of the reason that the deciding rule would have given
  /// Of a refusal that is temporary for want of a fact: which kind (semantics 7).
  std::optional<QuestionKind> missing;
  std::optional<HeldBack>
      held_back;                  ///< at RCPT, of a recipient that passes: for AcceptedRecipient
  std::vector<TrailEntry> trail;  ///< every enforced and shadow rule up to this stage
  TrailState trail_state = TrailState::made;
  std::string note;  ///< why, of a discard or a quarantine
  /// Of acting rules that said yes, up to the deciding one, in their order. What touches the
  /// message is the same at every stage of it from the rule's own on.
  std::vector<Effect> effects;

  friend bool operator==(const Decision&, const Decision&) = default;
};

/// How long its answer is to be delayed.
std::chrono::milliseconds delay_of(const Decision& decision) noexcept;

/// The words of a discard or a hold for the mail server's own log, with the reference that leads to
/// the record: "odd mail (ref XXXX-XXXX-XXXX)".
std::string logged_note(const std::string& note, const Reference& reference);

/// What later stages are to know of a recipient, from the decision on it at RCPT; none if that was
/// a refusal.
std::optional<AcceptedRecipient> accepted_recipient(MailAddress address, const Decision& decision);

/// How much evaluate() works out.
enum class Detail : std::uint8_t {
  verdict,  ///< all but the trail: what the reply needs, several times faster
  full,
};

/// Which entries of a trail are wanted.
enum class TrailDetail : std::uint8_t {
  remarkable,  ///< those of rules that were asked and did not say no
  full,        ///< every enforced and shadow rule up to the stage
};
/// An entry of a rule that was not asked says `no` too.
inline bool is_remarkable(const TrailEntry& entry) noexcept { return entry.truth != Truth::no; }

/// evaluate() cannot go on without these; they may all be asked at once.
struct NeedsMore {
  std::vector<Question> questions;
};

/// The decision on `transaction` at its stage, under all rules of stages up to it; or the questions
/// still open. Pure: no I/O, no clock, no globals; the same arguments give the same result, in any
/// thread. Never throws except for lack of memory.
///
/// Rules decide early: a decision is returned as soon as one rule is yes and every earlier enforced
/// rule is no, whatever later rules or shadow rules still wait for (semantics 17).
///
///   Facts facts;
///   auto outcome = evaluate(*policy, transaction, facts);
///   while (auto* more = std::get_if<NeedsMore>(&outcome)) {
///     for (const auto& question : more->questions) facts.add(question, ask(question));
///     outcome = evaluate(*policy, transaction, facts);
///   }
///   const auto& decision = std::get<Decision>(outcome);
///
/// With `checks`, one of this transaction, what a check has come to is remembered from round to
/// round; without, each round runs all of them. It changes no outcome.
std::variant<Decision, NeedsMore> evaluate(const Policy& policy, const Transaction& transaction,
                                           const Facts& facts, Detail detail = Detail::full,
                                           CheckMemo* checks = nullptr);

/// The trail that a full evaluate() of the same arguments gives, for a decision that was made
/// without it; empty if they decide nothing yet. Pure, as evaluate().
std::vector<TrailEntry> trail_of(const Policy& policy, const Transaction& transaction,
                                 const Facts& facts, TrailDetail detail = TrailDetail::full);

/// The questions that shadow rules before the deciding rule still wait for, to be asked after the
/// reply is out (semantics 17). Empty: the record can be closed.
std::vector<Question> shadow_questions(const Policy& policy, const Transaction& transaction,
                                       const Facts& facts, CheckMemo* checks = nullptr);

/// What later stages will want to know of DNS, as far as it can be asked already: nothing if this
/// stage settles them, and nothing behind a rule of theirs that decides by what is known now. What
/// rules say no to now is left out; one that hangs on what is not told yet counts as asking.
/// Answered one by one, it comes to what can be asked next.
std::vector<Question> questions_to_come(const Policy& policy, const Transaction& transaction,
                                        const Facts& facts, CheckMemo* checks = nullptr);

/// Every free question that rules may still ask of this transaction, for asking ahead.
std::vector<Question> questions_ahead(const Policy& policy, const Transaction& transaction,
                                      const Facts& facts, CheckMemo* checks = nullptr);

}  // namespace postern
