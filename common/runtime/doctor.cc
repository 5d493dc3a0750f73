#include "runtime/doctor.h"

#include "runtime/as_user.h"
#include "runtime/files.h"
#include "runtime/mta_lines.h"
#include "runtime/postfix_config.h"
#include "runtime/privileges.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <grp.h>
#include <optional>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace postern {
namespace {

/// The user whose eyes we borrow.
struct MtaUser {
  UserIdentity identity;
  std::vector<gid_t> groups;  ///< its own and the supplementary ones
};

std::optional<MtaUser> find_mta_user(const std::string& name) {
  const auto* entry = ::getpwnam(name.c_str());
  if (entry == nullptr) return std::nullopt;
  MtaUser user{{name, entry->pw_uid, entry->pw_gid}, {}};
  user.groups = supplementary_groups(user.identity);
  user.groups.push_back(entry->pw_gid);
  return user;
}

/// The permission bits (rwx) that count for `user`.
unsigned bits_for(const MtaUser& user, const struct stat& status) {
  if (user.identity.user == 0) return 7;
  if (status.st_uid == user.identity.user) return (status.st_mode >> 6) & 7U;
  const auto in_group = std::find(user.groups.begin(), user.groups.end(), status.st_gid);
  return (in_group != user.groups.end() ? status.st_mode >> 3 : status.st_mode) & 7U;
}

std::string mode_text(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
  return text;
}

std::string owner_text(const struct stat& status) {
  const auto* user = ::getpwuid(status.st_uid);
  std::string text = user ? user->pw_name : std::to_string(status.st_uid);
  const auto* group = ::getgrgid(status.st_gid);
  return text + ":" + (group ? group->gr_name : std::to_string(status.st_gid));
}

class Examination {
 public:
  Examination(const Settings& settings, const DoctorPlace& place)
      : settings_(settings), place_(place), user_(find_mta_user(place.mta_user)) {}

  std::vector<Finding> run() {
    read_postfix();
    if (!user_) {
      note("there is no user " + place_.mta_user +
               " here, so permissions along the paths are not "
               "checked",
           "name the MTA's user with --mta-user");
    }
    if (settings_.listen.milter) listener(*settings_.listen.milter, "milter");
    for (const auto& address : settings_.listen.policy) listener(address, "policy service");
    versions();
    if (settings_.listen.milter) sendmail_rules(*settings_.listen.milter);
    if (postfix_) postfix_rules();
    if (settings_.listen.milter) probe(probe_milter, *settings_.listen.milter);
    for (const auto& address : settings_.listen.policy) {
      if (address.family != ListenAddress::Family::unix_socket && address.port == 0) {
        note("the system chooses the port of " + address.postfix_text(),
             "give it a number: a mail server cannot know the system's choice");
      } else {
        probe(probe_policy, address);
      }
    }
    if (!settings_.listen.milter && settings_.listen.policy.empty()) {
      problem("the policy names no listener", "set listen.milter or listen.policy");
    }
    return std::move(findings_);
  }

 private:
  void well(std::string what) { findings_.push_back({Finding::State::well, std::move(what), {}}); }
  void note(std::string what, std::string remedy) {
    findings_.push_back({Finding::State::note, std::move(what), std::move(remedy)});
  }
  void problem(std::string what, std::string remedy) {
    findings_.push_back({Finding::State::problem, std::move(what), std::move(remedy)});
  }

  using Probe = Finding (*)(const ListenAddress&, std::chrono::milliseconds);

  /// Connects and asks, as the MTA's user where that can be done: what the system says to it is
  /// worth more than any reasoning about modes, groups and access lists.
  void probe(Probe ask, const ListenAddress& address) {
    if (!user_ || place_.connect_as != DoctorPlace::ConnectAs::mta_user) {
      findings_.push_back(ask(address, place_.patience));
      return;
    }
    const auto told = as_user(user_->identity, 2 * place_.patience, [&] {
      const auto finding = ask(address, place_.patience);
      return static_cast<char>(finding.state) + finding.what + '\n' + finding.remedy;
    });
    const auto who = " (asked as user " + user_->identity.name + ")";
    if (!told || told->empty()) {
      note(address.postfix_text() + " could not be asked as user " + user_->identity.name,
           "is that the mail server's user? Name another with --mta-user");
      return;
    }
    const auto end = told->find('\n');
    findings_.push_back({static_cast<Finding::State>(told->front()), told->substr(1, end - 1) + who,
                         told->substr(end + 1)});
  }

  void versions() {
    if (settings_.listen.milter && !place_.libmilter_version.empty()) {
      well("libmilter " + place_.libmilter_version);
    }
    int major = 0;
    int minor = 0;
    if (std::sscanf(place_.sendmail_version.c_str(), "%d.%d", &major, &minor) != 2) return;
    // With 8.14 came version 6 of the protocol, in which a filter names the macros it needs.
    if (settings_.listen.milter && (major < 8 || (major == 8 && minor < 14))) {
      problem("sendmail " + place_.sendmail_version + " does not send the macros a milter asks for",
              "use sendmail 8.14 or newer");
    } else {
      well("sendmail " + place_.sendmail_version);
    }
  }

