// Settings: everything of a policy file that is not a rule or a table. Plain data, checked when the
// policy loads.
#pragma once

#include "model/dns_servers.h"
#include "model/geo.h"
#include "postern/address.h"
#include "postern/result.h"
#include "postern/transaction.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
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

  /// Reads either notation. An IPv6 address as host makes the family inet6, brackets or not. On
  /// failure one problem without a position says what is wrong and how to write it.
  static Result<ListenAddress> parse(std::string_view text);
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
  /// Sentences instead of the catalogue's, by the reason's name: for every refusal with that reason
  /// whose rule has no text of its own, those for missing facts too.
  std::map<std::string, std::string, std::less<>> texts = {};
  /// Names that only we may have in Authentication-Results, in normal spelling, and the first of
  /// them is written; empty: `host` alone.
  std::vector<std::string> authserv_ids = {};

  /// The one that is written.
  const std::string& authserv_id() const noexcept {
    return authserv_ids.empty() ? host : authserv_ids.front();
  }
};

/// What [reason.NAME] says, apart from its text, which stands in IdentitySettings.
struct ReasonSettings {
  std::map<std::string, std::string> texts;  ///< by language, for rules that name one
  std::optional<bool> defer_if_permit;       ///< semantics 12; none: as the catalogue has it
};

/// A length of time as policies write it: a whole number and ms, s, m, h or d. nullopt on anything
/// else, and beyond ten years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// A number of octets as policies write it: a whole number and B, kB, KB, KiB, MB, MiB, GB or GiB.
/// nullopt on anything else, and from 2^60 on.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// True for a host name in letters, digits and hyphens (RFC 1123 2.1), at most 253 octets, labels
/// of at most 63, the last one not all digits. U-labels are not: replies are ASCII.
bool is_host_name(std::string_view text);

/// When the milter speaks the verdicts of connect and HELO rules (semantics 5).
enum class Speak : std::uint8_t { rcpt, stage };

/// What the policy service answers for an accept.
enum class AcceptAnswer : std::uint8_t { dunno, ok };

struct ListenSettings {
  std::optional<ListenAddress> milter;
  std::vector<ListenAddress> policy;
  std::optional<ListenAddress> control;  ///< unix only; always mode 0600
  std::optional<ListenAddress> metrics;
  unsigned mode = 0660;  ///< of all unix sockets but control's
  std::string owner;     ///< name of a user; empty: leave
  std::string group;     ///< name of a group; empty: leave
  Speak speak = Speak::rcpt;
  AcceptAnswer accept_answer = AcceptAnswer::dunno;
};

struct LimitSettings {
  std::chrono::milliseconds deadline{8000};        ///< per stage; below the MTA's
  unsigned policy_connections = 2000;              ///< policy door, all listeners together
  std::chrono::milliseconds policy_idle{600'000};  ///< an idle policy connection is closed
  unsigned journal_queue = 65'536;                 ///< records waiting to be written
  unsigned delayed_answers = 100;                  ///< at a time, at each door
};

/// What the journal keeps of mail that passes. Refusals are always recorded in full.
enum class AcceptRecords : std::uint8_t {
  full,
  compact,  ///< without the rules that said no or were not asked
  none,     ///< nothing, unless a shadow rule said yes or a rule could not be answered
};
/// "full", "compact", "none".
std::string_view to_text(AcceptRecords records) noexcept;
std::optional<AcceptRecords> accept_records_from_text(std::string_view text) noexcept;

/// How mail addresses stand in the journal and in the log lines of decisions.
enum class AddressForm : std::uint8_t {
  full,
  hashed,  ///< instead of the local part, a hash that needs a key
  cut,     ///< without the local part
};
/// "full", "hashed", "cut".
std::string_view to_text(AddressForm form) noexcept;
std::optional<AddressForm> address_form_from_text(std::string_view text) noexcept;

/// How long something is kept; nothing: for ever.
using KeepTime = std::optional<std::chrono::milliseconds>;

struct JournalSettings {
  std::string path = "/var/log/postern/decisions.jsonl";  ///< empty: no journal
  AcceptRecords accepts = AcceptRecords::compact;
  unsigned accepts_share = 0;  ///< percent of the messages whose passes are recorded; 0: all
  AddressForm addresses = AddressForm::full;
  std::string addresses_key =
      {};  ///< file of the key for AddressForm::hashed; empty: beside `path`
  /// The active segment is closed when it has so many octets, ...
  std::uint64_t segment_size = 33'554'432;
  /// ... and when a period of this length, counted from midnight UTC, has ended.
  std::chrono::milliseconds segment_age{std::chrono::hours(24)};
  bool compress = true;
  KeepTime keep = std::chrono::hours(90 * 24);
  KeepTime keep_accepts = std::chrono::hours(14 * 24);
  std::uint64_t total_size = 0;  ///< octets of all segments together; 0: without bound
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

/// What [dns] says. The resolver has the same defaults and says why (dns/settings.h).
struct DnsOptions {
  std::vector<DnsServer> servers;  ///< empty: the system's
  std::vector<Network> trusted;    ///< of servers from which no answer can be forged
  std::chrono::milliseconds try_time{1500};
  unsigned tries = 3;
  std::uint64_t cache_size = 33'554'432;
  std::chrono::milliseconds least_ttl{std::chrono::seconds(5)};
  std::chrono::milliseconds most_ttl{std::chrono::hours(24)};
  std::chrono::milliseconds negative_ttl{std::chrono::hours(1)};
  std::chrono::milliseconds failure_ttl{std::chrono::seconds(5)};
  bool prefetch = true;  ///< ask at CONNECT and MAIL what RCPT will want to know

  /// Whether answers from `server` can be believed: it is on this host, or trusted.
  bool trusts(const DnsServer& server) const noexcept;
  friend bool operator==(const DnsOptions&, const DnsOptions&) = default;
};

/// What [geo] says: the paths of the files about addresses, by place_of(); empty: none.
struct GeoOptions {
  std::array<std::string, geo_facts.size()> files;

  const std::string& file(GeoFact fact) const noexcept { return files[place_of(fact)]; }
};

struct Settings {
  IdentitySettings identity;
  ListenSettings listen;
  LimitSettings limits;
  JournalSettings journal;
  LogSettings log;
  RunSettings run;
  DnsOptions dns;
  GeoOptions geo = {};
  std::map<std::string, ReasonSettings, std::less<>> reasons = {};
};

}  // namespace postern
