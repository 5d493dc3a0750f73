// Privileges: leaving root for good in the worker, and for the time being in the parent.
//
// A server started as root opens its sockets as root and then works as an ordinary user. The worker
// gives root up for good. The parent keeps root as its saved user id, for one purpose: removing its
// socket files at the stop from directories that only root may write to.
#pragma once

#include "postern/result.h"

#include <string>
#include <sys/types.h>
#include <vector>

namespace postern {

struct UserIdentity {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
};

/// The user to run as. `group` empty: the user's own. Root itself and the group root are refused.
Result<UserIdentity> find_identity(const std::string& user, const std::string& group);

/// The groups of `identity` by the system's list: they may be what opens the policy's files, or
/// lets it give a socket to the mail server's group. Never root's, even where the list says so.
/// None for a user who has only a number.
std::vector<gid_t> supplementary_groups(const UserIdentity& identity);

bool running_as_root() noexcept;

/// For good: groups, group, user, and a check that there is no way back. Empty on success.
Problems become(const UserIdentity& identity);

/// Effective ids only; root stays reachable for AsRoot. Empty on success.
Problems become_for_now(const UserIdentity& identity);

/// Root again while it lives, if root is the saved user id; nothing otherwise.
class AsRoot {
 public:
  AsRoot();
  ~AsRoot();
  AsRoot(const AsRoot&) = delete;
  AsRoot& operator=(const AsRoot&) = delete;

 private:
  uid_t user_;
  bool taken_ = false;
};

}  // namespace postern
