// Driver: asks the questions a decision needs, in parallel, and evaluates again on every answer,
// until the decision stands or the deadline makes every open question `unavailable("deadline")`.
#pragma once

#include "postern/decision.h"
#include "postern/policy.h"
#include "runtime/clock.h"

#include <chrono>
#include <functional>
#include <memory>

namespace postern {

/// Who answers questions. Thread-safe. `done` may be called before ask() returns, later from any
/// thread, or never; a second call for one question is ignored.
class FactSource {
 public:
  virtual ~FactSource() = default;
  virtual void ask(const Question& question, std::function<void(Answer)> done) = 0;
};

/// A finished decision with the facts it rests on.
struct Outcome {
  Decision decision;
  Facts facts;
  std::chrono::microseconds elapsed{0};
};

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
  Run(std::shared_ptr<const Policy> policy, Transaction transaction, Facts facts);
  ~Run();
  Run(Run&&) noexcept;

  /// Evaluates for the first time. Returns the questions to ask now, each at most once in a run.
  std::vector<Question> start();
  /// Adds an answer, evaluates again; returns further questions. Late or repeated answers change
  /// nothing.
  std::vector<Question> answer(const Question& question, Answer answer);
  /// The deadline: every open question becomes unavailable("deadline").
  void expire();

  /// The reply can go out; the decision does not change any more (its trail may grow by shadow
  /// rules until closed()).
  bool decided() const noexcept;
  /// Nothing is open any more: the record can be written.
  bool closed() const noexcept;
  const Decision& decision() const;
  const Facts& facts() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Runs decisions against a source with a deadline, for many threads at once.
class Driver {
 public:
  Driver(FactSource& source, const Clock& clock);
  /// Waits for running decisions' callbacks to end; open ones are expired.
  ~Driver();

  /// Decides without blocking. `replied` is called exactly once, when the reply can go out (before
  /// decide() returns if nothing has to be asked, else from another thread); `closed` exactly once
  /// after it, when the record is complete.
  void decide(std::shared_ptr<const Policy> policy, Transaction transaction, Facts facts,
              std::chrono::milliseconds deadline, std::function<void(const Decision&)> replied,
              std::function<void(Outcome)> closed);

  /// Decides and waits for the decision, not for shadow rules; `closed` as above.
  Decision decide_and_wait(std::shared_ptr<const Policy> policy, Transaction transaction,
                           Facts facts, std::chrono::milliseconds deadline,
                           std::function<void(Outcome)> closed);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern
