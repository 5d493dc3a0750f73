// DnsWorld: the DNS of a test. What is named in it exists, nothing else does. Plain data, pure.
#pragma once

#include "model/dns_question.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace postern {

/// What is wrong with a text, in words without a final stop, and what to write instead.
struct KitFault {
  std::string message;
  std::string hint;
};

/// Reads "NAME TYPE".
std::variant<DnsQuestion, KitFault> dns_question(std::string_view text);
/// Reads one record in presentation form (RFC 1035 5.1), without quotes, into its normal spelling:
/// "10 mail.example.com" of MX. Of TXT, the one character-string.
std::variant<std::string, KitFault> dns_record(DnsType type, std::string_view text);
/// One TXT record of several character-strings, joined; each has at most 255 octets (RFC 1035 3.3).
std::variant<std::string, KitFault> dns_text(const std::vector<std::string>& strings);

/// What comes back.
struct DnsResult {
  enum class Kind : std::uint8_t {
    records,  ///< or none: the name exists and has no record of that type
    no_name,  ///< NXDOMAIN
    servfail,
    timeout,
  };
  Kind kind = Kind::no_name;
  std::vector<std::string> records;  ///< in presentation form; of TXT, the strings joined

  friend bool operator==(const DnsResult&, const DnsResult&) = default;
};
/// "NXDOMAIN", "SERVFAIL", "TIMEOUT": how a test writes that there are no records.
std::optional<DnsResult::Kind> dns_trouble_from_text(std::string_view text) noexcept;

class DnsWorld {
 public:
  /// Refused: the question has an answer already, the name is said not to exist and to have
  /// records, or a name with a CNAME has other records (RFC 1034 3.6.2).
  std::optional<KitFault> add(const DnsQuestion& question, DnsResult result);
  /// Adds all of `other`; what stands here already wins.
  void add_missing(const DnsWorld& other);

  /// Follows CNAME records as a resolver does; a chain that does not end is a SERVFAIL. A name with
  /// something below it exists (RFC 8020).
  DnsResult look_up(DnsQuestion question) const;

  bool empty() const noexcept { return results_.empty(); }

 private:
  std::map<DnsQuestion, DnsResult> results_;
};

}  // namespace postern
