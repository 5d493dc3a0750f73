#include "runtime/doctor_patience.h"

#include "runtime/mta_lines.h"

#include <algorithm>

namespace postern {
namespace {

/// Seconds; postconf(5), smtpd_policy_service_timeout.
constexpr long default_policy_timeout = 100;
/// Seconds; postconf(5), milter_command_timeout.
constexpr long default_milter_timeout = 30;

std::string upper_word(const std::string& action) {
  std::string word = action.substr(0, action.find_first_of(" \t"));
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char letter) {
    return static_cast<char>(letter >= 'a' && letter <= 'z' ? letter - 'a' + 'A' : letter);
  });
  return word;
}

}  // namespace

void DoctorPatience::of_milter(const SmtpdService& service, const PostfixServer& server) {
  const auto setting = [&](const char* own, const char* common) {
    const auto value = server.setting(own);
    return value.empty() ? postfix_.value(service, common) : value;
  };
  default_of_milter(service, setting("default_action", "milter_default_action"));
  const auto timeout = setting("command_timeout", "milter_command_timeout");
  compare("service " + service.name + ": milter_command_timeout",
          timeout.empty() ? default_milter_timeout : postfix_seconds(timeout, 's'));
}

void DoctorPatience::of_policy(const SmtpdService& service, const PostfixServer& server) {
  default_of_policy(service, server);
  const auto own = server.setting("timeout");
  const auto set = own.empty() ? postfix_.value(service, "smtpd_policy_service_timeout") : own;
  const auto what = "service " + service.name + ": timeout of check_policy_service";
  const auto seconds = set.empty() ? default_policy_timeout : postfix_seconds(set, 's');
  compare(what, seconds);
  if (seconds < default_policy_timeout) return;
  // Postfix asks a second time, a second later.
  findings_.warning(
      what + " is " + std::to_string(seconds) + " s" + (set.empty() ? ", Postfix's default" : "") +
          ": if we hang, each recipient waits " + std::to_string(2 * seconds + 1) + " s",
      "timeout=" + std::to_string(policy_timeout(settings_.limits, delay_).count()) +
          "s in check_policy_service, as `postern lines` prints it");
}

void DoctorPatience::default_of_milter(const SmtpdService& service, const std::string& action) {
  const auto what = "service " + service.name + ": milter_default_action = " + action;
  if (action == "accept" || action == "reject") {
    findings_.warning(what + ", which " +
                          (action == "accept" ? "lets all mail past while we are down"
                                              : "bounces good mail while we are down"),
                      "milter_default_action = tempfail: senders try again");
  } else if (!action.empty() && action != "tempfail") {
    findings_.note(what, "tempfail loses no mail and lets none past the policy while we are down");
  }
}

/// What Postfix takes for an answer while it gets none.
void DoctorPatience::default_of_policy(const SmtpdService& service, const PostfixServer& server) {
  auto action = server.setting("default_action");
  if (action.empty()) action = postfix_.value(service, "smtpd_policy_service_default_action");
  const auto word = upper_word(action);
  const bool lets_past = word == "DUNNO" || word == "OK" || word == "PERMIT";
  const bool bounces = word == "REJECT" || (!word.empty() && word.front() == '5');
  if (!lets_past && !bounces) return;
  findings_.warning("service " + service.name +
                        ": smtpd_policy_service_default_action = " + action + ", which " +
                        (lets_past ? "lets all mail past while we are down"
                                   : "bounces good mail while we are down"),
                    "set it to a 451 reply: senders try again");
}

void DoctorPatience::compare(const std::string& what, long seconds) {
  if (seconds < 0) return;
  const auto longest = settings_.limits.deadline + delay_;
  if (std::chrono::seconds(seconds) > longest) return;
  const auto deadline = std::to_string(settings_.limits.deadline.count()) + " ms";
  const bool delayed = delay_.count() > 0;
  findings_.problem(
      what + " is " + std::to_string(seconds) + " s, not above our deadline of " + deadline +
          (delayed ? " and the " + std::to_string(delay_.count()) + " ms that rules delay an answer"
                   : ""),
      std::string("raise it, or lower limits.deadline") + (delayed ? " or the delays" : "") +
          ": Postfix must not give up before we answer");
}

}  // namespace postern
