// DoctorPatience: how long Postfix waits for an answer of ours, and what it does when none comes.
#pragma once

#include "rules/settings.h"
#include "runtime/doctor_parts.h"
#include "runtime/postfix_config.h"

#include <chrono>
#include <string>

namespace postern {

/// Keeps references to what it is made of.
class DoctorPatience {
 public:
  /// `delay`: the longest that rules keep an answer back, which comes on top of the deadline.
  DoctorPatience(const Settings& settings, std::chrono::milliseconds delay,
                 const PostfixConfig& postfix, Findings& findings)
      : settings_(settings), delay_(delay), postfix_(postfix), findings_(findings) {}

  /// `server`: of smtpd_milters; one in braces may have settings of its own.
  void of_milter(const SmtpdService& service, const PostfixServer& server);
  /// `server`: of a check_policy_service.
  void of_policy(const SmtpdService& service, const PostfixServer& server);

 private:
  void default_of_milter(const SmtpdService& service, const std::string& action);
  void default_of_policy(const SmtpdService& service, const PostfixServer& server);
  void compare(const std::string& what, long seconds);

  const Settings& settings_;
  const std::chrono::milliseconds delay_;
  const PostfixConfig& postfix_;
  Findings& findings_;
};

}  // namespace postern
