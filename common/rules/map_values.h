// MappedValues: what the maps that a rule names say in one decision.
#pragma once

#include "postern/facts.h"
#include "postern/transaction.h"
#include "reply/compose.h"
#include "rules/rule.h"

#include <optional>

namespace postern {

struct MappedValues {
  FieldValues fields;             ///< "map.NAME", for the text
  std::optional<ReplyForm> form;  ///< the code
};

/// For a rule that refuses. The condition is asked again only if it names a map. Pure.
MappedValues mapped_values(const Rule& rule, const Transaction& transaction, const Facts& facts);

}  // namespace postern
