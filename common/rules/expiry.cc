#include "rules/expiry.h"

#include "model/time_text.h"

namespace postern {

std::optional<std::chrono::system_clock::time_point> expiry_from_text(std::string_view text) {
  // What clocks cannot tell, time_from_text() refuses.
  const auto day = day_from_text(text);
  if (day && time_from_text(text)) return *day + std::chrono::days(1);
  return time_from_text(text);
}

std::string expiry_text(std::chrono::system_clock::time_point expiry) {
  using std::chrono::days;
  const auto day = std::chrono::floor<days>(expiry);
  return expiry == day ? day_text(day - days(1)) : utc_text(expiry);
}

std::vector<const Rule*> expired_rules(const Policy& policy,
                                       std::chrono::system_clock::time_point at) {
  std::vector<const Rule*> expired;
  for (const auto& rule : policy.rules()) {
    if (is_expired(rule, at)) expired.push_back(&rule);
  }
  return expired;
}

Problems expiry_warnings(const Policy& policy, std::chrono::system_clock::time_point at) {
  return expiry_warnings(policy, std::chrono::system_clock::time_point::min(), at);
}

Problems expiry_warnings(const Policy& policy, std::chrono::system_clock::time_point before,
                         std::chrono::system_clock::time_point at) {
  Problems problems;
  for (const auto* rule : expired_rules(policy, at)) {
    if (is_expired(*rule, before)) continue;
    auto problem = plain_problem("the rule \"" + rule->place.name + "\" has expired (" +
                                     expiry_text(*rule->expires) + ") and is off",
                                 "take it out, or give it a later \"expires\"");
    problem.severity = Severity::warning;
    problem.position = {rule->place.file, rule->place.line, 1};
    problems.push_back(std::move(problem));
  }
  return problems;
}

}  // namespace postern
