#include "journal/kept_policies.h"

#include <algorithm>

namespace postern {
namespace {

/// But for their tables.
bool are_alike(const PolicySource& a, const PolicySource& b) {
  return a.main_file == b.main_file && a.texts == b.texts && a.matches == b.matches &&
         a.maintenance == b.maintenance;
}

}  // namespace

const KeptPolicy* KeptPolicies::of(const std::string& digest) {
  auto found = kept_.find(digest);
  if (found == kept_.end()) found = kept_.emplace(digest, make(digest)).first;
  return found->second ? &*found->second : nullptr;
}

std::optional<KeptPolicy> KeptPolicies::make(const std::string& digest) {
  auto source = store_.load(digest);
  if (!source) return std::nullopt;
  auto made = std::find_if(made_.begin(), made_.end(),
                           [&](const auto& each) { return are_alike(each.first, *source); });
  if (made == made_.end()) {
    auto policy = policy_of_then(*source, today_);
    if (!policy) return std::nullopt;
    made_.emplace_back(*source, std::move(*policy));
    made = std::prev(made_.end());
  }
  KeptPolicy kept{made->second, changed_tables(*source, *made->second)};
  // A text that somebody altered is not what decided.
  if (kept.changed.empty() && kept.policy->digest() != digest) return std::nullopt;
  return kept;
}

}  // namespace postern
