// Pieces of conditions that several importers put together. Pure.
#pragma once

#include "postern/transaction.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::importer {

/// Why the policy would not take this condition at `stage`; empty: it does. It names no tables.
std::string condition_fault(const std::string& condition, Stage stage);

/// "a or b", in parentheses when there are several.
std::string any_of(const std::vector<std::string>& parts);
/// "a and b"; parts that are joined by `or` stand in parentheses already.
std::string all_of(const std::vector<std::string>& parts);
std::string negation(const std::string& part);

/// A text with variables of another program, such as "$$sender", as fields of ours. Longer names
/// stand before names that they begin with. What is no variable of `fields` stays.
std::string with_fields(std::string_view text,
                        const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace postern::importer
