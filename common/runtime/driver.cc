#include "runtime/driver.h"

#include "rules/check_memo.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace postern {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Callbacks must not throw; one that does must not take its thread, and with it the mail server's
/// other sessions, down.
template <typename Callback, typename... Arguments>
void call(const Callback& callback, Arguments&&... arguments) noexcept {
  try {
    if (callback) callback(std::forward<Arguments>(arguments)...);
  } catch (...) {
  }
}

std::chrono::microseconds between(SteadyTime from, SteadyTime to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from);
}

/// One decision that waits for answers.
struct Job {
  explicit Job(Run run_in) : run(std::move(run_in)) {}

  std::mutex mutex;  // guards what follows; never held while a callback or the source runs
  Run run;
  std::vector<const Question*> to_ask;  // the run's own
  bool pumped = false;                  // a thread is at work on it; others leave their news and go
  bool has_replied = false;
  bool has_closed = false;
  SteadyTime started;
  SteadyTime decided;
  SteadyTime::duration evaluating{0};  // until decided

  // Constant once the job is open.
  SteadyTime deadline;
  std::function<void(const Decision&)> replied;
  std::function<void(Outcome)> closed;
};

}  // namespace

struct Driver::State : std::enable_shared_from_this<Driver::State> {
  State(FactSource& source_in, const Clock& clock_in, const Evaluator& evaluator_in)
      : source(source_in), clock(clock_in), evaluator(evaluator_in) {}

  FactSource& source;
  const Clock& clock;
  const Evaluator& evaluator;

  std::mutex mutex;  // guards what follows; taken alone or inside no job's mutex
  std::condition_variable changed;
  std::multimap<SteadyTime, std::shared_ptr<Job>> open;
  unsigned active = 0;  // threads that may be calling back
  bool stopping = false;
  std::thread timer;

  /// While one is there, the driver does not end.
  class Entered {
   public:
    explicit Entered(State& state) : state_(state) {
      const std::lock_guard lock(state.mutex);
      entered_ = !state.stopping;
      if (entered_) ++state.active;
    }
    ~Entered() {
      if (!entered_) return;
      const std::lock_guard lock(state_.mutex);
      if (--state_.active == 0) state_.changed.notify_all();
    }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;
    explicit operator bool() const noexcept { return entered_; }

   private:
    State& state_;
    bool entered_ = false;
  };

  /// Does `news` to the job and then all that follows from it. Memory that has run out meanwhile
  /// ends the decision without a verdict; left half done, its mail server would wait for ever.
  template <typename News>
  void advance(const std::shared_ptr<Job>& job, const News& news) noexcept {
    std::unique_lock lock(job->mutex);
    if (job->has_closed) return;
    const bool others_pump = job->pumped;
    try {
      news(*job);
      pump(job, lock);
    } catch (...) {
      // A thread that is at work on it may be calling back; the deadline ends what was lost here.
      if (others_pump) return;
      if (!lock.owns_lock()) lock.lock();
      give_up(job, lock);
    }
  }

  void give_up(const std::shared_ptr<Job>& job, std::unique_lock<std::mutex>& lock) noexcept {
    Outcome outcome;
    outcome.decision.verdict = Verdict::defer;  // could_not_decide()
    if (job->has_replied) outcome.elapsed = between(job->started, job->decided);
    job->pumped = false;
    job->has_closed = true;
    const bool replied = std::exchange(job->has_replied, true);
    lock.unlock();
    forget(job);
    // After a reply, a record of this outcome would tell of another decision.
    if (replied) return;
    call(job->replied, outcome.decision);
    call(job->closed, std::move(outcome));
  }

  /// Does everything there is to do for `job`: reply, ask, close, in this order, until nothing is
  /// left. One thread at a time, so `closed` never overtakes `replied`.
  void pump(const std::shared_ptr<Job>& job, std::unique_lock<std::mutex>& lock) {
    if (job->pumped) return;
    job->pumped = true;
    for (;;) {
      if (job->run.decided() && !job->has_replied) {
        job->decided = clock.steady();
        const Decision decision = job->run.decision();
        job->has_replied = true;
        lock.unlock();
        call(job->replied, decision);
        lock.lock();
      } else if (!job->to_ask.empty()) {
        const auto questions = std::exchange(job->to_ask, {});
        lock.unlock();
        for (const auto* question : questions) ask(job, *question);
        lock.lock();
      } else if (job->run.closed() && !job->has_closed) {
        job->has_closed = true;
        auto outcome = std::move(job->run).take();
        add_times(*job, outcome);
        lock.unlock();
        forget(job);
        call(job->closed, std::move(outcome));
        lock.lock();
      } else {
        break;
      }
    }
    job->pumped = false;
  }

