// PolicyStore: the policies that records were made under, kept beside the journal in a folder of
// their own, so that an old record can be explained with the rules of its day. For each policy a
// list of what it was made of ("DIGEST.policy"), and each text once ("DIGEST.text"). Thread-safe.
#pragma once

#include "postern/policy.h"
#include "postern/result.h"
#include "rules/policy_source.h"
#include "system/unique_fd.h"

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

class PolicyStore {
 public:
  using Time = std::chrono::system_clock::time_point;
  using Digests = std::set<std::string, std::less<>>;

  explicit PolicyStore(const std::string& journal) : folder_(journal + ".policies") {}

  std::string folder() const {
    const std::lock_guard lock(mutex_);
    return folder_;
  }
  /// Another journal.
  void move_to(const std::string& journal);

  /// Writes down what is not there yet; to be called before a record is written under that policy
  /// after one under another. A policy is never written in part: its list comes last.
  Problems keep(const Policy& policy, Time now);
  /// What keep() has written of the policy with that digest.
  Result<PolicySource> load(const std::string& digest) const;

  /// The policies that may go at `now` if no record refers to them: kept more than an hour ago, not
  /// in use, and not kept before `before`, when that is given.
  Digests idle(std::optional<Time> before, Time now) const;
  /// Removes these, and the texts that then belong to none.
  Problems remove(const Digests& digests, Time now);

  /// Held by the one process that looks after the journal's segments; nothing while another does.
  std::optional<UniqueFd> lock() const;

 private:
  std::string path_of(std::string_view name) const;
  Problems write_new(const std::string& path, std::string_view octets) const;
  Problems make_folder() const;
  std::vector<std::pair<std::string, Time>> files(std::string_view ending) const;

  mutable std::mutex mutex_;
  std::string folder_;
  std::string current_;
  std::map<std::string, Time, std::less<>> used_;  // that this process has kept, lately
};

}  // namespace postern
