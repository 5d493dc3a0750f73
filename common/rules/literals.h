// Reading of the fixed side of a comparison: types, spelling, and whether the comparison could ever
// come out differently. Pure.
#pragma once

#include "rules/program.h"
#include "rules/resolve.h"
#include "rules/syntax.h"

namespace postern::expression {

/// Sets comparison and values of `test` from the literal or list `node` that `operand` is compared
/// with. False, with problems reported, when they do not fit.
bool read_values(Resolver& resolver, const Operand& operand, Operator op, const Node& node,
                 Test& test);

}  // namespace postern::expression
