// SpfRecord: an SPF record, read (RFC 7208 4.5, 4.6, 12). Plain data, pure.
#pragma once

#include "checks/spf_macro.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace postern {

enum class SpfResult : std::uint8_t { none, neutral, pass, fail, softfail, temperror, permerror };
/// "none", "neutral", ...: the words of RFC 7208 2.6.
std::string_view to_text(SpfResult result) noexcept;

struct SpfTerm {
  enum class Kind : std::uint8_t { all, include, a, mx, ptr, ip4, ip6, exists };

  Kind kind = Kind::all;
  SpfResult result = SpfResult::pass;  ///< of the qualifier: pass, fail, softfail, neutral
  std::string text;                    ///< as it stands in the record
  std::optional<SpfMacroString> domain;
  unsigned prefix4 = 32;
  unsigned prefix6 = 128;
  std::array<std::uint8_t, 16> network{};  ///< of ip4 (the first 4 octets) and ip6
};

struct SpfRecord {
  std::vector<SpfTerm> terms;
  std::optional<SpfMacroString> redirect;
  std::string redirect_text;  ///< "redirect=..." as it stands
  std::optional<SpfMacroString> explanation;
};

/// Octets. RFC 7208 3.4 wants an answer within 512; the longest in use, lists of networks that were
/// made by machines, have about 2,000. Evaluations begin anew with every answer, and one of ten
/// records of 60,000 octets each, which anybody may publish, would cost a fifth of a second.
inline constexpr std::size_t longest_spf_record = 4096;

/// True if a TXT record is an SPF record at all.
bool is_spf_record(std::string_view text) noexcept;

/// Reads one that is. Otherwise what is wrong with it, with the term, in words that may hold octets
/// from outside: a permerror, whatever the terms before it say (RFC 7208 4.6).
std::variant<SpfRecord, std::string> read_spf_record(std::string_view text);

}  // namespace postern
