// What the doctor's parts have in common: the eyes of another user, and the part about the journal.
#pragma once

#include "runtime/doctor.h"
#include "runtime/privileges.h"

#include <optional>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace postern {

/// A user whose eyes we borrow.
struct KnownUser {
  UserIdentity identity;
  std::vector<gid_t> groups;  ///< its own and the supplementary ones
};
/// nullopt: there is no such user here.
std::optional<KnownUser> find_known_user(const std::string& name);

/// The permission bits (rwx) that count for `user`.
unsigned bits_for(const KnownUser& user, const struct stat& status);

/// "(mode 0660, postern:postfix)".
std::string access_text(const struct stat& status);

/// What to do when `user` of the mail server may not write to a socket of ours.
std::string give_access(const Settings& settings, const KnownUser& user);

/// Whether records can be written, and what the running server says about those it has lost. Reads,
/// and asks at the control socket.
std::vector<Finding> examine_journal(const Settings& settings, const DoctorPlace& place);

}  // namespace postern
