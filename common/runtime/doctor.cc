#include "runtime/doctor.h"

#include "runtime/as_user.h"
#include "runtime/doctor_parts.h"
#include "runtime/files.h"
#include "runtime/mta_lines.h"
#include "runtime/postfix_config.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace postern {
namespace {

/// Seconds; postconf(5), smtpd_policy_service_timeout.
constexpr long default_policy_timeout = 100;

class Examination {
 public:
  Examination(const Settings& settings, const DoctorPlace& place)
      : settings_(settings), place_(place), user_(find_known_user(place.mta_user)) {}

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
    fold_not_running();
    auto of_journal = examine_journal(settings_, place_);
    findings_.insert(findings_.end(), of_journal.begin(), of_journal.end());
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
  void warning(std::string what, std::string remedy) {
    findings_.push_back({Finding::State::warning, std::move(what), std::move(remedy)});
  }
  void problem(std::string what, std::string remedy) {
    findings_.push_back({Finding::State::problem, std::move(what), std::move(remedy)});
  }
  static bool not_running(const Finding& finding) {
    return finding.cause == Finding::Cause::not_running;
  }

  /// A server that does not run is one problem, however many sockets it would have.
  void fold_not_running() {
    const auto down =
        static_cast<std::size_t>(std::count_if(findings_.begin(), findings_.end(), not_running));
    if (down < 2 || down < settings_.listen.policy.size() + (settings_.listen.milter ? 1 : 0)) {
      return;
    }
    const auto first = std::find_if(findings_.begin(), findings_.end(), not_running);
    first->what = "no server runs: none of its " + std::to_string(down) +
                  " sockets takes connections; the first: " + first->what;
    first->remedy = "systemctl start postern; if it does not stay, journalctl -u postern tells why";
    findings_.erase(std::remove_if(std::next(first), findings_.end(), not_running),
                    findings_.end());
  }

  using Probe = Finding (*)(const ListenAddress&, std::chrono::milliseconds);

