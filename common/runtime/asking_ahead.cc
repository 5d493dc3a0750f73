#include "runtime/asking_ahead.h"

#include "rules/check_memo.h"
#include "rules/settings.h"

#include <utility>
#include <variant>
#include <vector>

namespace postern {
namespace {

/// What is asked ahead, as a decision that stands when there is nothing more to ask. The driver
/// does the rest: cached answers at once, others as they come, an end at the deadline.
class Ahead final : public Evaluator {
 public:
  std::variant<Decision, NeedsMore> evaluate(const Policy* policy, const Transaction& transaction,
                                             const Facts& facts) const override {
    CheckMemo checks;
    return evaluate_briefly(policy, transaction, facts, checks);
  }
  std::variant<Decision, NeedsMore> evaluate_briefly(const Policy* policy,
                                                     const Transaction& transaction,
                                                     const Facts& facts,
                                                     CheckMemo& checks) const override {
    auto questions = questions_to_come(*policy, transaction, facts, &checks);
    if (questions.empty()) return Decision();
    return NeedsMore{std::move(questions)};
  }
  std::vector<Question> shadow_questions(const Policy* /*policy*/,
                                         const Transaction& /*transaction*/, const Facts& /*facts*/,
                                         CheckMemo& /*checks*/) const override {
    return {};
  }
  std::vector<Question> questions_ahead(const Policy* /*policy*/,
                                        const Transaction& /*transaction*/, const Facts& /*facts*/,
                                        CheckMemo& /*checks*/) const override {
    return {};
  }
};

const Evaluator& ahead() noexcept {
  static const Ahead evaluator;
  return evaluator;
}

}  // namespace

AskingAhead::AskingAhead(FactSource& source, const Clock& clock)
    : driver_(source, clock, ahead()) {}
AskingAhead::~AskingAhead() = default;

bool AskingAhead::is_wanted(const Policy& policy) noexcept {
  return policy.settings().dns.prefetch && !policy.rules_that_ask_dns().empty();
}

void AskingAhead::begin(const std::shared_ptr<const Policy>& policy,
                        const Transaction& transaction) noexcept {
  try {
    auto copy = transaction;
    Facts facts;
    if (driver_.decide_at_once(policy.get(), copy, facts)) return;
    driver_.decide(policy, std::move(copy), std::move(facts), policy->settings().limits.deadline,
                   nullptr, nullptr);
  } catch (...) {
    // What was not asked ahead is asked when a rule comes to it.
  }
}

}  // namespace postern
