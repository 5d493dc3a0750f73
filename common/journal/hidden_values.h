// HiddenValues: what can be told, and what cannot, of records whose addresses are hidden: equality
// holds between hashes, and with the key also with what a policy names; what looks inside a local
// part that is not there has no answer. One thread at a time.
#pragma once

#include "journal/address_mask.h"
#include "journal/record.h"
#include "postern/policy.h"
#include "rules/program.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// Whether the record holds an address or a login name that is hidden.
bool has_hidden(const Record& record);
/// `text` with "(an address)" in place of each address that is hidden or erased, and "(a name)" for
/// a name that is.
std::string without_hidden(std::string_view text);
/// Whether an address that was erased stood anywhere in the record.
bool holds_erased(const Record& record);

/// Local parts by what their hashes are.
using NamedLocals = std::map<std::string, std::string>;

/// Adds those that a condition names, in itself or in its tables, with the key of `mask`; none
/// without a key.
void add_named(NamedLocals& named, const expression::Program& program, const AddressMask& mask);

/// The record with the local parts of `named` in place of their hashes, in transaction and facts,
/// so that conditions come to what they came to then.
Record revealed(const NamedLocals& named, const Record& record);

/// What a condition comes to on parts of a record that revealed() has returned: unknown where it
/// hangs on what is hidden. `open`, when given: the first name of it that does; empty if none.
Truth truth_of_hidden(const expression::Program& program, const Transaction& transaction,
                      const Facts& facts, const AddressMask& mask,
                      const expression::FurtherValues* further = nullptr,
                      std::string* open = nullptr);

class HiddenValues {
 public:
  /// `mask`: with the key of the journal, or one that hides nothing.
  explicit HiddenValues(AddressMask mask) : mask_(std::move(mask)) {}

  /// The record with the local parts that `policy` names, and its tables.
  Record revealed(const Policy& policy, const Record& record);

  /// What the rules of `policy` would have to know of `record`, as far as they stand before the one
  /// that decides `after` or are that one: "sender (rule \"x\")". Empty: `after` is sure.
  std::vector<std::string> lacking(const Policy& policy, const Record& record,
                                   const Decision& after) const;

 private:
  AddressMask mask_;
  std::string digest_;  ///< of the policy that `named_` is of
  NamedLocals named_;
};

}  // namespace postern
