// RecordCondition: an expression of the policy language about records of the journal. Constant; any
// thread may ask.
#pragma once

#include "journal/address_mask.h"
#include "journal/hidden_values.h"
#include "journal/line_sieve.h"
#include "journal/record.h"
#include "postern/result.h"
#include "rules/condition.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

class RecordCondition {
 public:
  /// With the names of the transaction, of record_names(), of `checks` and of `tables`, which may
  /// be null. All faults at once, as the problems of a file "expression". `warnings`: what may be
  /// meant but rarely is.
  static Result<RecordCondition> compile(std::string_view source, const Tables* tables,
                                         const CheckRegistry* checks, Problems& warnings);

  /// With the key of hashed addresses: what the condition and its tables name is found hashed too.
  void reveal(AddressMask mask);

  /// Whether it says yes of the record: what the record does not hold is neither yes nor no. A
  /// record about several recipients fits if it does for one of them.
  bool fits(const Record& record) const;
  /// Of a record that does not fit: whether it might if nothing of it were hidden.
  bool hangs_on_hidden(const Record& record) const;

  /// What the line of a record that fits must have.
  std::vector<LineClue> clues() const;

 private:
  explicit RecordCondition(Condition condition);

  std::shared_ptr<const Condition> condition_;
  bool about_one_recipient_ = false;
  AddressMask mask_;
  NamedLocals named_;
};

}  // namespace postern
