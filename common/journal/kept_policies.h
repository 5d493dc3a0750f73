// KeptPolicies: the policies of many old records, each made once. One thread at a time.
#pragma once

#include "journal/kept_policy.h"
#include "journal/policy_store.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postern {

class KeptPolicies {
 public:
  /// The store lives longer. `today` as for kept_policy().
  KeptPolicies(const PolicyStore& store, FileReader today)
      : store_(store), today_(std::move(today)) {}

  /// nullptr: it was not kept, or cannot be made. Lives as long as this. A list that changes every
  /// hour makes a policy each hour of which only the tables differ: their rules are compiled once.
  const KeptPolicy* of(const std::string& digest);

 private:
  std::optional<KeptPolicy> make(const std::string& digest);

  const PolicyStore& store_;
  FileReader today_;
  std::map<std::string, std::optional<KeptPolicy>, std::less<>> kept_;
  std::vector<std::pair<PolicySource, std::shared_ptr<const Policy>>> made_;
};

}  // namespace postern
