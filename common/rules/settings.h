// Settings: everything of a policy file that is not a rule or a table. Plain data, checked when the
// policy loads.
#pragma once

#include "postern/transaction.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace postern {

/// A listening address. Both notations of the field are understood: "inet:8891@localhost"
/// (libmilter, sendmail) and "inet:localhost:8891" (Postfix), "inet6:" likewise, and "unix:/path"
/// or "local:/path".
struct ListenAddress {
  enum class Family : std::uint8_t { unix_socket, inet, inet6 };
  Family family = Family::unix_socket;
  std::string path;        ///< unix sockets; absolute
  std::string host;        ///< inet: name or address, without brackets
  std::uint16_t port = 0;  ///< inet; 0 lets the system choose (tests)

  /// "unix:/path", "inet:host:port": the notation of Postfix and of our own messages.
  std::string postfix_text() const;
  /// "local:/path", "inet:port@host": the notation of libmilter and sendmail.
  std::string sendmail_text() const;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

struct IdentitySettings {
  std::string host;     ///< how replies name us; required
  std::string contact;  ///< whom to ask, in replies; may be empty
  std::string help;     ///< URL template with {reason} and {ref}; may be empty
};

/// When the milter speaks the verdicts of connect and HELO rules (semantics 5).
enum class Speak : std::uint8_t { rcpt, stage };

struct ListenSettings {
  std::optional<ListenAddress> milter;
  std::vector<ListenAddress> policy;
  std::optional<ListenAddress> control;  ///< unix only; always mode 0600
  unsigned mode = 0660;                  ///< of milter and policy unix sockets
  std::string owner;                     ///< name of a user; empty: leave
  std::string group;                     ///< name of a group; empty: leave
  Speak speak = Speak::rcpt;
};

struct LimitSettings {
  std::chrono::milliseconds deadline{8000};        ///< per stage; below the MTA's
  unsigned policy_connections = 2000;              ///< policy door, all listeners together
  std::chrono::milliseconds policy_idle{600'000};  ///< an idle policy connection is closed
  unsigned journal_queue = 65'536;                 ///< records waiting to be written
};

struct JournalSettings {
  std::string path = "/var/log/postern/decisions.jsonl";  ///< empty: no journal
};

/// Where the one-line-a-decision log goes.
enum class LogTarget : std::uint8_t { automatic, syslog, standard_error };

struct LogSettings {
  LogTarget to = LogTarget::automatic;
  bool accepts = true;  ///< lines for pass and accept; refusals are always logged
};

struct RunSettings {
  std::string user;   ///< to change to when started as root
  std::string group;  ///< default: the user's own
};

struct Settings {
  IdentitySettings identity;
  ListenSettings listen;
  LimitSettings limits;
  JournalSettings journal;
  LogSettings log;
  RunSettings run;
};

}  // namespace postern
