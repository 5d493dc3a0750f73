// DNS lists of addresses and domains (RFC 5782, 6471): what to ask, and what an answer means. Pure.
//
// A list that is in trouble often answers something: an operator says "you may not ask" with
// 127.255.255.254, and the domain of a list that has died answers every question with the address
// of whoever bought it. Neither is a listing, and one such answer makes the whole reply worthless.
#pragma once

#include "postern/address.h"
#include "postern/facts.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// "99.2.0.192.bad.example.com"; `zone` in normal spelling.
std::string dns_list_name(const IpAddress& address, std::string_view zone);
/// "example.com.bad.example.com"; nullopt where the domain is none, or both together are too long.
std::optional<std::string> dns_list_name(std::string_view domain, std::string_view zone);

/// The codes that have one meaning.
struct DnsListCodes {
  enum class Kind : std::uint8_t {
    range,
    bits,  ///< any of the bits of `low` in the last octet (RFC 5782 2.3)
    mask,  ///< the bits of `high` are those of `low`
  };
  Kind kind = Kind::range;
  std::uint32_t low = 0;   ///< of a range, the first address
  std::uint32_t high = 0;  ///< and the last
  std::string meaning;
};

/// Reads "127.0.0.4", "127.0.0.4-7", "127.0.0.4-127.0.0.9", "127.0.*.3", "bit 4", "bits 6". nullopt
/// on anything else, and on codes that can never be a listing: outside 127/8, below 127.0.0.2,
/// 127.255.255.x.
std::optional<DnsListCodes> dns_list_codes(std::string_view text, std::string meaning);
/// 127.0.0.2 to 127.0.0.254: `listed`. For lists whose codes nobody has told us.
DnsListCodes usual_dns_list_codes();

struct DnsListReading {
  enum class State : std::uint8_t {
    clear,
    listed,
    error,  ///< there is no answer, or one that no working list gives
  };
  State state = State::clear;
  std::vector<std::string> meanings;  ///< when listed: each once, in the order of `codes`
  std::vector<std::string> values;    ///< all addresses of the answer, for evidence
  std::string cause;                  ///< when error
};

/// What the A records of a list's answer mean. Codes without a meaning are no listing.
DnsListReading read_dns_list(const Answer& answer, const std::vector<DnsListCodes>& codes);

/// What a list is asked to see whether it works (RFC 5782 5): something it has to list, and
/// something it must not.
struct DnsListProbes {
  std::string listed;
  std::string unlisted;
};
enum class DnsListKind : std::uint8_t { v4, v6, domains };
DnsListProbes dns_list_probes(DnsListKind kind, std::string_view zone);

enum class DnsListHealth : std::uint8_t {
  good,
  dead,              ///< does not list what every list does
  lists_everything,  ///< lists what none does
  refuses,           ///< answers with an error of its own
  unknown,           ///< DNS is in trouble
};
/// "good", "dead", "lists everything", "refuses", "unknown".
std::string_view to_text(DnsListHealth health) noexcept;
/// What the cause begins with, of an answer that a list did not give because it is suspended.
inline constexpr std::string_view list_is_suspended = "the list is suspended";
/// From the answers to both probes.
DnsListHealth dns_list_health(const Answer& listed, const Answer& unlisted);

}  // namespace postern
