// Random policies: texts of rules of every kind that load, for tests that must hold whatever an
// administrator writes.
#pragma once

#include "postern/policy.h"

#include <memory>
#include <random>
#include <string>

namespace postern::test {

/// About ten rules with tables, maps, checks of the test kit, scores, shadow rules, shares, rules
/// that end, and effects; every third one is under maintenance. Fails the running test if the text
/// does not load.
std::shared_ptr<const Policy> any_policy(std::mt19937& random);

/// The same with another list in one of its tables.
std::shared_ptr<const Policy> with_another_table(const std::shared_ptr<const Policy>& policy,
                                                 std::mt19937& random);

}  // namespace postern::test
