// ScriptedServer: a DNS server of the tests. It knows a DnsWorld and can behave wrongly about parts
// of it, on purpose. Pure: query in, answer out; whoever carries them sees to delays.
#pragma once

#include "kit/dns_world.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace postern {

/// How it behaves about the names of a zone.
struct DnsConduct {
  enum class Kind : std::uint8_t {
    honest,
    silent,
    servfail,
    refused,
    bogus,           ///< SERVFAIL, with the reason of a validating resolver (RFC 8914)
    no_edns,         ///< FORMERR to whoever asks with EDNS
    garbage,         ///< octets that are no answer, with the right id and question
    wrong_question,  ///< answers something that was not asked
    truncated,       ///< over UDP; right over TCP
    truncated_only,  ///< and TCP is closed
    huge,            ///< over TCP, more records than anybody takes
    alias_loop,
    bare_alias,  ///< names the target of an alias and nothing more
    no_name,     ///< NXDOMAIN, whatever is asked
    no_data,     ///< no records, whatever is asked
    referral,    ///< only who may know: no recursion for us
    yes,         ///< `record`, whatever A record is asked for; else as honest
  };
  Kind kind = Kind::honest;
  std::chrono::milliseconds delay{0};
  std::string record = "127.0.0.2";
};

class ScriptedServer {
 public:
  struct Said {
    bool anything = false;  ///< else nothing comes, ever
    bool closes = false;    ///< TCP is closed at once
    bool timeout = false;   ///< a TIMEOUT of the world: as if all time had passed
    std::string packet;
    std::chrono::milliseconds delay{0};
  };
  enum class Way : std::uint8_t { udp, tcp };

  explicit ScriptedServer(DnsWorld world = {}) : world_(std::move(world)) {}

  /// About `zone` and all below it; the longest that fits counts. "." is everything.
  void behave(std::string zone, DnsConduct conduct) {
    conducts_.insert_or_assign(std::move(zone), std::move(conduct));
  }
  Said answer(std::string_view query, Way way) const;

  /// Octets of TTL are the same for all: seconds.
  static constexpr std::uint32_t ttl = 60;

 private:
  const DnsConduct& conduct_for(std::string_view name) const;

  DnsWorld world_;
  std::map<std::string, DnsConduct, std::less<>> conducts_;
};

/// The data of a record on the wire, from its presentation form; TXT in strings of at most 255
/// octets. Empty when it is none.
std::string dns_record_data(DnsType type, std::string_view text);

}  // namespace postern
