#include "runtime/mta_lines.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace postern {
namespace {

using std::chrono::seconds;

/// Between our deadline and the MTA's patience: time for a busy machine to write the answer.
constexpr seconds margin{7};
/// Postfix's own default for milter commands (postconf(5) milter_command_timeout).
constexpr seconds least_command_timeout{30};
/// Postfix's own default for the end of the message (postconf(5) milter_content_timeout).
constexpr seconds least_content_timeout{300};
/// In front of us in every list, not in the recipient list alone: a late list asks us about all of
/// the message, its recipients too, and would refuse whom the recipient list let in without us.
constexpr std::string_view own_users = "permit_mynetworks, permit_sasl_authenticated";

/// In front of us in the recipient list. Postfix looks for unlisted recipients anyway, but behind
/// the list: we would be asked about one that it refuses afterwards, and could not tell from then
/// on which recipients the message has (see recipients_of() of the policy service).
constexpr std::string_view recipient_checks =
    "    reject_unauth_destination,\n    reject_unlisted_recipient,\n";

std::string in_seconds(seconds time) { return std::to_string(time.count()) + "s"; }

seconds above(std::chrono::milliseconds deadline) {
  return std::chrono::ceil<seconds>(deadline) + margin;
}

seconds content_timeout(const LimitSettings& limits, std::chrono::milliseconds delay) {
  return std::max(least_content_timeout, above(limits.deadline + delay));
}

std::string below(const std::string& path, const std::string& directory) {
  const std::string prefix =
      directory.empty() || directory.back() == '/' ? directory : directory + "/";
  if (prefix.empty() || path.compare(0, prefix.size(), prefix) != 0) return {};
  return path.substr(prefix.size());
}

}  // namespace

Chroot from_chroot(const ListenAddress& address, const std::string& queue_directory) {
  if (address.family != ListenAddress::Family::unix_socket) return Chroot::reachable;
  return below(address.path, queue_directory).empty() ? Chroot::unreachable : Chroot::reachable;
}

std::string postfix_name(const ListenAddress& address, const std::string& queue_directory) {
  if (address.family == ListenAddress::Family::unix_socket) {
    const auto relative = below(address.path, queue_directory);
    if (!relative.empty()) return "unix:" + relative;
  }
  return address.postfix_text();
}

seconds command_timeout(const LimitSettings& limits, std::chrono::milliseconds delay) {
  return std::max(least_command_timeout, above(limits.deadline + delay));
}

seconds policy_timeout(const LimitSettings& limits, std::chrono::milliseconds delay) {
  return above(limits.deadline + delay);
}

std::string postfix_lines(const Settings& settings, const MtaLinePlace& place) {
  const auto& listen = settings.listen;
  std::string text;
  const auto chroot_note = [&](const ListenAddress& address) {
    if (from_chroot(address, place.queue_directory) == Chroot::unreachable) {
      text += "# This socket is outside " + place.queue_directory +
              ": a chrooted smtpd (Debian's default) cannot reach it.\n";
    }
  };
  if (listen.milter) {
    text += "# As a milter:\n";
    chroot_note(*listen.milter);
    text += "smtpd_milters = " + postfix_name(*listen.milter, place.queue_directory) + "\n";
    text += "milter_default_action = tempfail\n";
    text += "milter_connect_timeout = " + in_seconds(least_command_timeout) + "\n";
    text +=
        "milter_command_timeout = " + in_seconds(command_timeout(settings.limits, place.delay)) +
        "\n";
    text +=
        "milter_content_timeout = " + in_seconds(content_timeout(settings.limits, place.delay)) +
        "\n";
  }
  if (!listen.policy.empty()) {
    // The socket that works everywhere is the one to recommend.
    const auto best =
        std::find_if(listen.policy.begin(), listen.policy.end(), [&](const ListenAddress& address) {
          return from_chroot(address, place.queue_directory) == Chroot::reachable;
        });
    const auto& address = best == listen.policy.end() ? listen.policy.front() : *best;
    text += listen.milter
                ? "# Or as a policy service (both on one smtpd decide everything twice):\n"
                : "# As a policy service:\n";
    chroot_note(address);
    const auto list = [&](std::string_view name, std::string_view checks,
                          std::string_view context) {
      text += std::string(name) + " =\n    " + std::string(own_users) + ",\n" +
              std::string(checks) + "    check_policy_service { " +
              postfix_name(address, place.queue_directory) +
              ", policy_context=" + std::string(context) +
              ", timeout=" + in_seconds(policy_timeout(settings.limits, place.delay)) + " }\n";
    };
    const auto any_at = [&](std::initializer_list<Stage> stages) {
      return std::find_first_of(place.stages.begin(), place.stages.end(), stages.begin(),
                                stages.end()) != place.stages.end();
    };
    list("smtpd_recipient_restrictions", recipient_checks, "recipient");
    if (any_at({Stage::data})) list("smtpd_data_restrictions", "", "data");
    // Postfix knows no end of the headers: what stands there is asked at the end of the data.
    if (any_at({Stage::end_of_headers, Stage::end_of_message})) {
      list("smtpd_end_of_data_restrictions", "", "end");
    }
    text +=
        "smtpd_policy_service_default_action =\n"
        "    451 4.3.5 Mail policy service unavailable, please try again later\n";
  }
  return text;
}

std::string postfix_spawn_lines(const Settings& settings, const MtaLinePlace& place) {
  if (settings.listen.policy.empty()) return {};
  const std::string user = settings.run.user.empty() ? "postern" : settings.run.user;
  return "policy-postern  unix  -  n  n  -  0  spawn\n"
         "    user=" +
         user + " argv=" + place.program + " spawn --to " +
         settings.listen.policy.front().postfix_text() +
         "\n"
         "# and in main.cf, at the same place in each list (behind reject_unlisted_recipient in "
         "that\n"
         "# of the recipients): check_policy_service\n"
         "#   { unix:private/policy-postern, policy_context=recipient, timeout=" +
         in_seconds(policy_timeout(settings.limits, place.delay)) +
         " }\n"
         "# and policy-postern_time_limit = 3600s\n";
}

std::string sendmail_lines(const Settings& settings, const MtaLinePlace& place) {
  if (!settings.listen.milter) return {};
  const auto wait = in_seconds(command_timeout(settings.limits, place.delay));
  return "INPUT_MAIL_FILTER(`postern', `S=" + settings.listen.milter->sendmail_text() +
         ", F=T, T=C:" + in_seconds(least_command_timeout) + ";S:" + wait + ";R:" + wait +
         ";E:" + in_seconds(content_timeout(settings.limits, place.delay)) + "')dnl\n";
}

std::string mta_lines(const Settings& settings, const MtaLinePlace& place) {
  std::string text;
  const auto part = [&](const char* heading, const std::string& lines) {
    if (lines.empty()) return;
    if (!text.empty()) text += '\n';
    text += heading;
    text += lines;
  };
  part("Postfix, main.cf:\n", postfix_lines(settings, place));
  part("Postfix, master.cf, only if smtpd shall not connect to us itself:\n",
       postfix_spawn_lines(settings, place));
  part("Sendmail, sendmail.mc:\n", sendmail_lines(settings, place));
  return text;
}

}  // namespace postern
