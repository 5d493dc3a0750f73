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

/// A service of master.cf that starts a program for each connection, spawn(8).
struct SpawnService {
  std::string name;  ///< "policy-postern"; "127.0.0.1:9998" or "9998" of type inet
  std::string type;  ///< "unix" or "inet"
  char chroot = '-';
  std::vector<std::string> program;  ///< what stands behind "argv="
};

struct PostfixConfig {
  std::map<std::string, std::string> parameters;
  std::vector<SmtpdService> smtpd;
  std::vector<SpawnService> spawn;

  /// The value a service sees: its own override, else main.cf's, with $names of main.cf filled in.
  std::string value(const SmtpdService& service, const std::string& name) const;
  std::string value(const std::string& name) const;
  /// `column`: of chroot. What '-' there means follows from compatibility_level (postconf(5)).
  bool chrooted(char column) const;
  bool chrooted(const SmtpdService& service) const { return chrooted(service.chroot); }
  /// The level, as a number of three digits: 3.6 is 306. 0 when it is not set.
  int compatibility() const;
};

/// Reads the texts of both files: comments, continuation lines (leading white space), and the later
/// of two settings wins, as postconf(1) does it.
PostfixConfig read_postfix_config(std::string_view main_cf, std::string_view master_cf);

/// The items of a list, which stand between commas and white space; "{ ... }" is one of them and
/// keeps its braces.
std::vector<std::string> postfix_items(std::string_view list);

/// A server in such a list: "inet:host:port", or "{ unix:path, name=value, { name = a value } }".
struct PostfixServer {
  std::string endpoint;
  std::map<std::string, std::string> settings;

  /// Empty: not set here.
  std::string setting(const std::string& name) const;
};
PostfixServer read_postfix_server(std::string_view item);

/// "30s", "5m", "100" in seconds; -1 when it is no time.
long postfix_seconds(std::string_view text, char default_unit);

}  // namespace postern