  void read_postfix() {
    const auto main_cf = read_file(place_.postfix_directory + "/main.cf");
    const auto master_cf = read_file(place_.postfix_directory + "/master.cf");
    if (!main_cf || !master_cf) {
      note("no Postfix configuration in " + place_.postfix_directory,
           "if Postfix is elsewhere, name its directory with --postfix-dir");
      return;
    }
    postfix_ = read_postfix_config(*main_cf, *master_cf);
    const auto queue = postfix_->value("queue_directory");
    if (!queue.empty()) place_.queue_directory = queue;
  }

  /// The socket itself and every directory on the way, with the eyes of the MTA's user.
  void listener(const ListenAddress& address, const std::string& what) {
    if (address.family != ListenAddress::Family::unix_socket) return;
    struct stat status {};
    if (::lstat(address.path.c_str(), &status) != 0) {
      problem(what + ": " + address.path + ": " + std::strerror(errno),
              errno == EACCES ? "run the doctor as root"
                              : "is the server running? systemctl status "
                                "postern");
      return;
    }
    if (!S_ISSOCK(status.st_mode)) {
      problem(what + ": " + address.path + " is not a socket",
              "move it away; the server does not replace it");
      return;
    }
    if (!user_) return;
    std::filesystem::path way = "/";
    for (const auto& part : std::filesystem::path(address.path).parent_path().relative_path()) {
      way /= part;
      struct stat directory {};
      if (::stat(way.c_str(), &directory) != 0) return;
      if ((bits_for(*user_, directory) & 1U) == 0) {
        problem(
            what + ": user " + user_->identity.name + " may not enter " + way.string() + " (mode " +
                mode_text(directory.st_mode) + ", " + owner_text(directory) + ")",
            "chgrp " + user_->identity.name + " " + way.string() + " && chmod g+x " + way.string());
        return;
      }
    }
    // connect(2) asks for the right to write.
    if ((bits_for(*user_, status) & 2U) == 0) {
      problem(what + ": user " + user_->identity.name + " may not write to " + address.path +
                  " (mode " + mode_text(status.st_mode) + ", " + owner_text(status) + ")",
              "set listen.mode = \"0660\" and listen.group = \"" + user_->identity.name +
                  "\" in the policy and restart");
      return;
    }
    well(what + ": user " + user_->identity.name + " may connect to " + address.path);
  }

