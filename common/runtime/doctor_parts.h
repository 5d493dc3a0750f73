// What the doctor is made of: the eyes of another user, and one part for each thing it looks at.
#pragma once

#include "runtime/doctor.h"
#include "runtime/postfix_config.h"
#include "runtime/privileges.h"

#include <optional>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace postern {

/// Findings in the order in which they are told.
class Findings {
 public:
  void well(std::string what) { add({Finding::State::well, std::move(what), {}}); }
  void note(std::string what, std::string remedy) {
    add({Finding::State::note, std::move(what), std::move(remedy)});
  }
  void warning(std::string what, std::string remedy) {
    add({Finding::State::warning, std::move(what), std::move(remedy)});
  }
  void problem(std::string what, std::string remedy, Finding::Cause cause = Finding::Cause::other) {
    add({Finding::State::problem, std::move(what), std::move(remedy), cause});
  }
  void add(Finding finding) { all_.push_back(std::move(finding)); }

  std::vector<Finding>& all() noexcept { return all_; }

 private:
  std::vector<Finding> all_;
};

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

/// The unix socket of `what` and every directory on the way, with the eyes of the mail server's
/// user where there is one. Of other addresses nothing is said.
void examine_path(const ListenAddress& address, const std::string& what, const Settings& settings,
                  const std::optional<KnownUser>& user, Findings& findings);

/// sendmail calls a socket unsafe below a directory that anybody may write to.
void examine_path_for_sendmail(const ListenAddress& address, Findings& findings);

/// What main.cf and master.cf make of us: whether any smtpd asks, where in its lists, with which
/// time-outs and what for an answer while we are down.
void examine_postfix(const Settings& settings, const DoctorPlace& place,
                     const PostfixConfig& postfix, Findings& findings);

/// Whether records can be written, and what the running server says about those it has lost. Reads,
/// and asks at the control socket.
std::vector<Finding> examine_journal(const Settings& settings, const DoctorPlace& place);

}  // namespace postern