  /// Connects and asks, as the MTA's user where that can be done: what the system says to it is
  /// worth more than any reasoning about modes, groups and access lists.
  void probe(Probe ask, const ListenAddress& address) {
    // That it has no file was said already.
    if (address.family == ListenAddress::Family::unix_socket &&
        ::access(address.path.c_str(), F_OK) != 0 && errno == ENOENT) {
      return;
    }
    if (!user_ || place_.connect_as != DoctorPlace::ConnectAs::mta_user) {
      auto found = ask(address, place_.patience);
      if (user_ && found.cause == Finding::Cause::not_permitted) {
        // Whether the MTA may is another question, which the permissions have answered.
        found.state = Finding::State::note;
        found.remedy = "run the doctor as root: it then asks as user " + user_->identity.name;
      }
      findings_.push_back(std::move(found));
      return;
    }
    const auto told = as_user(user_->identity, 2 * place_.patience, [&] {
      const auto finding = ask(address, place_.patience);
      return std::string{static_cast<char>(finding.state), static_cast<char>(finding.cause)} +
             finding.what + '\n' + finding.remedy;
    });
    const auto who = " (asked as user " + user_->identity.name + ")";
    if (!told || told->size() < 2) {
      note(address.postfix_text() + " could not be asked as user " + user_->identity.name,
           "is that the mail server's user? Name another with --mta-user");
      return;
    }
    const auto end = told->find('\n');
    Finding found{static_cast<Finding::State>(told->front()), told->substr(2, end - 2) + who,
                  told->substr(end + 1), static_cast<Finding::Cause>((*told)[1])};
    if (found.cause == Finding::Cause::not_permitted) {
      found.remedy = give_access(settings_, *user_);
    }
    findings_.push_back(std::move(found));
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
      const int why = errno;
      problem(what + ": " + address.path + ": " + std::strerror(why),
              why == EACCES ? "run the doctor as root"
                            : "is the server running? systemctl status postern");
      if (why == ENOENT) findings_.back().cause = Finding::Cause::not_running;
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
            what + ": user " + user_->identity.name + " may not enter " + way.string() + " " +
                access_text(directory),
            "chgrp " + user_->identity.name + " " + way.string() + " && chmod g+x " + way.string());
        return;
      }
    }
    // connect(2) asks for the right to write.
    if ((bits_for(*user_, status) & 2U) == 0) {
      problem(what + ": user " + user_->identity.name + " may not write to " + address.path + " " +
                  access_text(status),
              give_access(settings_, *user_));
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
                   : "let it listen inside " + place_.queue_directory +
                         "/postern (README, \"Plug it in\": copy postern-postfix.conf to "
                         "/etc/tmpfiles.d), or set the chroot column of that service to n");
  }

  std::size_t milter_in(const SmtpdService& service, const ListenAddress& address) {
    const auto value = postfix_->value(service, "smtpd_milters");
    if (!names_us(value, address)) return 0;
    well("service " + service.name + " uses the milter");
    reach(service, address, value, "smtpd_milters");
    const auto action = postfix_->value(service, "milter_default_action");
    if (action == "accept" || action == "reject") {
      warning("service " + service.name + ": milter_default_action = " + action + ", which " +
                  (action == "accept" ? "lets all mail past while we are down"
                                      : "bounces good mail while we are down"),
              "milter_default_action = tempfail: senders try again");
    } else if (!action.empty() && action != "tempfail") {
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
      const auto at = place_of(value, address);
      if (at == std::string::npos) continue;
      ++users;
      well("service " + service.name + " asks the policy service in " + list);
      reach(service, address, value, list);
      if (std::string_view(list) == "smtpd_recipient_restrictions") {
        relay_control(service, value.substr(0, at));
        unlisted_recipients(service, address, value.substr(0, at), value.substr(at));
      }
      if (std::string_view(list) == "smtpd_data_restrictions" ||
          std::string_view(list) == "smtpd_end_of_data_restrictions") {
        own_users(service, list, value.substr(0, at));
      }
      policy_default_of(service, value.substr(at));
      policy_timeout_of(service, value.substr(at));
    }
    return users;
  }

  /// Where a restriction list asks us, not another policy service; npos: nowhere.
  std::size_t place_of(const std::string& value, const ListenAddress& address) const {
    const std::string word = "check_policy_service";
    auto at = value.find(word);
    while (at != std::string::npos) {
      const auto next = value.find(word, at + 1);
      if (names_us(value.substr(at, next - at), address)) return at;
      at = next;
    }
    return at;
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

  /// A recipient that we let pass and that is refused behind us leaves us with one too many.
  void unlisted_recipients(const SmtpdService& service, const ListenAddress& address,
                           const std::string& before, const std::string& from_us) {
    const bool asked_late = place_of(postfix_->value(service, "smtpd_data_restrictions"),
                                     address) != std::string::npos ||
                            place_of(postfix_->value(service, "smtpd_end_of_data_restrictions"),
                                     address) != std::string::npos;
    const std::string what = "service " + service.name + ": check_policy_service stands before ";
    const std::string place = " in smtpd_recipient_restrictions";
    if (before.find("reject_unlisted_recipient") == std::string::npos &&
        postfix_->value(service, "smtpd_reject_unlisted_recipient") != "no") {
      const auto unlisted = what + "reject_unlisted_recipient, so we are asked about recipients " +
                            "that Postfix refuses afterwards";
      const auto remedy = "put reject_unlisted_recipient in front of it" + place;
      if (asked_late) {
        warning(unlisted +
                    ": after one unknown address the rules at data and at the end do not know the "
                    "recipients, and let mail pass or only put it off",
                remedy);
      } else {
        note(unlisted + ", and record that they pass", remedy);
      }
      return;
    }
    if (!asked_late) return;
    const auto refusing = refusing_behind_policy_service(from_us);
    if (refusing.empty()) return;
    note(what + refusing + ": of what that refuses, the rules at data and at the end do not know",
         "put it in front of check_policy_service" + place);
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

  /// What Postfix takes for an answer while it gets none.
  void policy_default_of(const SmtpdService& service, const std::string& text) {
    auto action = policy_service_setting(text, "default_action");
    if (action.empty()) action = postfix_->value(service, "smtpd_policy_service_default_action");
    std::string word = action.substr(0, action.find_first_of(" \t"));
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char letter) {
      return static_cast<char>(letter >= 'a' && letter <= 'z' ? letter - 'a' + 'A' : letter);
    });
    const bool lets_past = word == "DUNNO" || word == "OK" || word == "PERMIT";
    const bool bounces = word == "REJECT" || (!word.empty() && word.front() == '5');
    if (!lets_past && !bounces) return;
    warning("service " + service.name + ": smtpd_policy_service_default_action = " + action +
                ", which " +
                (lets_past ? "lets all mail past while we are down"
                           : "bounces good mail while we are down"),
            "set it to a 451 reply: senders try again");
  }

  void policy_timeout_of(const SmtpdService& service, const std::string& text) {
    const auto own = policy_service_setting(text, "timeout");
    const auto set = own.empty() ? postfix_->value(service, "smtpd_policy_service_timeout") : own;
    const auto what = "service " + service.name + ": timeout of check_policy_service";
    const auto seconds = set.empty() ? default_policy_timeout : postfix_seconds(set, 's');
    compare(what, seconds);
    if (seconds < default_policy_timeout) return;
    // Postfix asks a second time, a second later.
    warning(what + " is " + std::to_string(seconds) + " s" +
                (set.empty() ? ", Postfix's default" : "") + ": if we hang, each recipient waits " +
                std::to_string(2 * seconds + 1) + " s",
            "timeout=" + std::to_string(policy_timeout(settings_.limits).count()) +
                "s in check_policy_service, as `postern lines` prints it");
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
  std::optional<KnownUser> user_;
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
  std::size_t warnings = 0;
  for (const auto& finding : findings) {
    switch (finding.state) {
      case Finding::State::well:
        text += "ok       ";
        break;
      case Finding::State::note:
        text += "note     ";
        break;
      case Finding::State::warning:
        text += "WARNING  ";
        ++warnings;
        break;
      case Finding::State::problem:
        text += "PROBLEM  ";
        ++problems;
        break;
    }
    text += finding.what + "\n";
    if (!finding.remedy.empty()) text += "         what to do: " + finding.remedy + "\n";
  }
  text += problems == 0
              ? "No problem found"
              : std::to_string(problems) + (problems == 1 ? " problem found" : " problems found");
  if (warnings > 0)
    text += ", " + std::to_string(warnings) + (warnings == 1 ? " warning" : " warnings");
  return text + ".\n";
}

}  // namespace postern
