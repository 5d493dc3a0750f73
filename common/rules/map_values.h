// MappedValues: what the maps that a rule names say in one decision, as texts, code and points.
#pragma once

#include "postern/decision.h"
#include "postern/facts.h"
#include "postern/transaction.h"
#include "reply/compose.h"
#include "rules/rule.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace postern {

struct MappedValues {
  FieldValues fields;             ///< "map.NAME", for the text
  std::optional<ReplyForm> form;  ///< the code
};

/// The entry of `map` that a condition found while it was asked; nullptr: none.
const Evidence* entry_found(const std::vector<Evidence>& evidence, std::string_view map) noexcept;
/// What the entry, or the check, adds to a score; nullopt: none was found, or its value is no
/// number of points.
std::optional<std::int64_t> points_found(const std::vector<Evidence>& evidence,
                                         const MapPoints& from);

/// What a rule that said yes adds, in words with the number in place of the map's or check's name,
/// and as evidence what gave it.
void add_points_of_maps(TrailEntry& entry, const Rule& rule, const Transaction& transaction,
                        const Facts& facts);

/// For a rule that refuses. The condition is asked again only if it names a map. Pure.
MappedValues mapped_values(const Rule& rule, const Transaction& transaction, const Facts& facts);

}  // namespace postern
