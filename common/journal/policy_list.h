// The list that PolicyStore keeps of a policy: lines of a word and what it says. Pure.
#pragma once

#include "postern/result.h"
#include "rules/policy_source.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace postern {

/// A Problem if a name holds a line feed. `digests`: of each text, by its path.
Result<std::string> policy_list(const PolicySource& source,
                                const std::map<std::string, std::string>& digests);
/// The same back, with the texts that `text` gives for their digests.
Result<PolicySource> policy_from_list(
    std::string_view list, const std::function<Result<std::string>(const std::string&)>& text);

}  // namespace postern
