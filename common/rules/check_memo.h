// CheckMemo: what checks came to in one transaction, from one round of evaluation to the next. A
// finished check is not run again, and an open one not twice for the same facts. Without it, each
// round of a decision runs SPF and every list from the beginning, once for each rule that names it.
#pragma once

#include "checks/check.h"

#include <cstddef>
#include <deque>

namespace postern {

/// What check.evaluate() gives, without questions that `facts` answer. An open outcome that has
/// none left asks for nothing new.
CheckOutcome ask(const Check& check, const Transaction& transaction, const Facts& facts);

/// Belongs to one transaction, whose facts only grow; one thread.
class CheckMemo {
 public:
  /// What ask() gives. Valid until the next call. `check` outlives the memo.
  const CheckOutcome& outcome(const Check& check, const Transaction& transaction,
                              const Facts& facts);

 private:
  struct Known {
    const Check* check;
    std::size_t facts;  ///< how many there were
    CheckOutcome outcome;
  };
  std::deque<Known> known_;  // a policy has some ten checks, and moving them about costs
};

}  // namespace postern
