// Reference: the short id in every refusal we send that leads to the whole story (semantics 21).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

/// Twelve characters of Crockford base32: 41 bits of time (milliseconds since 2020-01-01 UTC, so
/// references sort by time until 2089), 6 bits of host, 8 bits of sequence, and one check character
/// over GF(32) that finds every single wrong character and every swap of two neighbours.
class Reference {
 public:
  /// All zero: "no reference".
  Reference() = default;

  /// time before 2020 counts as 2020; host and sequence are cut to their bits.
  static Reference make(std::chrono::system_clock::time_point time, unsigned host,
                        unsigned sequence);

  /// Reads what a person types or pastes: "K7Q2-9FXA-11BC", with or without "ref", hyphens,
  /// spaces, lower case; O counts as 0, I and L as 1. nullopt if the check character disagrees.
  static std::optional<Reference> parse(std::string_view text);

  bool empty() const noexcept { return bits_ == 0; }
  std::chrono::system_clock::time_point time() const;
  unsigned host() const noexcept;
  unsigned sequence() const noexcept;
  /// "XXXX-XXXX-XXXX", 14 characters.
  std::string text() const;

  friend auto operator<=>(const Reference&, const Reference&) = default;

 private:
  std::uint64_t bits_ = 0;  // 55 bits; the check character is computed
};

}  // namespace postern
