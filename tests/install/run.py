#!/usr/bin/env python3
"""Installs a build into empty folders and tries what is there: DESTDIR, prefix, configuration.

Prints "ok" or "FAIL" a test; the last line is "N passed, N failed".
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 120
BUILD = ROOT / "build/release"


def install(prefix: str, destdir: str, *more: str) -> None:
    environment = dict(os.environ, DESTDIR=destdir)
    done = subprocess.run(["cmake", "--install", str(BUILD), "--prefix", prefix, *more], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=SECONDS, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stdout)


def installed_program(place: pathlib.Path) -> pathlib.Path:
    found = [p for p in place.rglob("postern") if p.is_file() and os.access(p, os.X_OK)]
    assert len(found) == 1, found
    return found[0]


class Install(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="postern-install-")
        self.addCleanup(folder.cleanup)
        self.place = pathlib.Path(folder.name)

    def run_program(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([installed_program(self.place), *arguments], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS,
                              check=False)

    def test_destdir_receives_everything_and_the_prefix_is_inside(self) -> None:
        install("/usr", str(self.place))
        self.assertEqual({p.name for p in self.place.iterdir()} - {"etc", "usr", "lib"}, set())
        self.assertTrue(list(self.place.rglob("man8/postern.8*")))
        self.assertTrue(list(self.place.rglob("man5/postern.toml.5*")))
        unit = next(self.place.rglob("postern.service")).read_text(encoding="utf-8")
        self.assertIn("ExecStart=/usr/", unit)
        self.assertNotIn(str(self.place), unit)

    def test_the_installed_program_accepts_the_installed_policy(self) -> None:
        install("/usr", str(self.place))
        version = self.run_program("--version")
        self.assertEqual(version.returncode, 0)
        checked = self.run_program("check", "--root", str(self.place))
        self.assertEqual(checked.returncode, 0, checked.stdout)

    def test_a_policy_that_is_there_is_never_written_over(self) -> None:
        mine = self.place / "etc/postern/postern.toml"
        mine.parent.mkdir(parents=True)
        mine.write_text("# mine\n", encoding="utf-8")
        install("/usr", str(self.place))
        self.assertEqual(mine.read_text(encoding="utf-8"), "# mine\n")

    def test_a_prefix_of_its_own_is_honoured(self) -> None:
        prefix = self.place / "opt/postern"
        install(str(prefix), "")
        self.assertTrue(installed_program(self.place).is_relative_to(prefix))


class Library(unittest.TestCase):
    """What `make install-library` puts there is enough to write a program with."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="postern-library-")
        self.addCleanup(folder.cleanup)
        self.place = pathlib.Path(folder.name)
        install("/usr", str(self.place), "--component", "development")

    def compile(self, *words: str) -> str:
        """What the compiler complains of."""
        done = subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-Wall", "-Wextra",
                               "-Wpedantic", "-Werror", *words], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False)
        return done.stdout + ("" if done.returncode == 0 else f"status {done.returncode}")

    def test_each_public_header_compiles_on_its_own(self) -> None:
        include = self.place / "usr/include"
        headers = sorted(include.glob("postern/*.h"))
        self.assertEqual({header.name for header in headers},
                         {h.name for h in (ROOT / "common/include/postern").glob("*.h")})
        for header in headers:
            with self.subTest(header=header.name):
                alone = self.place / "alone.cc"
                name = f"postern/{header.name}"
                alone.write_text(f"#include <{name}>\n#include <{name}>\n", encoding="utf-8")
                self.assertEqual(self.compile("-fsyntax-only", f"-I{include}", str(alone)), "")

    def test_the_documented_program_compiles_and_decides(self) -> None:
        page = (ROOT / "docs/library.md").read_text(encoding="utf-8")
        source, program = self.place / "example.cc", self.place / "example"
        source.write_text(page.partition("```cpp\n")[2].partition("```")[0], encoding="utf-8")
        found = subprocess.run(["pkg-config", "--cflags", "--libs", "postern"],
                               env=dict(os.environ, PKG_CONFIG_PATH=str(
                                   next(self.place.rglob("postern.pc")).parent)),
                               text=True, stdout=subprocess.PIPE, timeout=SECONDS, check=True)
        flags = found.stdout.split()
        self.assertIn(str(self.place), found.stdout)
        self.assertEqual(self.compile("-o", str(program), str(source), *flags), "")
        told = subprocess.run([program], text=True, stdout=subprocess.PIPE, timeout=SECONDS,
                              check=True)
        self.assertRegex(told.stdout, r"^550 5\.1\.1 .*nobody-here@example\.org")

    def test_a_mail_server_is_not_burdened_with_it(self) -> None:
        other = self.place / "server"
        install("/usr", str(other))
        self.assertEqual(list(other.rglob("*.a")) + list(other.rglob("*.h")), [])
        self.assertTrue(installed_program(other))


class Lines(unittest.TextTestResult):
    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        print(f"ok   {test.id()}", flush=True)

    def addFailure(self, test: unittest.TestCase, err: tuple) -> None:
        super().addFailure(test, err)
        print(f"FAIL {test.id()}\n{self.failures[-1][1]}", flush=True)

    def addError(self, test: unittest.TestCase, err: tuple) -> None:
        super().addError(test, err)
        print(f"FAIL {test.id()}\n{self.errors[-1][1]}", flush=True)


def main() -> int:
    global BUILD
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=BUILD)
    BUILD = parser.parse_args().build.resolve()
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        result = unittest.TextTestRunner(stream=nowhere, resultclass=Lines).run(
            unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(case)
                               for case in (Install, Library)))
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
