#include "rules/check_memo.h"

#include <algorithm>
#include <utility>

namespace postern {

CheckOutcome ask(const Check& check, const Transaction& transaction, const Facts& facts) {
  auto outcome = check.evaluate(transaction, facts);
  if (outcome.state == CheckOutcome::State::open) {
    std::erase_if(outcome.questions,
                  [&](const Question& question) { return facts.find(question) != nullptr; });
  }
  return outcome;
}

const CheckOutcome& CheckMemo::outcome(const Check& check, const Transaction& transaction,
                                       const Facts& facts) {
  const auto count = facts.all().size();
  const auto found = std::find_if(known_.begin(), known_.end(),
                                  [&](const Known& each) { return each.check == &check; });
  if (found == known_.end()) {
    known_.push_back({&check, count, ask(check, transaction, facts)});
    return known_.back().outcome;
  }
  if (found->outcome.state == CheckOutcome::State::open && found->facts != count) {
    found->outcome = ask(check, transaction, facts);
    found->facts = count;
  }
  return found->outcome;
}

}  // namespace postern
