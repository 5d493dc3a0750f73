#!/bin/bash
# The long gate: everything of .ci/run, then clang with warnings as errors and clang-tidy, the
# thread sanitizer, long fuzzing, and many kills. Counts steps; the last line is their sum.
set -u
cd "$(dirname "$0")/.."
passed=0 failed=0
step() {
  local name=$1; shift
  echo "== $name"
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $name"; fi
}
step "short gate" .ci/run
step "benchmarks: build" env POSTERN_CMAKE_OPTIONS=-DPOSTERN_BENCHMARKS=ON scripts/build.sh release
step "clang and clang-tidy" scripts/build.sh tidy
step "thread sanitizer: build" scripts/build.sh tsan
step "thread sanitizer: tests" /usr/bin/python3 scripts/run_tests.py --build build/tsan
step "fuzzing, 20 minutes" scripts/fuzz.sh 1200
step "kills and signal bursts in full" /usr/bin/python3 tests/mta/run.py --build build/release --long
step "200 kills of the journal's writer" env POSTERN_KILLS=200 \
  build/release/tests/journal/test_journal --gtest_filter='KilledJournal.*'
step "200 kills of the program, under load" env POSTERN_KILLS=200 \
  build/release/tests/cli/test_cli --gtest_filter='KilledProgram.*'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
