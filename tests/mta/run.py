"""Runs the tests with real mail servers and prints one line for each.

    python3 tests/mta/run.py [--build DIR] [--long] [NAME...]

The last line is "N passed, N failed". Exit status 0 when none failed and at least one ran.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
import unittest
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TextIO

HERE = Path(__file__).resolve().parent
_Error = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


def _told(error: _Error) -> str:
    """The fault and where in our files, without the frames of unittest."""
    kind, fault, trace = error
    frames = [frame for frame in traceback.extract_tb(trace) if "/unittest/" not in frame.filename]
    return "".join(traceback.format_list(frames) + traceback.format_exception_only(kind, fault))


class LineResult(unittest.TestResult):
    """Counts tests; a test with failing sub-tests is one failure. A skip counts as a failure: a
    test with a real server that cannot run here must not look like one that passed."""

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self.passed = 0
        self.failed = 0
        self._out = out
        self._faults: list[str] = []
        self._began = 0.0

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self._faults = []
        self._began = time.monotonic()

    def addError(self, test: unittest.TestCase, err: _Error) -> None:
        fault = _told(err)
        if isinstance(test, unittest.TestCase):
            self._faults.append(fault)
        else:  # a class that could not be set up: none of its tests ran
            self._report(str(test), [fault], 0)

    addFailure = addError

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self._faults.append(f"skipped: {reason}\n")

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase,
                   err: _Error | None) -> None:
        if err is not None:
            self._faults.append(f"{subtest}\n{_told(err)}")

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        self._report(test.id(), self._faults, time.monotonic() - self._began)

    def _report(self, name: str, faults: list[str], seconds: float) -> None:
        if faults:
            self.failed += 1
        else:
            self.passed += 1
        print(f"{'FAIL' if faults else 'ok  '} {name} ({seconds:.1f} s)", file=self._out)
        for fault in faults:
            print("     " + fault.rstrip().replace("\n", "\n     "), file=self._out)
        self._out.flush()


def _tests(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from _tests(item)
        else:
            yield item


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=HERE.parents[1] / "build/release",
                        help="folder of the program under test (default build/release)")
    parser.add_argument("--long", action="store_true", help="kills and signal bursts in full")
    parser.add_argument("name", nargs="*", help="only tests whose name contains one of these")
    options = parser.parse_args()
    wanted: list[str] = options.name
    sys.path.insert(0, str(HERE))
    os.environ["POSTERN_PROGRAM"] = str(options.build.resolve() / "postern")
    os.environ["POSTERN_LONG"] = "1" if options.long else ""
    found = unittest.TestLoader().discover(str(HERE), pattern="*_test.py", top_level_dir=str(HERE))
    chosen = unittest.TestSuite(test for test in _tests(found)
                                if not wanted or any(word in test.id() for word in wanted))
    result = LineResult(sys.stdout)
    chosen.run(result)
    print(f"{result.passed} passed, {result.failed} failed")
    return 0 if result.failed == 0 and result.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
