// Driver: asks the questions a decision needs, in parallel, and evaluates again on every answer,
// until the decision stands or the deadline makes every open question `unavailable("deadline")`.
#pragma once

#include "model/time_spent.h"
#include "postern/decision.h"
#include "postern/policy.h"
#include "runtime/clock.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace postern {

/// Who answers questions. Thread-safe. `done` may be called before ask() returns, later from any
/// thread, or never; a second call for one question is ignored.
class FactSource {
 public:
  virtual ~FactSource() = default;
  /// What ask() would answer before it returns, if that needs nobody else and no waiting; nothing:
  /// ask. Only of questions that are free. A decision of which everything is known is made at once.
  virtual std::optional<Answer> known(const Question& /*question*/) { return {}; }
  virtual void ask(const Question& question, std::function<void(Answer)> done) = 0;
};

/// The pure functions a run rests on. The base class is the real thing; tests derive scripted ones
/// to bring about orders and faults that real rules cannot. Thread-safe.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  virtual std::variant<Decision, NeedsMore> evaluate(const Policy* policy,
                                                     const Transaction& transaction,
                                                     const Facts& facts) const;
  /// evaluate(), or the same decision without its trail (TrailState): trail_of() must then be able
  /// to make it. `checks` is that of this transaction, here and below.
  virtual std::variant<Decision, NeedsMore> evaluate_briefly(const Policy* policy,
                                                             const Transaction& transaction,
                                                             const Facts& facts,
                                                             CheckMemo& checks) const;
  virtual std::vector<Question> shadow_questions(const Policy* policy,
                                                 const Transaction& transaction, const Facts& facts,
                                                 CheckMemo& checks) const;
  virtual std::vector<Question> questions_ahead(const Policy* policy,
                                                const Transaction& transaction, const Facts& facts,
                                                CheckMemo& checks) const;
  static const Evaluator& standard() noexcept;
};

/// A finished decision with what it rests on.
///
/// When evaluating itself failed (out of memory, a bug), the decision is a `defer` without a
/// reason: could_not_decide(). The doors then do what semantics 14 says.
struct Outcome {
  /// Its trail may be left out (TrailState): making it takes longer than deciding, and trail_of()
  /// can do it later from the policy and the other members, on a thread that nobody waits for.
  Decision decision;
  Facts facts;
  std::chrono::microseconds elapsed{0};  ///< from the question to the decision
  /// Where that time went; nothing: all of it into the rules, because nothing had to be asked.
  std::optional<TimeSpent> spent = {};
  Transaction transaction = {};  ///< as it was given to decide()
};

inline bool could_not_decide(const Decision& decision) noexcept {
  return decision.verdict == Verdict::defer && decision.reason == nullptr;
}

/// One decision under way, as a state machine without threads or waiting: the owner brings answers
/// and the time. Not thread-safe.
///
///   Run run(policy, transaction, facts);
///   for (const auto& question : run.start()) source.ask(question, ...);
///   ... run.answer(question, answer) returns further questions to ask ...
///   if (run.decided()) reply(run.decision());
///   ... then the shadow rules' questions until run.closed() or run.expire() ...
class Run {
 public:
  Run(std::shared_ptr<const Policy> policy, Transaction transaction, Facts facts,
      const Evaluator& evaluator = Evaluator::standard());
  ~Run();
  Run(Run&&) noexcept;

  /// Evaluates for the first time. Returns the questions to ask now, each at most once in a run.
  std::vector<Question> start();
  /// The same question as the run itself keeps it, as long as it lives; one that was to be asked.
  const Question& kept(const Question& question) const noexcept;
  /// Adds an answer, evaluates again; returns further questions. Late or repeated answers change
  /// nothing.
  std::vector<Question> answer(const Question& question, Answer answer);
  /// The deadline: every open question becomes unavailable("deadline"), and so does every question
  /// that would only be asked now. decided() and closed() afterwards.
  void expire();

  /// The reply can go out; the decision does not change any more (its trail may grow by shadow
  /// rules until closed()).
  bool decided() const noexcept;
  /// Nothing is open any more: the record can be written.
  bool closed() const noexcept;
  /// Only after decided().
  const Decision& decision() const;
  const Facts& facts() const noexcept;
  /// Only after closed(): everything but the times. Leaves the run empty.
  Outcome take() &&;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Runs decisions against a source with a deadline, for many threads at once. Thread-safe.
///
/// A decision that needs no answers takes no lock and no thread. The first one that stays open
/// starts a single timer thread, which sleeps while nothing is open. The source may call `done`
/// whenever it likes, even after the Driver is gone: late answers are ignored.
class Driver {
 public:
  /// Source, clock and evaluator live longer than the Driver.
  Driver(FactSource& source, const Clock& clock,
         const Evaluator& evaluator = Evaluator::standard());
  /// Waits for running decisions' callbacks to end; open ones are expired. Not to be called from a
  /// callback.
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// The decision if it needs no answers but those that the source knows, made without a lock of
  /// ours, a copy or a callback; this is what nearly all mail comes to. `transaction` and `facts`
  /// are then moved from. nullopt: something has to be asked; both are for decide(), `facts` with
  /// what is known already. Never throws.
  std::optional<Outcome> decide_at_once(const Policy* policy, Transaction& transaction,
                                        Facts& facts) const noexcept;

  /// Decides without blocking. `replied` is called exactly once, when the reply can go out (before
  /// decide() returns if nothing has to be asked, else from another thread); `closed` exactly once
  /// after it, when the record is complete, or never if memory ran out in between. Neither may
  /// throw. With a deadline of zero or less nothing is waited for. Throws only when memory or the
  /// one thread cannot be had, and then calls nothing.
  void decide(std::shared_ptr<const Policy> policy, Transaction transaction, Facts facts,
              std::chrono::milliseconds deadline, std::function<void(const Decision&)> replied,
              std::function<void(Outcome)> closed);

  /// Decides and waits for the decision, not for shadow rules; `closed` as above.
  Decision decide_and_wait(std::shared_ptr<const Policy> policy, Transaction transaction,
                           Facts facts, std::chrono::milliseconds deadline,
                           std::function<void(Outcome)> closed);

  /// Expires what is due by the clock. The timer thread does it by itself in time of the system;
  /// whoever turns a clock by hand calls it after turning.
  void tick();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postern
