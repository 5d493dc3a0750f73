#!/usr/bin/env python3
"""Runs every test program of a build; with --mta those of the installation and of real MTAs, and
with --pages those of the pages that people see.

Skipped tests are named. The last line is "N passed, N failed".
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNIT_SECONDS = 900  # one test program; bounded so that a hang is a failure and not a night
SUITE_SECONDS = 1500


def what_failed(output: str) -> str:
    """The part of a test program's output that belongs to its failed tests."""
    shown, current = [], []
    for line in output.splitlines():
        current.append(line)
        if line.startswith("[ RUN      ]"):
            current = [line]
        elif line.startswith("[       OK ]") or line.startswith("[  SKIPPED ]"):
            current = []
        elif line.startswith("[  FAILED  ]") and "(" in line:
            shown += current
            current = []
    # A crash or a sanitizer's report stands behind the last test that was begun.
    return "\n".join(shown + current)


class Tally:
    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self.skipped: list[str] = []


def run_program(program: pathlib.Path) -> tuple[pathlib.Path, int, str, dict | None, float]:
    began = time.monotonic()
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        try:
            done = subprocess.run([program, f"--gtest_output=json:{report.name}"], cwd=ROOT,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  errors="replace", timeout=UNIT_SECONDS, check=False)
            status, output = done.returncode, done.stdout
        except subprocess.TimeoutExpired as late:
            status = 124
            output = f"{late.stdout or ''}\n{program.name} did not end within {UNIT_SECONDS} s"
        try:
            result = json.loads(pathlib.Path(report.name).read_text())
        except ValueError:
            result = None
    return program, status, output, result, time.monotonic() - began


def count(program: str, status: int, output: str, result: dict | None, tally: Tally) -> str:
    if result is None:
        tally.failed += 1
        print(output)
        return "no report"
    failed = 0
    for suite in result["testsuites"]:
        for case in suite["testsuite"]:
            name = f"{program}: {suite['name']}.{case['name']}"
            if case.get("failures"):
                failed += 1
            elif case.get("result") == "SKIPPED":
                tally.skipped.append(name)
            elif case.get("status") == "RUN":
                tally.passed += 1
    # A sanitizer's report or a crash after the last test is a failure too.
    if status != 0 and failed == 0:
        failed = 1
    tally.failed += failed
    if status != 0:
        print(what_failed(output))
    return f"{result['tests']} tests" + (f", {failed} failed" if failed else "")


def run_suite(script: str, build: pathlib.Path, tally: Tally) -> None:
    """A suite with a script of its own, whose last line is "N passed, N failed"."""
    command = [sys.executable, str(ROOT / script), "--build", str(build)]
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=SUITE_SECONDS, check=False)
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output = f"{late.stdout or ''}\n{script} did not end within {SUITE_SECONDS} s"
        status = 124
    print(output.rstrip(), flush=True)
    words = (output.rstrip().splitlines()[-1:] or [""])[0].replace(",", "").split()
    if len(words) >= 4 and words[1] == "passed" and words[3] == "failed":
        tally.passed += int(words[0])
        tally.failed += int(words[2])
        if status != 0 and int(words[2]) == 0:
            tally.failed += 1
    else:
        tally.failed += 1


def run_must_not_compile(build: pathlib.Path, tally: Tally) -> None:
    """The sources that the compiler has to refuse, which CTest knows."""
    done = subprocess.run(["ctest", "--test-dir", str(build), "-R", "^must_not_compile[.]",
                           "--output-on-failure", "-j", "2"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=UNIT_SECONDS, check=False)
    passed = len(re.findall(r"^ *\d+/\d+ Test .* Passed ", done.stdout, re.MULTILINE))
    failed = len(re.findall(r"^ *\d+/\d+ Test .*\*\*\*", done.stdout, re.MULTILINE))
    if done.returncode != 0 or passed == 0:
        failed = max(failed, 1)
        print(done.stdout)
    tally.passed += passed
    tally.failed += failed
    print(f"{'ok  ' if not failed else 'FAIL'} must_not_compile: {passed + failed} tests", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--mta", action="store_true", help="also the installation and real MTAs")
    parser.add_argument("--pages", action="store_true", help="also help pages and report, in a browser")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    programs = sorted(p for p in build.glob("tests/*/test_*") if p.is_file() and p.stat().st_mode & 0o100)
    tally = Tally()
    if not programs:
        print(f"no test programs in {build}")
        tally.failed += 1
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for program, status, output, result, seconds in pool.map(run_program, programs):
            summary = count(program.name, status, output, result, tally)
            print(f"{'ok  ' if status == 0 else 'FAIL'} {program.name}: {summary} ({seconds:.1f} s)",
                  flush=True)
    run_must_not_compile(build, tally)
    if arguments.mta:
        run_suite("tests/install/run.py", build, tally)
        run_suite("tests/mta/run.py", build, tally)
    if arguments.pages:
        run_suite("tests/pages/run.py", build, tally)
    for name in tally.skipped:
        print(f"SKIPPED {name}")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
