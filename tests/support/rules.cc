#include "support/rules.h"

#include "postern/reason.h"
#include "support/sample_check.h"

#include <gtest/gtest.h>

namespace postern::test {

Rule rule(std::string_view name, Stage stage, std::string_view condition) {
  static const auto checks = sample_checks();
  auto compiled = Condition::always();
  if (!condition.empty()) {
    auto result = Condition::compile(condition, {&checks, nullptr, stage});
    if (auto* problems = std::get_if<std::vector<ExpressionProblem>>(&result)) {
      ADD_FAILURE() << condition << ": " << problems->front().message;
    } else {
      compiled = std::move(std::get<Condition>(result));
    }
  }
  Rule made{RulePlace{}, std::move(compiled), Verdict::pass,         {}, nullptr, {},
            {},          RuleMode::enforce,   WhenUnavailable::skip, {}};
  made.place = {std::string(name), "postern.toml", 1, stage};
  return made;
}

Rule accepting(Rule rule, AcceptScope scope) {
  rule.verdict = Verdict::accept;
  rule.scope = scope;
  return rule;
}

Rule rejecting(Rule rule, std::string_view reason) {
  rule.verdict = Verdict::reject;
  rule.reason = find_reason(reason);
  EXPECT_NE(rule.reason, nullptr) << reason;
  return rule;
}

Rule deferring(Rule rule, std::string_view reason) {
  rule.verdict = Verdict::defer;
  rule.reason = find_reason(reason);
  EXPECT_NE(rule.reason, nullptr) << reason;
  return rule;
}

Rule in_shadow(Rule rule) {
  rule.mode = RuleMode::shadow;
  return rule;
}

Rule when_unavailable(Rule rule, WhenUnavailable meaning) {
  rule.unavailable = meaning;
  return rule;
}

const IdentitySettings& identity() {
  static const IdentitySettings settings{"mx1.example.org", "postmaster@example.org",
                                         "https://mail.example.org/why/{reason}"};
  return settings;
}

}  // namespace postern::test
