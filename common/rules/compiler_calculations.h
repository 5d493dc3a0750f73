// Reading of calculations: types, units, and whether a result could be too large or the comparison
// never come out differently. Pure.
#pragma once

#include "rules/program.h"
#include "rules/resolve.h"
#include "rules/syntax.h"

#include <optional>

namespace postern::expression {

/// True if `node` adds, subtracts or multiplies.
bool is_calculation(const Node& node);

/// `node` with calculations of fixed numbers replaced by their results. What has a fault stays and
/// is found by read_calculation().
Node fold(Node node);

/// Sets comparison and sides of `test` from a comparison with a calculation in it, or of two names.
/// False, with problems reported, when they do not fit.
bool read_calculation(Resolver& resolver, const Node& node, Test& test);

}  // namespace postern::expression
