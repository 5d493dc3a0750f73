// PostfixConfig: what main.cf and master.cf say, as far as the doctor needs it. Plain values.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// A service of master.cf that runs smtpd.
struct SmtpdService {
  std::string name;                              ///< "smtp", "submission", "127.0.0.1:10025"
  char chroot = '-';                             ///< 'y', 'n' or '-' (the default)
  std::map<std::string, std::string> overrides;  ///< of "-o name=value"
};

struct PostfixConfig {
  std::map<std::string, std::string> parameters;
  std::vector<SmtpdService> smtpd;

  /// The value a service sees: its own override, else main.cf's, with $names of main.cf filled in.
  std::string value(const SmtpdService& service, const std::string& name) const;
  std::string value(const std::string& name) const;
  /// What '-' in the chroot column means follows from compatibility_level (postconf(5)).
  bool chrooted(const SmtpdService& service) const;
};

/// Reads the texts of both files: comments, continuation lines (leading white space), and the later
/// of two settings wins, as postconf(1) does it.
PostfixConfig read_postfix_config(std::string_view main_cf, std::string_view master_cf);

/// A setting inside the braces of the check_policy_service that `text` begins with; empty: not
/// there. A value with spaces stands in braces of its own.
std::string policy_service_setting(const std::string& text, const std::string& name);
/// The first restriction behind the check_policy_service that `text` begins with that may refuse
/// somebody; empty: none.
std::string refusing_behind_policy_service(const std::string& text);

/// "30s", "5m", "100" in seconds; -1 when it is no time.
long postfix_seconds(std::string_view text, char default_unit);

}  // namespace postern