  void ask(const std::shared_ptr<Job>& job, const Question& question) {
    // The source may keep `done` for ever: it holds the job weakly, and this state, which is small.
    // Fifty thousand may wait at a time, so the question, which lives as long as the job, is not
    // copied.
    auto done = [self = shared_from_this(), weak = std::weak_ptr<Job>(job),
                 &question](Answer answer) { self->bring(weak, question, std::move(answer)); };
    try {
      source.ask(question, std::move(done));
    } catch (...) {
      const std::lock_guard lock(job->mutex);
      evaluate(*job, [&] {
        add(*job, job->run.answer(question, Answer::unavailable("the source failed")));
      });
    }
  }

  /// Does `work`, which evaluates, and notes the time of it while the decision is not made.
  template <typename Work>
  void evaluate(Job& job, const Work& work) {
    if (job.run.decided()) return work();
    const auto began = clock.steady();
    work();
    job.evaluating += clock.steady() - began;
  }

  void add_times(const Job& job, Outcome& outcome) const {
    outcome.elapsed = between(job.started, job.decided);
    TimeSpent spent;
    spent.rules = std::chrono::duration_cast<std::chrono::microseconds>(job.evaluating);
    spent.waiting = outcome.elapsed - spent.rules;
    spent.afterwards = between(job.decided, clock.steady());
    outcome.spent = spent;
  }

  static void add(Job& job, const std::vector<Question>& questions) {
    for (const auto& question : questions) job.to_ask.push_back(&job.run.kept(question));
  }

  /// `question` lives as long as the job.
  void bring(const std::weak_ptr<Job>& weak, const Question& question, Answer answer) noexcept {
    const auto job = weak.lock();
    if (!job) return;
    if (const Entered entered(*this); entered) {
      advance(job, [&](Job& own) {
        evaluate(own, [&] { add(own, own.run.answer(question, std::move(answer))); });
      });
    }
  }

  void expire(const std::shared_ptr<Job>& job) noexcept {
    advance(job, [this](Job& own) {
      evaluate(own, [&own] { own.run.expire(); });
      own.to_ask.clear();
    });
  }

  void forget(const std::shared_ptr<Job>& job) {
    const std::lock_guard lock(mutex);
    const auto [first, last] = open.equal_range(job->deadline);
    const auto found = std::find_if(first, last, [&](const auto& e) { return e.second == job; });
    if (found != last) open.erase(found);
  }

  /// Adds what the source knows of `questions`. False if something is missing still, or if nothing
  /// was new: who asks again for what it has been told would ask for ever.
  bool add_known(std::vector<Question> questions, Facts& facts) const {
    bool any_new = false;
    bool all = true;
    for (auto& question : questions) {
      if (facts.find(question) != nullptr) continue;
      auto answer =
          question.cost == QuestionCost::free ? source.known(question) : std::optional<Answer>();
      any_new = any_new || answer.has_value();
      all = all && answer.has_value();
      if (answer) facts.add(std::move(question), std::move(*answer));
    }
    return all && any_new;
  }

  void open_job(const std::shared_ptr<Job>& job) {
    const std::lock_guard lock(mutex);
    if (!timer.joinable()) timer = std::thread([this] { watch(); });
    open.emplace(job->deadline, job);
    changed.notify_all();
  }

  /// Expires what is due. `lock` is held on entry and exit.
  void expire_due(std::unique_lock<std::mutex>& lock) {
    std::vector<std::shared_ptr<Job>> due;
    const auto now = clock.steady();
    for (auto at = open.begin(); at != open.end() && at->first <= now; at = open.erase(at)) {
      due.push_back(at->second);
    }
    if (due.empty()) return;
    ++active;
    lock.unlock();
    for (const auto& job : due) expire(job);
    lock.lock();
    if (--active == 0) changed.notify_all();
  }

