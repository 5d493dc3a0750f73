// The exact lines that plug Postern into Postfix and sendmail, for the settings in force. Pure.
#pragma once

#include "rules/settings.h"

#include <chrono>
#include <string>
#include <vector>

namespace postern {

struct MtaLinePlace {
  /// Postfix's; sockets inside are named relative to it, which works chrooted or not.
  std::string queue_directory = "/var/spool/postfix";
  /// Of this program, for spawn(8).
  std::string program = "/usr/sbin/postern";
  /// Stages at which rules stand that the policy door is asked: Postfix asks at DATA and at the end
  /// only where it is told to.
  std::vector<Stage> stages;
  /// The longest that rules delay an answer.
  std::chrono::milliseconds delay{0};
};

/// Whether Postfix finds `address` from inside its chroot.
enum class Chroot : std::uint8_t { reachable, unreachable };
Chroot from_chroot(const ListenAddress& address, const std::string& queue_directory);

/// As Postfix shall spell it: "unix:postern/milter.sock" inside the queue directory.
std::string postfix_name(const ListenAddress& address, const std::string& queue_directory);

/// What the MTA must wait at least: longer than our deadline and the delays of rules, or it gives
/// up on us first and its own words go out instead of ours.
std::chrono::seconds command_timeout(const LimitSettings& limits,
                                     std::chrono::milliseconds delay = {});
std::chrono::seconds policy_timeout(const LimitSettings& limits,
                                    std::chrono::milliseconds delay = {});

/// Each ends in a line end; empty when no listener is of use to that MTA.
std::string postfix_lines(const Settings& settings, const MtaLinePlace& place);
std::string postfix_spawn_lines(const Settings& settings, const MtaLinePlace& place);
std::string sendmail_lines(const Settings& settings, const MtaLinePlace& place = {});

/// All of it, with headings.
std::string mta_lines(const Settings& settings, const MtaLinePlace& place);

}  // namespace postern
