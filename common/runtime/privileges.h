// Privileges: leaving root for good.
//
// A server started as root opens its sockets as root and then gives root up, before it starts a
// worker, reads a policy again or listens to anybody. What it does later it does as an ordinary
// user; removing its socket files at the stop, too.
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

/// The user while it lives, then root again: for looking at what the user may do, as long as nobody
/// else speaks to us. Not a protection. For a single thread of a process that is root.
class BorrowedUser {
 public:
  explicit BorrowedUser(const UserIdentity& identity);
  /// Ends the process when root cannot be had back.
  ~BorrowedUser();
  BorrowedUser(const BorrowedUser&) = delete;
  BorrowedUser& operator=(const BorrowedUser&) = delete;

  /// Empty, or why we are not that user.
  const Problems& problems() const noexcept { return problems_; }

 private:
  std::vector<gid_t> groups_;
  gid_t group_;
  Problems problems_;
};

}  // namespace postern