  /// sendmail calls a socket unsafe below a directory that anybody may write to.
  void sendmail_rules(const ListenAddress& address) {
    if (address.family != ListenAddress::Family::unix_socket) return;
    for (auto way = std::filesystem::path(address.path).parent_path();; way = way.parent_path()) {
      struct stat status {};
      if (::stat(way.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0) {
        note("sendmail refuses sockets below world-writable directories, and " + way.string() +
                 " is one",
             "choose a path below /run/postern, if sendmail is to use it");
        return;
      }
      if (!way.has_relative_path()) return;
    }
  }

  bool names_us(const std::string& value, const ListenAddress& address) const {
    return value.find(postfix_name(address, place_.queue_directory)) != std::string::npos ||
           value.find(address.postfix_text()) != std::string::npos;
  }

  void postfix_rules() {
    postfix_version();
    std::size_t users = 0;
    for (const auto& service : postfix_->smtpd) {
      if (settings_.listen.milter) users += milter_in(service, *settings_.listen.milter);
      for (const auto& address : settings_.listen.policy) users += policy_in(service, address);
    }
    if (users == 0) {
      problem("no smtpd of " + place_.postfix_directory + " asks us",
              "paste the lines that `postern lines` prints into main.cf, then postfix reload");
    }
  }

  void postfix_version() {
    if (place_.mail_version.empty()) return;
    int major = 0;
    int minor = 0;
    if (std::sscanf(place_.mail_version.c_str(), "%d.%d", &major, &minor) != 2) return;
    if (major < 3 || (major == 3 && minor < 1)) {
      problem("Postfix " + place_.mail_version + " does not know policy_context",
              "use Postfix 3.1 or newer, or the milter");
    } else {
      well("Postfix " + place_.mail_version);
    }
  }

  void reach(const SmtpdService& service, const ListenAddress& address, const std::string& value,
             const std::string& parameter) {
    if (address.family != ListenAddress::Family::unix_socket || !postfix_->chrooted(service))
      return;
    const bool inside = from_chroot(address, place_.queue_directory) == Chroot::reachable;
    if (inside && value.find(address.postfix_text()) == std::string::npos) return;
    problem("service " + service.name + " of master.cf is chrooted to " + place_.queue_directory +
                ", where " + parameter + " cannot find " + address.path,
            inside ? "write " + postfix_name(address, place_.queue_directory) + " instead"
                   : "listen inside " + place_.queue_directory +
                         "/postern as well, or set the chroot column of that service to n");
  }

  std::size_t milter_in(const SmtpdService& service, const ListenAddress& address) {
    const auto value = postfix_->value(service, "smtpd_milters");
    if (!names_us(value, address)) return 0;
    well("service " + service.name + " uses the milter");
    reach(service, address, value, "smtpd_milters");
    const auto action = postfix_->value(service, "milter_default_action");
    if (!action.empty() && action != "tempfail") {
      note("service " + service.name + ": milter_default_action = " + action,
           "tempfail loses no mail and lets none past the policy while we are down");
    }
    timeout_of(service, "milter_command_timeout", 30);
    return 1;
  }

  std::size_t policy_in(const SmtpdService& service, const ListenAddress& address) {
    std::size_t users = 0;
    for (const char* list :
         {"smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_sender_restrictions",
          "smtpd_relay_restrictions", "smtpd_recipient_restrictions", "smtpd_data_restrictions",
          "smtpd_end_of_data_restrictions", "smtpd_etrn_restrictions"}) {
      const auto value = postfix_->value(service, list);
      const auto at = value.find("check_policy_service");
      if (at == std::string::npos || !names_us(value.substr(at), address)) continue;
      ++users;
      well("service " + service.name + " asks the policy service in " + list);
      reach(service, address, value, list);
      if (std::string_view(list) == "smtpd_recipient_restrictions") {
        relay_control(service, value.substr(0, at));
      }
      if (std::string_view(list) == "smtpd_data_restrictions" ||
          std::string_view(list) == "smtpd_end_of_data_restrictions") {
        own_users(service, list, value.substr(0, at));
      }
      policy_timeout_of(service, value.substr(at));
    }
    return users;
  }

  /// An OK before the relay check would open a relay, and asking about mail that is refused anyway
  /// is a waste.
  void relay_control(const SmtpdService& service, const std::string& before) {
    const bool here = before.find("reject_unauth_destination") != std::string::npos ||
                      before.find("defer_unauth_destination") != std::string::npos;
    if (here) return;
    problem("service " + service.name +
                ": check_policy_service stands before reject_unauth_destination",
            "put reject_unauth_destination in front of it in smtpd_recipient_restrictions");
  }

  /// A late list asks about all of the message: whom the recipient list lets in without asking us
  /// would be refused there after all.
  void own_users(const SmtpdService& service, const std::string& list, const std::string& before) {
    const auto recipients = postfix_->value(service, "smtpd_recipient_restrictions");
    const auto in_front = recipients.substr(0, recipients.find("check_policy_service"));
    for (const char* permit : {"permit_mynetworks", "permit_sasl_authenticated"}) {
      if (in_front.find(permit) == std::string::npos) continue;
      if (before.find(permit) != std::string::npos) continue;
      problem("service " + service.name + ": " + list + " asks us without " + permit +
                  " in front, and refuses own users for what the recipient list let pass",
              "put the permits of smtpd_recipient_restrictions in front there too");
      return;
    }
  }

  void policy_timeout_of(const SmtpdService& service, const std::string& text) {
    const auto end = text.find('}');
    const auto own = text.substr(0, end).find("timeout=");
    if (own == std::string::npos || end == std::string::npos) {
      timeout_of(service, "smtpd_policy_service_timeout", 100);
      return;
    }
    auto value = text.substr(own + std::strlen("timeout="));
    value = value.substr(0, value.find_first_of(" ,}\t"));
    compare("service " + service.name + ": timeout of check_policy_service",
            postfix_seconds(value, 's'));
  }

  void timeout_of(const SmtpdService& service, const std::string& name, long default_value) {
    const auto value = postfix_->value(service, name);
    compare("service " + service.name + ": " + name,
            value.empty() ? default_value : postfix_seconds(value, 's'));
  }

  void compare(const std::string& what, long seconds) {
    if (seconds < 0) return;
    const auto deadline = settings_.limits.deadline.count();
    if (seconds * 1000 > deadline) return;
    problem(what + " is " + std::to_string(seconds) + " s, not above our deadline of " +
                std::to_string(deadline) + " ms",
            "raise it, or lower limits.deadline: Postfix must not give up before we answer");
  }

  const Settings& settings_;
  DoctorPlace place_;
  std::optional<MtaUser> user_;
  std::optional<PostfixConfig> postfix_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> examine(const Settings& settings, const DoctorPlace& place) {
  return Examination(settings, place).run();
}

bool any_problem(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.state == Finding::State::problem;
  });
}

std::string render(const std::vector<Finding>& findings) {
  std::string text;
  std::size_t problems = 0;
  for (const auto& finding : findings) {
    switch (finding.state) {
      case Finding::State::well:
        text += "ok       ";
        break;
      case Finding::State::note:
        text += "note     ";
        break;
      case Finding::State::problem:
        text += "PROBLEM  ";
        ++problems;
        break;
    }
    text += finding.what + "\n";
    if (!finding.remedy.empty()) text += "         what to do: " + finding.remedy + "\n";
  }
  text += problems == 0 ? "No problem found.\n"
                        : std::to_string(problems) +
                              (problems == 1 ? " problem found.\n" : " problems found.\n");
  return text;
}

}  // namespace postern
