// HiddenValues: what can be told, and what cannot, of records whose addresses are hidden: equality
// holds between hashes, and with the key also with what a policy names; what looks inside a local
// part that is not there has no answer. One thread at a time.
#pragma once

#include "journal/address_mask.h"
#include "journal/record.h"
#include "postern/policy.h"

#include <map>
#include <string>
#include <vector>

namespace postern {

/// Whether the record holds an address or a login name that is hidden.
bool has_hidden(const Record& record);

class HiddenValues {
 public:
  /// `mask`: with the key of the journal, or one that hides nothing.
  explicit HiddenValues(AddressMask mask) : mask_(std::move(mask)) {}

  /// The record with the local parts that `policy` names in place of their hashes, in transaction
  /// and facts, so that its conditions come to what they came to then.
  Record revealed(const Policy& policy, const Record& record);

  /// What the rules of `policy` would have to know of `record`, as far as they stand before the one
  /// that decides `after` or are that one: "sender (rule \"x\")". Empty: `after` is sure.
  std::vector<std::string> lacking(const Policy& policy, const Record& record,
                                   const Decision& after) const;

 private:
  AddressMask mask_;
  std::string digest_;                        ///< of the policy that `named_` is of
  std::map<std::string, std::string> named_;  ///< local parts by their hashes
};

}  // namespace postern
