// The cause behind a reply and the advice that goes with it, from its words and its codes. Pure.
#pragma once

#include "reply/codes_explanation.h"
#include "reply/codes_query.h"

namespace postern {

/// Sets `likely` or `cause` of an explanation whose codes, class, uses and advice by code are set,
/// adds notes, and replaces the advice where the cause has better. Our own words say the cause for
/// certain; then what is known of servers and providers counts, then what words and codes mean.
void find_cause(Explanation& e, const CodesQuery& query);

}  // namespace postern
