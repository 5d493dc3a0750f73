#include "runtime/doctor_parts.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace postern {
namespace {

/// A folder of ours can be opened to the mail server; one of the system's must stay as it is.
std::string way_in(const std::filesystem::path& folder, const std::filesystem::path& of_socket,
                   const KnownUser& user) {
  if (folder != of_socket) {
    return "choose a path that the mail server may reach, below /run/postern or its queue "
           "directory";
  }
  return "chgrp " + user.identity.name + " " + folder.string() + " && chmod g+x " + folder.string();
}

}  // namespace

void examine_path(const ListenAddress& address, const std::string& what, const Settings& settings,
                  const std::optional<KnownUser>& user, Findings& findings) {
  if (address.family != ListenAddress::Family::unix_socket) return;
  struct stat status {};
  if (::lstat(address.path.c_str(), &status) != 0) {
    const int why = errno;
    findings.problem(what + ": " + address.path + ": " + std::strerror(why),
                     why == EACCES ? "run the doctor as root"
                                   : "is the server running? systemctl status postern",
                     why == ENOENT ? Finding::Cause::not_running : Finding::Cause::other);
    return;
  }
  if (!S_ISSOCK(status.st_mode)) {
    findings.problem(what + ": " + address.path + " is not a socket",
                     "move it away; the server does not replace it");
    return;
  }
  if (!user) return;
  const auto folder = std::filesystem::absolute(address.path).lexically_normal().parent_path();
  std::filesystem::path way = "/";
  for (const auto& part : folder.relative_path()) {
    way /= part;
    struct stat directory {};
    if (::stat(way.c_str(), &directory) != 0) return;
    if ((bits_for(*user, directory) & 1U) == 0) {
      findings.problem(what + ": user " + user->identity.name + " may not enter " + way.string() +
                           " " + access_text(directory),
                       way_in(way, folder, *user));
      return;
    }
  }
  // connect(2) asks for the right to write.
  if ((bits_for(*user, status) & 2U) == 0) {
    findings.problem(what + ": user " + user->identity.name + " may not write to " + address.path +
                         " " + access_text(status),
                     give_access(settings, *user));
    return;
  }
  findings.well(what + ": user " + user->identity.name + " may connect to " + address.path);
}

void examine_path_for_sendmail(const ListenAddress& address, Findings& findings) {
  if (address.family != ListenAddress::Family::unix_socket) return;
  const auto socket = std::filesystem::absolute(address.path).lexically_normal();
  for (auto way = socket.parent_path();; way = way.parent_path()) {
    struct stat status {};
    if (::stat(way.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0) {
      findings.note("sendmail refuses sockets below world-writable directories, and " +
                        way.string() + " is one",
                    "choose a path below /run/postern, if sendmail is to use it");
      return;
    }
    if (!way.has_relative_path()) return;
  }
}

}  // namespace postern
