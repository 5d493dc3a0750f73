#include "runtime/privileges.h"

#include "runtime/sockets.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace postern {
namespace {

Problems failed(const std::string& what) {
  return {plain_problem(what + ": " + std::strerror(errno))};
}

bool take_groups(const UserIdentity& identity) {
  const auto groups = supplementary_groups(identity);
  return ::setgroups(groups.size(), groups.data()) == 0;
}

}  // namespace

Result<UserIdentity> find_identity(const std::string& user, const std::string& group) {
  UserIdentity identity;
  if (const auto* entry = ::getpwnam(user.c_str())) {
    identity = {entry->pw_name, entry->pw_uid, entry->pw_gid};
  } else if (const auto uid = find_user(user)) {
    const auto* by_number = ::getpwuid(*uid);
    if (by_number == nullptr && group.empty()) {
      return plain_problem("user " + user + " has no entry, so its group is not known",
                           "give the group too (run.group, or --group)");
    }
    identity = {by_number ? by_number->pw_name : "", *uid,
                by_number ? by_number->pw_gid : gid_t{0}};
  } else {
    return plain_problem("there is no user " + user, "make it, or choose another (run.user)");
  }
  if (!group.empty()) {
    const auto gid = find_group(group);
    if (!gid) return plain_problem("there is no group " + group);
    identity.group = *gid;
  }
  if (identity.user == 0) {
    return plain_problem("Postern does not run as root",
                         "name another user: run.user in the policy, or --user");
  }
  if (identity.group == 0) {
    return plain_problem("Postern does not run in the group root, which may read what is root's",
                         "name another group: run.group in the policy, or --group");
  }
  return identity;
}

std::vector<gid_t> supplementary_groups(const UserIdentity& identity) {
  std::vector<gid_t> groups;
  if (identity.name.empty()) return groups;
  int count = 64;
  groups.resize(static_cast<std::size_t>(count));
  if (::getgrouplist(identity.name.c_str(), identity.group, groups.data(), &count) < 0) {
    // The first call has told how many there are.
    groups.resize(static_cast<std::size_t>(count));
    if (::getgrouplist(identity.name.c_str(), identity.group, groups.data(), &count) < 0) count = 0;
  }
  groups.resize(static_cast<std::size_t>(count));
  groups.erase(std::remove(groups.begin(), groups.end(), gid_t{0}), groups.end());
  return groups;
}

bool running_as_root() noexcept { return ::geteuid() == 0; }

Problems become(const UserIdentity& identity) {
  if (!take_groups(identity)) return failed("cannot take the groups of " + identity.name);
  if (::setresgid(identity.group, identity.group, identity.group) != 0) {
    return failed("cannot change the group");
  }
  if (::setresuid(identity.user, identity.user, identity.user) != 0) {
    return failed("cannot change the user");
  }
  if (::setuid(0) == 0 || ::geteuid() != identity.user || ::getegid() != identity.group) {
    return {plain_problem("root could not be given up")};
  }
  return {};
}

BorrowedUser::BorrowedUser(const UserIdentity& identity) : group_(::getegid()) {
  const int count = ::getgroups(0, nullptr);
  groups_.resize(static_cast<std::size_t>(std::max(count, 0)));
  if (count < 0 || ::getgroups(count, groups_.data()) != count) {
    problems_ = failed("cannot read our groups");
  } else if (!take_groups(identity)) {
    problems_ = failed("cannot take the groups of " + identity.name);
  } else if (::setegid(identity.group) != 0) {
    problems_ = failed("cannot change the group");
  } else if (::seteuid(identity.user) != 0) {
    problems_ = failed("cannot change the user");
  }
}

BorrowedUser::~BorrowedUser() {
  if (::seteuid(0) != 0 || ::setegid(group_) != 0 ||
      ::setgroups(groups_.size(), groups_.data()) != 0) {
    std::abort();
  }
}

}  // namespace postern
