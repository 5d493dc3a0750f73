// DnsAnswer: what DNS said to a question, or why it said nothing. Plain data; shared as a constant.
//
// That there is nothing (no_data, no_name) and that nothing could be learned (unavailable) are
// never mixed: a block list that does not answer has not said that the client is clean.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// Why there is no answer.
enum class DnsTrouble : std::uint8_t {
  timeout,      ///< no server answered in time, or the caller's deadline came first
  unreachable,  ///< the server's port or host cannot be reached
  servfail,     ///< RCODE 2
  bogus,        ///< RCODE 2 because DNSSEC validation failed, as RFC 8914 codes tell
  refused,      ///< RCODE 5
  failed,       ///< another RCODE that is neither success nor NXDOMAIN
  malformed,    ///< the answer cannot be read, or its aliases lead nowhere
  truncated,    ///< too long for UDP, and TCP did not work
  overload,     ///< too much is being asked already
  suspended,    ///< no server is in service, or the zone has failed too often just now
  bad_name,     ///< no such name can be asked for
};
/// "timeout", "unreachable", ...: the cause in facts, logs and metrics.
std::string_view to_text(DnsTrouble trouble) noexcept;

struct DnsAnswer {
  enum class Kind : std::uint8_t {
    records,
    no_data,      ///< the name exists and has no record of that type
    no_name,      ///< NXDOMAIN
    unavailable,  ///< see `trouble`
  };
  enum class Authenticity : std::uint8_t {
    unproven,
    validated,  ///< the server set AD: by DNSSEC, if the way to it can be trusted
  };

  Kind kind = Kind::unavailable;
  DnsTrouble trouble = DnsTrouble::timeout;  ///< only of `unavailable`
  /// In the presentation form of kit/dns_world.h ("10 mail.example.com"; the strings of a TXT
  /// record joined), in the server's order, none twice. Octets from outside: names are in normal
  /// spelling, but TXT can hold anything.
  std::vector<std::string> records;
  /// How long it may be kept, within the bounds of the settings.
  std::chrono::seconds ttl{0};
  Authenticity authenticity = Authenticity::unproven;
  std::string canonical;  ///< the name at the end of the aliases; empty if there was none
  std::string note;       ///< the server's own words on a failure (RFC 8914), octets from outside
  std::string server;     ///< who said it; empty if nobody was asked

  static DnsAnswer without(DnsTrouble trouble) {
    DnsAnswer answer;
    answer.trouble = trouble;
    return answer;
  }
};

/// An answer on its way to whoever asked.
struct DnsReply {
  enum class Source : std::uint8_t {
    cache,
    network,
    deadline,  ///< the asker's time ran out; the question goes on and fills the cache
    nobody,    ///< was not asked: bad_name, overload, suspended
  };

  std::shared_ptr<const DnsAnswer> answer;  ///< never null
  Source source = Source::network;
  std::chrono::seconds age{0};  ///< since it came from the network
};
/// "cache", "network", "deadline", "nobody".
std::string_view to_text(DnsReply::Source source) noexcept;

}  // namespace postern
