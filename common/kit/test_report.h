// What people and tools read about tests of a policy. Pure.
#pragma once

#include "kit/run_tests.h"

#include <string>
#include <vector>

namespace postern {

/// Of a test that failed: its place and name, each difference, and what the rules said that were
/// asked and did not just say no. Lines end with a line feed; printable ASCII with Glyphs::ascii.
std::string failure_text(const TestResult& result, Glyphs glyphs = Glyphs::ascii);
/// "12 tests: 11 passed, 1 failed"; with `skipped`, how many were not run.
std::string count_text(const std::vector<TestResult>& results, std::size_t skipped = 0);
bool all_passed(const std::vector<TestResult>& results) noexcept;

}  // namespace postern
