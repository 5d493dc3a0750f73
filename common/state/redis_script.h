// The script with which Redis carries out requests; its source is redis_script.lua.
#pragma once

#include "ledger/operation.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

std::string_view redis_script() noexcept;

/// What the script gets after its name: how many keys, these (with `prefix`), the time (0: the
/// server's own), and the operations.
std::vector<std::string> redis_arguments(const Request& request, std::string_view prefix,
                                         LedgerTime now);
/// What it returns for one operation, as numbers; nothing: it is no such list.
std::optional<OperationResult> redis_result(const std::vector<std::int64_t>& numbers);

}  // namespace postern
