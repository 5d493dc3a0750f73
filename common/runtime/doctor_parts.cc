#include "runtime/doctor_parts.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <grp.h>
#include <pwd.h>

namespace postern {

std::optional<KnownUser> find_known_user(const std::string& name) {
  const auto* entry = ::getpwnam(name.c_str());
  if (entry == nullptr) return std::nullopt;
  KnownUser user{{name, entry->pw_uid, entry->pw_gid}, {}};
  user.groups = supplementary_groups(user.identity);
  user.groups.push_back(entry->pw_gid);
  return user;
}

unsigned bits_for(const KnownUser& user, const struct stat& status) {
  if (user.identity.user == 0) return 7;
  if (status.st_uid == user.identity.user) return (status.st_mode >> 6) & 7U;
  const auto in_group = std::find(user.groups.begin(), user.groups.end(), status.st_gid);
  return (in_group != user.groups.end() ? status.st_mode >> 3 : status.st_mode) & 7U;
}

std::string access_text(const struct stat& status) {
  std::array<char, 8> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", static_cast<unsigned>(status.st_mode & 07777));
  const auto* user = ::getpwuid(status.st_uid);
  const auto* group = ::getgrgid(status.st_gid);
  return std::string("(mode ") + mode.data() + ", " +
         (user != nullptr ? user->pw_name : std::to_string(status.st_uid)) + ":" +
         (group != nullptr ? group->gr_name : std::to_string(status.st_gid)) + ")";
}

std::string give_access(const Settings& settings, const KnownUser& user) {
  const auto* entry = ::getgrgid(user.identity.group);
  const std::string group = entry != nullptr ? entry->gr_name : std::to_string(user.identity.group);
  const auto ours = settings.run.user.empty() ? std::string("postern") : settings.run.user;
  return "set listen.mode = \"0660\" and listen.group = \"" + group +
         "\" in the policy, let our user into that group (usermod -a -G " + group + " " + ours +
         "), and restart";
}

}  // namespace postern
