// TableLookUps: every look-up into a table that the rules of a policy make, each once. Immutable;
// any thread may ask.
#pragma once

#include "postern/facts.h"
#include "postern/transaction.h"
#include "rules/rule.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace postern {

class Policy;
namespace expression {
struct Program;

/// Hexadecimal digits of a table's digest in such answers: enough to tell what one table held at
/// different times, and a record has several of them.
inline constexpr std::size_t short_digest = 12;

/// Adds to `facts` what tables say to the look-ups that are made when the program is run.
/// In program.cc.
void look_up_in(const Program& program, const Transaction& transaction, Facts& facts);
}  // namespace expression

class TableLookUps {
 public:
  TableLookUps() = default;
  explicit TableLookUps(const std::vector<Rule>& rules);

  /// Adds to `facts`, for each look-up of rules up to the transaction's stage, what its table
  /// says about this transaction: the entry with its place, or nothing. Whether a rule came so far
  /// as to look is not asked: what a changed rule would have found is told as well. Values that
  /// neither the mail server nor `facts` tell are not looked up.
  void answer(const Transaction& transaction, Facts& facts) const;

 private:
  struct LookUp {
    Stage stage;  ///< the earliest of its rules
    std::shared_ptr<const expression::Program> alone;
  };
  std::vector<LookUp> all_;
};

/// TableLookUps::answer() of the policy's rules.
void answer_from_tables(const Policy& policy, const Transaction& transaction, Facts& facts);

}  // namespace postern
