#include "rules/expiry.h"

#include "model/time_text.h"
#include "tables/entries.h"

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
  if (expiry == day) return to_text(day - days(1));
  const auto rest = std::chrono::floor<std::chrono::seconds>(expiry - day).count();
  const auto two_digits = [](std::int64_t number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  return to_text(day) + 'T' + two_digits(rest / 3600) + ':' + two_digits(rest / 60 % 60) + ':' +
         two_digits(rest % 60) + 'Z';
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
