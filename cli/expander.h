// Expander: makes compact records whole again, with the policy that each was made under.
#pragma once

#include "cli/explain.h"
#include "journal/kept_policy.h"
#include "journal/policy_store.h"
#include "journal/record.h"
#include "journal/trail_gaps.h"

#include <map>
#include <string>

namespace postern::cli {

/// For one call of a command; what it refers to lives longer.
class Expander {
 public:
  Expander(const JournalSource& source, const Options& options);

  /// Leaves a record as it is whose policy is not known any more. What its trail lacks, and why.
  TrailGaps expand(Record& record);

 private:
  const JournalSource& source_;
  const Options& options_;
  Result<KeptPolicy> policy_of(const std::string& digest) const;

  std::map<std::string, Result<KeptPolicy>> kept_;  ///< by digest
};

}  // namespace postern::cli
