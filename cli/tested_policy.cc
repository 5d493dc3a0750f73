#include "cli/tested_policy.h"

#include "checks/check.h"

#include <utility>

namespace postern::cli {
namespace {

/// Of many failures the first show what is wrong.
constexpr std::size_t most_shown = 20;

Problem failure(const TestResult& result) {
  std::string message = "the test \"" + result.name + "\" fails: ";
  if (!result.trouble.empty()) message += result.trouble;
  bool first = true;
  for (const auto& each : result.differences) {
    message += first ? "" : "; ";
    message += each.what + " should be " + each.expected + " and is " + each.got;
    first = false;
  }
  auto problem = plain_problem(std::move(message));
  problem.position = result.place;
  return problem;
}

}  // namespace

TestRun run_for(std::chrono::milliseconds patience, const std::shared_ptr<const Policy>& policy,
                const std::vector<PolicyTest>& tests) {
  const CheckRegistry checks;
  const auto end = std::chrono::steady_clock::now() + patience;
  TestRun run;
  run.results =
      run_tests(policy, tests, checks, [end] { return std::chrono::steady_clock::now() < end; });
  run.skipped = tests.size() - run.results.size();
  return run;
}

Problems failures(const TestRun& run) {
  Problems problems;
  std::size_t failed = 0;
  for (const auto& result : run.results) {
    if (result.passed()) continue;
    if (++failed <= most_shown) problems.push_back(failure(result));
  }
  if (problems.empty()) return problems;
  auto& last = problems.back();
  last.hint = "\"postern test\" shows what each rule said";
  if (failed > most_shown) {
    last.hint += "; " + std::to_string(failed - most_shown) + " more tests fail";
  }
  return problems;
}

Problems omissions(const TestRun& run, const std::string& file) {
  if (run.skipped == 0) return {};
  auto problem = plain_problem(std::to_string(run.skipped) +
                                   " tests of the policy were not run, "
                                   "because the others took " +
                                   std::to_string(patience_for_tests.count()) + " seconds",
                               "run them with \"postern test\"");
  problem.severity = Severity::warning;
  problem.position.file = file;
  return {problem};
}

Result<CompiledPolicy> load_tested_policy(const ConfigPlace& place) {
  auto loaded = load_policy(place);
  if (!loaded) return loaded;
  const auto run = run_for(patience_for_tests, loaded->policy, loaded->policy->tests());
  auto failed = failures(run);
  if (!failed.empty()) return failed;
  for (auto& problem : omissions(run, place.config)) {
    loaded->warnings.push_back(std::move(problem));
  }
  return loaded;
}

}  // namespace postern::cli