  void watch() {
    // A clock turned by hand does not wake this thread; looking again after an hour at the latest
    // keeps the waiting time within what every system's timers can hold.
    constexpr std::chrono::nanoseconds longest = std::chrono::hours(1);
    std::unique_lock lock(mutex);
    while (!stopping) {
      if (open.empty()) {
        changed.wait(lock);
        continue;
      }
      const auto left = open.begin()->first - clock.steady();
      if (left > left.zero()) {
        changed.wait_for(lock, std::min<std::chrono::nanoseconds>(left, longest));
      } else {
        expire_due(lock);
      }
    }
  }

  void stop() {
    std::unique_lock lock(mutex);
    stopping = true;
    changed.notify_all();
    if (timer.joinable()) {
      lock.unlock();
      timer.join();
      lock.lock();
    }
    const auto rest = std::exchange(open, {});
    lock.unlock();
    for (const auto& [deadline, job] : rest) expire(job);
    lock.lock();
    changed.wait(lock, [this] { return active == 0; });
  }
};

Driver::Driver(FactSource& source, const Clock& clock, const Evaluator& evaluator)
    : state_(std::make_shared<State>(source, clock, evaluator)) {}

Driver::~Driver() { state_->stop(); }

std::optional<Outcome> Driver::decide_at_once(const Policy* policy, Transaction& transaction,
                                              Facts& facts) const noexcept {
  const auto& state = *state_;
  const auto started = state.clock.steady();
  Outcome outcome;
  CheckMemo checks;
  try {
    for (;;) {
      auto made = state.evaluator.evaluate_briefly(policy, transaction, facts, checks);
      if (auto* decision = std::get_if<Decision>(&made)) {
        outcome.decision = std::move(*decision);
        break;
      }
      if (!state.add_known(std::move(std::get<NeedsMore>(made).questions), facts))
        return std::nullopt;
    }
    for (;;) {
      auto questions = state.evaluator.shadow_questions(policy, transaction, facts, checks);
      if (questions.empty()) break;
      if (!state.add_known(std::move(questions), facts)) return std::nullopt;
    }
  } catch (...) {
    outcome.decision.verdict = Verdict::defer;  // could_not_decide()
  }
  outcome.elapsed = between(started, state.clock.steady());
  outcome.facts = std::move(facts);
  outcome.transaction = std::move(transaction);
  return outcome;
}

void Driver::decide(std::shared_ptr<const Policy> policy, Transaction transaction, Facts facts,
                    std::chrono::milliseconds deadline,
                    std::function<void(const Decision&)> replied,
                    std::function<void(Outcome)> closed) {
  auto& state = *state_;
  const auto started = state.clock.steady();
  Run run(std::move(policy), std::move(transaction), std::move(facts), state.evaluator);
  const auto questions = run.start();
  if (deadline <= deadline.zero()) run.expire();
  if (run.closed()) {
    const auto elapsed = between(started, state.clock.steady());
    call(replied, run.decision());
    auto outcome = std::move(run).take();
    outcome.elapsed = elapsed;
    call(closed, std::move(outcome));
    return;
  }

  const auto job = std::make_shared<Job>(std::move(run));
  State::add(*job, questions);
  job->started = started;
  job->evaluating = state.clock.steady() - started;
  job->replied = std::move(replied);
  job->closed = std::move(closed);
  job->deadline = started + deadline;
  state.open_job(job);
  if (const State::Entered entered(state); entered) {
    state.advance(job, [](Job&) {});
  } else {
    state.expire(job);
  }
}

Decision Driver::decide_and_wait(std::shared_ptr<const Policy> policy, Transaction transaction,
                                 Facts facts, std::chrono::milliseconds deadline,
                                 std::function<void(Outcome)> closed) {
  if (auto now = decide_at_once(policy.get(), transaction, facts)) {
    Decision decision = now->decision;
    call(closed, std::move(*now));
    return decision;
  }
  struct Wait {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Decision> decision;
  };
  // Shared, because the replying thread may still be inside notify_all() when the waiter is gone.
  const auto wait = std::make_shared<Wait>();
  decide(
      std::move(policy), std::move(transaction), std::move(facts), deadline,
      [wait](const Decision& decision) {
        const std::lock_guard lock(wait->mutex);
        wait->decision = decision;
        wait->changed.notify_all();
      },
      std::move(closed));
  std::unique_lock lock(wait->mutex);
  wait->changed.wait(lock, [&] { return wait->decision.has_value(); });
  return std::move(*wait->decision);
}

void Driver::tick() {
  std::unique_lock lock(state_->mutex);
  state_->expire_due(lock);
}

}  // namespace postern
