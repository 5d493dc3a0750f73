// Run: one decision under way, without threads or time.
#include "rules/check_memo.h"
#include "runtime/driver.h"

#include <cassert>
#include <map>
#include <utility>

namespace postern {

std::variant<Decision, NeedsMore> Evaluator::evaluate(const Policy* policy,
                                                      const Transaction& transaction,
                                                      const Facts& facts) const {
  assert(policy != nullptr);
  return postern::evaluate(*policy, transaction, facts);
}

std::variant<Decision, NeedsMore> Evaluator::evaluate_briefly(const Policy* policy,
                                                              const Transaction& transaction,
                                                              const Facts& facts,
                                                              CheckMemo& /*checks*/) const {
  return evaluate(policy, transaction, facts);
}

std::vector<Question> Evaluator::shadow_questions(const Policy* policy,
                                                  const Transaction& transaction,
                                                  const Facts& facts, CheckMemo& checks) const {
  assert(policy != nullptr);
  return postern::shadow_questions(*policy, transaction, facts, &checks);
}

std::vector<Question> Evaluator::questions_ahead(const Policy* policy,
                                                 const Transaction& transaction, const Facts& facts,
                                                 CheckMemo& checks) const {
  assert(policy != nullptr);
  return postern::questions_ahead(*policy, transaction, facts, &checks);
}

namespace {

class Standard final : public Evaluator {
 public:
  std::variant<Decision, NeedsMore> evaluate_briefly(const Policy* policy,
                                                     const Transaction& transaction,
                                                     const Facts& facts,
                                                     CheckMemo& checks) const override {
    assert(policy != nullptr);
    return postern::evaluate(*policy, transaction, facts, Detail::verdict, &checks);
  }
};

/// What went out to the MTA; only the trail of a decision may grow after that.
bool same_reply(const Decision& a, const Decision& b) {
  return a.verdict == b.verdict && a.scope == b.scope && a.rule == b.rule && a.reason == b.reason &&
         a.reply == b.reply && a.softened_by == b.softened_by &&
         a.softened_from == b.softened_from && a.held_back == b.held_back && a.note == b.note &&
         a.effects == b.effects;
}

Answer deadline_answer() {
  auto answer = Answer::unavailable("deadline");
  answer.source.name = "deadline";
  return answer;
}

}  // namespace

const Evaluator& Evaluator::standard() noexcept {
  static const Standard evaluator;
  return evaluator;
}

struct Run::State {
  std::shared_ptr<const Policy> policy;
  Transaction transaction;
  Facts facts;
  const Evaluator& evaluator;
  CheckMemo checks;

  /// All that were ever asked, so that none is asked twice, and whether their answer is open.
  /// Whoever is asked holds on to the keys: nothing is taken out.
  std::map<Question, bool> asked;
  std::optional<Decision> decision;
  std::size_t facts_at_decision = 0;
  bool closed = false;

  State(std::shared_ptr<const Policy>&& policy_in, Transaction&& transaction_in, Facts&& facts_in,
        const Evaluator& evaluator_in)
      : policy(std::move(policy_in)),
        transaction(std::move(transaction_in)),
        facts(std::move(facts_in)),
        evaluator(evaluator_in) {}

  std::vector<Question> advance() {
    try {
      return advance_or_throw();
    } catch (...) {
      give_up();
      return {};
    }
  }

  std::vector<Question> advance_or_throw() {
    std::vector<Question> to_ask;
    if (!decision) {
      auto outcome = evaluator.evaluate_briefly(policy.get(), transaction, facts, checks);
      if (const auto* more = std::get_if<NeedsMore>(&outcome)) {
        if (!ask(more->questions, to_ask)) {
          // It waits for what it has been told already: it would wait for ever.
          give_up();
          return {};
        }
        ask(evaluator.questions_ahead(policy.get(), transaction, facts, checks), to_ask);
        return to_ask;
      }
      decision = std::move(std::get<Decision>(outcome));
      facts_at_decision = facts.all().size();
    }
    if (!ask(evaluator.shadow_questions(policy.get(), transaction, facts, checks), to_ask)) {
      close();
    } else {
      complete_trail();
    }
    return to_ask;
  }

  /// A decision whose run stays open rests on the facts of now, and these will grow.
  void complete_trail() {
    if (decision->trail_state == TrailState::made) return;
    decision->trail = trail_of(*policy, transaction, facts);
    decision->trail_state = TrailState::made;
  }

  /// Puts those never asked before into `to_ask`. False if not one of `questions` is open after it.
  bool ask(const std::vector<Question>& questions, std::vector<Question>& to_ask) {
    bool any_open = false;
    for (const auto& question : questions) {
      if (facts.find(question) != nullptr) continue;
      const auto [kept, is_new] = asked.emplace(question, true);
      if (is_new) to_ask.push_back(question);
      any_open = any_open || kept->second;
    }
    return any_open;
  }

  void end_asking() noexcept {
    for (auto& [question, open] : asked) open = false;
  }

  void close() {
    closed = true;
    end_asking();
    if (facts.all().size() == facts_at_decision) return;
    auto outcome = evaluator.evaluate(policy.get(), transaction, facts);
    auto* newer = std::get_if<Decision>(&outcome);
    if (newer != nullptr && same_reply(*newer, *decision)) decision = std::move(*newer);
  }

  /// Leaves the "could not decide" decision, or the one that has been given out already.
  void give_up() noexcept {
    if (!decision) {
      decision.emplace();
      decision->verdict = Verdict::defer;
    }
    closed = true;
    end_asking();
  }

  void expire_or_throw() {
    // Further rounds are needed because unavailable answers let evaluate() reach questions that it
    // had held back; each round adds a fact or ends the run.
    while (!closed) {
      for (const auto& [question, open] : asked) {
        if (open) facts.add(question, deadline_answer());
      }
      end_asking();
      // What comes up now is marked open by advance() and closed by the next round, never asked.
      advance_or_throw();
    }
  }
};

Run::Run(std::shared_ptr<const Policy> policy, Transaction transaction, Facts facts,
         const Evaluator& evaluator)
    : state_(std::make_unique<State>(std::move(policy), std::move(transaction), std::move(facts),
                                     evaluator)) {}
Run::~Run() = default;
Run::Run(Run&&) noexcept = default;

std::vector<Question> Run::start() { return state_->advance(); }

std::vector<Question> Run::answer(const Question& question, Answer answer) {
  const auto asked = state_->asked.find(question);
  if (state_->closed || asked == state_->asked.end() || !asked->second) return {};
  asked->second = false;
  state_->facts.add(question, std::move(answer));
  return state_->advance();
}

const Question& Run::kept(const Question& question) const noexcept {
  const auto asked = state_->asked.find(question);
  assert(asked != state_->asked.end());
  return asked->first;
}

void Run::expire() {
  try {
    state_->expire_or_throw();
  } catch (...) {
    state_->give_up();
  }
}

bool Run::decided() const noexcept { return state_->decision.has_value(); }
bool Run::closed() const noexcept { return state_->closed; }

const Decision& Run::decision() const {
  assert(decided());
  return *state_->decision;
}

const Facts& Run::facts() const noexcept { return state_->facts; }

Outcome Run::take() && {
  assert(closed());
  Outcome outcome;
  outcome.decision = std::move(*state_->decision);
  outcome.facts = std::move(state_->facts);
  outcome.transaction = std::move(state_->transaction);
  return outcome;
}

}  // namespace postern
