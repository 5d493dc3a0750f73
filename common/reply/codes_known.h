// Replies that mail servers and large providers give in a sense of their own, so that a help desk
// is not led astray by the registry's meaning. Constant data.
#pragma once

#include "reply/codes_query.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace postern {

/// How often a code is met in the sense of a row.
enum class Share : std::uint8_t { sometimes, mostly };

/// A row of the table.
struct KnownUse {
  /// A basic code, an enhanced code ("X.7.26" for every class), or both; empty: whatever the codes.
  std::string_view form;
  /// What the reply must say too, in small letters, as in a Phrase; empty: whatever it says.
  std::string_view words;
  /// Who sends it in what sense.
  std::string_view meaning;
  /// The reason of the catalogue behind it, and the one for the other class; empty: none.
  std::string_view reason = {};
  std::string_view counterpart = {};
  /// Where no reason says it: who can put it right, and how. Then `meaning` tells the cause.
  std::string_view who = {};
  std::string_view what_to_do = {};
  Share share = Share::sometimes;
};

/// The whole table.
std::span<const KnownUse> all_known_uses();

struct FoundUse {
  const KnownUse* use = nullptr;
  bool said = false;  ///< its words stand in the reply, or it needs none
};

/// The rows for these codes, in the table's order, without those whose words are missing in a reply
/// that has words. `text` as searchable_words() gives it.
std::vector<FoundUse> known_uses(std::optional<int> code,
                                 const std::optional<AskedEnhanced>& enhanced,
                                 std::string_view text);

/// True if the enhanced code is met mostly in another sense than the registry's.
bool mostly_misused(std::optional<int> code, const std::optional<AskedEnhanced>& enhanced);

}  // namespace postern
