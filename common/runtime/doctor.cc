#include "runtime/doctor.h"

#include "runtime/as_user.h"
#include "runtime/doctor_parts.h"
#include "runtime/files.h"
#include "runtime/postfix_config.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <unistd.h>

namespace postern {
namespace {

class Examination {
 public:
  Examination(const Settings& settings, const DoctorPlace& place)
      : settings_(settings), place_(place), user_(find_known_user(place.mta_user)) {}

  std::vector<Finding> run() {
    read_postfix();
    if (!user_) {
      findings_.note("there is no user " + place_.mta_user +
                         " here, so permissions along the paths are not "
                         "checked",
                     "name the MTA's user with --mta-user");
    }
    if (settings_.listen.milter) path(*settings_.listen.milter, "milter");
    for (const auto& address : settings_.listen.policy) path(address, "policy service");
    versions();
    if (settings_.listen.milter) examine_path_for_sendmail(*settings_.listen.milter, findings_);
    if (postfix_) examine_postfix(settings_, place_, *postfix_, findings_);
    if (settings_.listen.milter) probe(probe_milter, *settings_.listen.milter);
    for (const auto& address : settings_.listen.policy) {
      if (address.family != ListenAddress::Family::unix_socket && address.port == 0) {
        findings_.note("the system chooses the port of " + address.postfix_text(),
                       "give it a number: a mail server cannot know the system's choice");
      } else {
        probe(probe_policy, address);
      }
    }
    fold_not_running();
    auto of_journal = examine_journal(settings_, place_);
    for (auto& finding : of_journal) findings_.add(std::move(finding));
    if (!settings_.listen.milter && settings_.listen.policy.empty()) {
      findings_.problem("the policy names no listener", "set listen.milter or listen.policy");
    }
    return std::move(findings_.all());
  }

 private:
  static bool not_running(const Finding& finding) {
    return finding.cause == Finding::Cause::not_running;
  }

  /// A server that does not run is one problem, however many sockets it would have.
  void fold_not_running() {
    auto& all = findings_.all();
    const auto down = static_cast<std::size_t>(std::count_if(all.begin(), all.end(), not_running));
    if (down < 2 || down < settings_.listen.policy.size() + (settings_.listen.milter ? 1 : 0)) {
      return;
    }
    const auto first = std::find_if(all.begin(), all.end(), not_running);
    first->what = "no server runs: none of its " + std::to_string(down) +
                  " sockets takes connections; the first: " + first->what;
    first->remedy = "systemctl start postern; if it does not stay, journalctl -u postern tells why";
    all.erase(std::remove_if(std::next(first), all.end(), not_running), all.end());
  }

  void path(const ListenAddress& address, const std::string& what) {
    examine_path(address, what, settings_, user_, findings_);
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
      findings_.add(std::move(found));
      return;
    }
    const auto told = as_user(user_->identity, 2 * place_.patience, [&] {
      const auto finding = ask(address, place_.patience);
      return std::string{static_cast<char>(finding.state), static_cast<char>(finding.cause)} +
             finding.what + '\n' + finding.remedy;
    });
    const auto who = " (asked as user " + user_->identity.name + ")";
    if (!told || told->size() < 2) {
      findings_.note(address.postfix_text() + " could not be asked as user " + user_->identity.name,
                     "is that the mail server's user? Name another with --mta-user");
      return;
    }
    const auto end = told->find('\n');
    Finding found{static_cast<Finding::State>(told->front()), told->substr(2, end - 2) + who,
                  told->substr(end + 1), static_cast<Finding::Cause>((*told)[1])};
    if (found.cause == Finding::Cause::not_permitted) {
      found.remedy = give_access(settings_, *user_);
    }
    findings_.add(std::move(found));
  }

  void versions() {
    if (settings_.listen.milter && !place_.libmilter_version.empty()) {
      findings_.well("libmilter " + place_.libmilter_version);
    }
    int major = 0;
    int minor = 0;
    if (std::sscanf(place_.sendmail_version.c_str(), "%d.%d", &major, &minor) != 2) return;
    // With 8.14 came version 6 of the protocol, in which a filter names the macros it needs.
    if (settings_.listen.milter && (major < 8 || (major == 8 && minor < 14))) {
      findings_.problem(
          "sendmail " + place_.sendmail_version + " does not send the macros a milter asks for",
          "use sendmail 8.14 or newer");
    } else {
      findings_.well("sendmail " + place_.sendmail_version);
    }
  }

  void read_postfix() {
    const auto main_cf = read_file(place_.postfix_directory + "/main.cf");
    const auto master_cf = read_file(place_.postfix_directory + "/master.cf");
    if (!main_cf || !master_cf) {
      findings_.note("no Postfix configuration in " + place_.postfix_directory,
                     "if Postfix is elsewhere, name its directory with --postfix-dir");
      return;
    }
    postfix_ = read_postfix_config(*main_cf, *master_cf);
    const auto queue = postfix_->value("queue_directory");
    if (!queue.empty()) place_.queue_directory = queue;
  }

  const Settings& settings_;
  DoctorPlace place_;
  std::optional<KnownUser> user_;
  std::optional<PostfixConfig> postfix_;
  Findings findings_;
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
