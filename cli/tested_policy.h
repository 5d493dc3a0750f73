// Loading a policy together with the verdict of its own tests, for whoever puts it into force.
#pragma once

#include "cli/load.h"
#include "kit/run_tests.h"

#include <chrono>
#include <cstddef>
#include <vector>

namespace postern::cli {

/// How long the tests of a policy may keep a start or a reload waiting. Ours: thousands of tests
/// take a second; above this, somebody waits in front of a terminal, or mail in front of a start.
inline constexpr std::chrono::seconds patience_for_tests{20};

struct TestRun {
  std::vector<TestResult> results;
  std::size_t skipped = 0;  ///< for want of time
};
/// Runs `tests` in `policy` for no longer than `patience`, and the test that is running then.
TestRun run_for(std::chrono::milliseconds patience, const std::shared_ptr<const Policy>& policy,
                const std::vector<PolicyTest>& tests);

/// Each test that failed, as a problem at its place; of many the first ones.
Problems failures(const TestRun& run);
/// A warning that tests were left out; empty: none was.
Problems omissions(const TestRun& run, const std::string& file);

/// The policy, if it has no errors and no test of its own fails. Tests that there was no time for
/// do not keep it back, because a slow machine must not keep mail waiting; that is a warning.
Result<CompiledPolicy> load_tested_policy(const ConfigPlace& place);

}  // namespace postern::cli
