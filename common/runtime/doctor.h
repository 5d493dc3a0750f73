// Doctor: looks from the MTA's side whether it can reach us, and says what to do where it cannot.
#pragma once

#include "rules/settings.h"

#include <chrono>
#include <string>
#include <vector>

namespace postern {

struct DoctorPlace {
  std::string postfix_directory = "/etc/postfix";  ///< of main.cf and master.cf
  std::string mta_user = "postfix";
  std::string queue_directory = "/var/spool/postfix";  ///< unless main.cf says otherwise
  // Versions as the programs print them; empty: not known, or not there.
  std::string mail_version;  ///< of Postfix
  std::string sendmail_version;
  std::string libmilter_version;
  /// Who connects to the running server. Only root can take the MTA's user, and only a process with
  /// a single thread should: it forks.
  enum class ConnectAs : std::uint8_t { ourselves, mta_user } connect_as = ConnectAs::ourselves;
  std::chrono::milliseconds delay{0};        ///< the longest that rules keep an answer back
  std::chrono::milliseconds patience{3000};  ///< for an answer of the running server
};

struct Finding {
  /// warning: mail flows, but not as it should when something fails. Only a problem fails.
  enum class State : std::uint8_t { well, note, warning, problem } state = State::well;
  std::string what;
  std::string remedy;  ///< what to do; empty when well
  /// What several findings may have in common, so that one of them is enough.
  enum class Cause : std::uint8_t { other, not_running, not_permitted } cause = Cause::other;
};

/// `settings` with the paths as they are on disk. Reads files and connects; changes nothing.
std::vector<Finding> examine(const Settings& settings, const DoctorPlace& place);

/// The findings for people, a summary line last.
std::string render(const std::vector<Finding>& findings);
bool any_problem(const std::vector<Finding>& findings);

/// Whether a running server answers: a policy request that must get DUNNO, a milter negotiation.
Finding probe_policy(const ListenAddress& address, std::chrono::milliseconds patience);
Finding probe_milter(const ListenAddress& address, std::chrono::milliseconds patience);

}  // namespace postern
