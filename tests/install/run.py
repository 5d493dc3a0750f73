#!/usr/bin/env python3
"""Installs a build into empty folders and tries what is there: DESTDIR, prefix, configuration.

Prints "ok" or "FAIL" a test; the last line is "N passed, N failed".
"""

import argparse
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

import readme

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

    def test_what_an_administrator_changed_below_etc_stays(self) -> None:
        mine = self.place / "etc/logrotate.d/postern"
        mine.parent.mkdir(parents=True)
        mine.write_text("# mine\n", encoding="utf-8")
        install("/usr", str(self.place))
        self.assertEqual(mine.read_text(encoding="utf-8"), "# mine\n")

    def test_the_program_is_stripped_and_the_one_in_the_build_folder_is_not(self) -> None:
        target = re.search(r"^install: (\w+)\n\t@(cmake .*)$",
                           (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        self.assertIsNotNone(target)
        self.assertEqual(target.group(1), "build")  # and not "everything"
        self.assertIn("--strip", target.group(2))
        readme.follow(["make", "install", "prefix=/usr"], self.place, BUILD)
        self.assertLess(installed_program(self.place).stat().st_size,
                        (BUILD / "postern").stat().st_size / 2)

    @unittest.skipUnless(os.geteuid() == 0, "only root can give folders to other users")
    @unittest.skipUnless(shutil.which("systemd-sysusers") and shutil.which("systemd-tmpfiles"),
                         "systemd's tools are not here")
    def test_the_commands_of_the_readme_make_the_user_and_the_folders(self) -> None:
        (self.place / "etc").mkdir()
        # A machine with Postfix.
        (self.place / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n", encoding="utf-8")
        (self.place / "etc/group").write_text("root:x:0:\npostfix:x:60101:\n", encoding="utf-8")
        (self.place / "var/spool/postfix").mkdir(parents=True)
        os.chmod(self.place, 0o755)
        left = [command for command in readme.commands()
                if not readme.follow(command, self.place, BUILD)]
        self.assertEqual([command[:2] for command in left],
                         [["systemctl", "daemon-reload"], ["postern", "check"],
                          ["systemctl", "enable"], ["postern", "lines"], ["systemctl", "reload"],
                          ["postern", "doctor"]])
        users = (self.place / "etc/passwd").read_text(encoding="utf-8")
        user = re.search(r"^postern:x:(\d+):(\d+):", users, re.MULTILINE)
        self.assertIsNotNone(user, users)
        for folder, mode, group in (("run/postern", 0o755, user[2]),
                                    ("var/log/postern", 0o750, user[2]),
                                    ("var/spool/postfix/postern", 0o2750, "60101")):
            with self.subTest(folder=folder):
                found = (self.place / folder).stat()
                self.assertEqual((stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid),
                                 (mode, int(user[1]), int(group)))
        readme.listen_below_the_queue(self.place)
        checked = self.run_program("check", "--root", str(self.place))
        self.assertEqual(checked.returncode, 0, checked.stdout)

    def test_the_unit_is_one_that_systemd_understands(self) -> None:
        install("/usr", str(self.place))
        unit = next(self.place.rglob("postern.service"))
        text = unit.read_text(encoding="utf-8")
        self.assertIn("User=postern", text)
        self.assertNotRegex(text, r"(?m)^(?!(SystemCallFilter|CapabilityBoundingSet|"
                                  r"AmbientCapabilities)=)\w+=$")
        self.assertNotIn("@POSTERN", text)
        program = shutil.which("systemd-analyze")
        if program is None:
            self.skipTest("systemd-analyze is not here")
        done = subprocess.run([program, "verify", "--man=no", "--recursive-errors=no",
                               f"--root={self.place}", str(unit)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS,
                              check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_the_log_rotation_is_one_that_logrotate_understands(self) -> None:
        install("/usr", str(self.place))
        file = self.place / "etc/logrotate.d/postern"
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o644)
        text = file.read_text(encoding="utf-8")
        self.assertIn("/usr/sbin/postern reload", text)
        for word in ("rotate 30", "compress", "delaycompress", "missingok"):
            self.assertIn(word, text)
        program = shutil.which("logrotate")
        if program is None or os.geteuid() != 0:
            self.skipTest("logrotate is not here, or cannot take another user")
        # In place of the user and the folder, which this machine may not have.
        journal = self.place / "log/decisions.jsonl"
        journal.parent.mkdir()
        journal.write_text("{}\n", encoding="utf-8")
        reloaded = self.place / "reloaded"
        tried = self.place / "tried"
        tried.write_text(text.replace("/var/log/postern/decisions.jsonl", str(journal))
                         .replace("su postern postern", "su root root")
                         .replace("/usr/sbin/postern reload", f"echo >{reloaded}; "
                                                              "sh -c 'exit 69'"), encoding="utf-8")
        state = self.place / "state"
        for _ in range(2):
            done = subprocess.run([program, "--force", "--state", str(state), str(tried)],
                                  text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=SECONDS, check=False)
            self.assertEqual((done.returncode, done.stdout), (0, ""))
            self.assertTrue(reloaded.exists())
            self.assertFalse(journal.exists())  # the server makes it
            journal.write_text("{}\n", encoding="utf-8")
        self.assertEqual({p.name for p in journal.parent.iterdir()},
                         {journal.name, journal.name + ".1", journal.name + ".2.gz"})

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

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        print(f"SKIPPED {test.id()}: {reason}", flush=True)

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
    passed = result.testsRun - failed - len(result.skipped)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
