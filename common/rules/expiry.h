// When a rule ends. Pure functions.
#pragma once

#include "postern/policy.h"
#include "rules/rule.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// The first moment at which a rule is off that has expires = `text`: of "2027-01-31" the end of
/// that day in UTC, of a time (RFC 3339) that time. nullopt: it is neither.
std::optional<std::chrono::system_clock::time_point> expiry_from_text(std::string_view text);
/// "2027-01-31" for the end of that day, else "2027-01-31T12:00:00Z".
std::string expiry_text(std::chrono::system_clock::time_point expiry);

/// Semantics 19: an expired rule is off.
inline bool is_expired(const Rule& rule, std::chrono::system_clock::time_point at) noexcept {
  return rule.expires && *rule.expires <= at;
}
/// Those that are off at `at`, in the order of the rules.
std::vector<const Rule*> expired_rules(const Policy& policy,
                                       std::chrono::system_clock::time_point at);
/// A warning for each of them, at its place.
Problems expiry_warnings(const Policy& policy, std::chrono::system_clock::time_point at);
/// For each that was not off at `before`.
Problems expiry_warnings(const Policy& policy, std::chrono::system_clock::time_point before,
                         std::chrono::system_clock::time_point at);

}  // namespace postern
