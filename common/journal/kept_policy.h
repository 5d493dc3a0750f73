// The policy that an old record was made under, from what PolicyStore keeps of it.
#pragma once

#include "journal/policy_store.h"
#include "journal/record.h"
#include "postern/policy.h"
#include "postern/result.h"

#include <functional>
#include <memory>
#include <set>
#include <string>

namespace postern {

struct KeptPolicy {
  std::shared_ptr<const Policy> policy;
  /// Tables whose files no longer hold what they held then: what rules said of them is not known.
  std::set<std::string, std::less<>> changed;
};

/// The policy of these texts, with what `today` reads of the files of tables, or with empty tables
/// where that no longer makes a policy. Problems: nor do empty ones.
Result<std::shared_ptr<const Policy>> policy_of_then(const PolicySource& source,
                                                     const FileReader& today);
/// Tables of `source` that hold something else in `policy`.
std::set<std::string, std::less<>> changed_tables(const PolicySource& source, const Policy& policy);

/// `today` reads the files of tables; those whose content has not changed are the tables of then.
/// A Problem if the policy was not kept, or cannot be made without its tables.
Result<KeptPolicy> kept_policy(const PolicyStore& store, const std::string& digest,
                               const FileReader& today);

enum class Expanded : std::uint8_t {
  no,      ///< nothing was done
  partly,  ///< without rules that looked into a table which has changed since, where the record
           ///< does not tell what it said: it stays compact
  whole,
};

/// As expand(), with a policy of then.
Expanded expand_with(Record& record, const KeptPolicy& kept);

}  // namespace postern
