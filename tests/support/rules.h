// Rules for tests, made without a policy file.
#pragma once

#include "rules/rule.h"
#include "rules/settings.h"

#include <string_view>

namespace postern::test {

/// A rule of `condition` ("" is always yes) over the sample checks and no tables; it stands at
/// `stage`. Fails the test when the condition does not compile.
Rule rule(std::string_view name, Stage stage, std::string_view condition);

Rule accepting(Rule rule, AcceptScope scope = AcceptScope::message);
Rule rejecting(Rule rule, std::string_view reason);
Rule deferring(Rule rule, std::string_view reason);
Rule in_shadow(Rule rule);
Rule when_unavailable(Rule rule, WhenUnavailable meaning);

/// mx1.example.org, postmaster@example.org, and a help address.
const IdentitySettings& identity();

}  // namespace postern::test
