// run_tests(): plays the tests of a policy and compares what comes of them with what must. Pure:
// the same policy and tests give the same results.
#pragma once

#include "kit/play.h"
#include "kit/policy_test.h"
#include "postern/policy.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace postern {

/// One key of `expect` that does not hold.
struct TestDifference {
  std::string what;  ///< "verdict", "evidence.zen"
  std::string expected;
  std::string got;

  friend bool operator==(const TestDifference&, const TestDifference&) = default;
};

struct TestResult {
  std::string name;
  SourcePosition place;
  std::vector<TestDifference> differences;
  std::string trouble;  ///< why it could not be played; empty: it was
  /// What came of it, for whoever wants to know why; of tests that failed.
  std::optional<Played> played;

  bool passed() const noexcept { return differences.empty() && trouble.empty(); }
};

/// `go_on` is asked before each test, so that whoever waits may stop: what was not played has no
/// result.
std::vector<TestResult> run_tests(
    std::shared_ptr<const Policy> policy, const std::vector<PolicyTest>& tests,
    const CheckRegistry& checks, const std::function<bool()>& go_on = [] { return true; });

/// How what came of it differs from what must.
std::vector<TestDifference> compare(const Expectation& expect, const Decision& decision);

}  // namespace postern
