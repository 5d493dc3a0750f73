// DNS messages on the wire: what is asked, and what an answer says. Pure functions on octets; the
// octets of an answer are anybody's.
#pragma once

#include "dns/answer.h"
#include "model/dns_question.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

/// Octets of UDP that we let servers send: what passes every network unfragmented (RFC 9715 3).
constexpr std::uint16_t dns_udp_size = 1232;
/// Aliases that are followed before the chain counts as endless; as many as common resolvers do.
constexpr std::size_t longest_alias_chain = 16;
/// Records taken from one answer. More fit into 64 KiB, but no honest name has them, and they would
/// make one answer cost half a megabyte of memory.
constexpr std::size_t most_records = 1000;

enum class Edns : std::uint8_t { with, without };

/// A query that wants recursion and the AD bit (RFC 6840 5.7), with id 0. `name` in normal
/// spelling; nullopt when it is none.
std::optional<std::string> dns_query(const DnsQuestion& question, Edns edns);

struct DnsReading {
  enum class State : std::uint8_t {
    answer,     ///< `answer` stands
    alias,      ///< aliases lead to `answer.canonical`, of which the server says nothing
    truncated,  ///< TC: has to be asked over TCP
    no_edns,    ///< FORMERR, NOTIMP or BADVERS that may mean EDNS: ask without it (RFC 6891 7)
  };
  State state = State::answer;
  /// `ttl` is the server's, without bounds: of records the smallest in the chain; of nothing, what
  /// RFC 2308 5 makes of the SOA, and 0 when there was none. `server` is empty.
  DnsAnswer answer;
  /// The server knows EDNS.
  bool edns = false;
  /// There was an SOA, so that nothing really is nothing.
  bool has_authority = false;
};

/// Reads an answer. Never fails: what is broken, answers another question or has no end is
/// unavailable(malformed). The id is not looked at.
DnsReading read_dns_answer(const DnsQuestion& question, std::string_view packet);

}  // namespace postern
