#!/usr/bin/env python3
"""Installs a build into empty folders and tries what is there: DESTDIR, prefix, configuration.

Prints "ok" or "FAIL" a test; the last line is "N passed, N failed".
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import socket
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

    def test_nothing_rotates_a_journal_that_looks_after_itself(self) -> None:
        install("/usr", str(self.place))
        self.assertFalse((self.place / "etc/logrotate.d").exists())

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
        # Else its lines would miss the mail log, where the documentation sends people.
        self.assertIn("\nSyslogFacility=mail\nSyslogIdentifier=postern\n", text)
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

    def test_logcheck_passes_over_decisions_and_reports_trouble(self) -> None:
        install("/usr", str(self.place))
        rules = next(self.place.rglob("logcheck/postern"))
        stamps = ("Nov  9 04:05:06 mx1 postern[812]: ",
                  "2026-11-09T04:05:06.123456+01:00 mx1.example.org postern[812]: ")
        quiet = ['NOQUEUE: decision=reject reply="550 5.1.1" reason=rcpt-unknown text="User unknown"',
                 "5ALCtd1N001234: decision=join ref=357Y-6A5S-H812 stage=data",
                 "4ABCDEF: decision=pass ref=357Y-6A5S-H812", "stopping", "stopped",
                 "ready: policy 3f2a9c01d4e5, 12 rules, 3 tables", "the journal is opened anew",
                 "postern 0.1.0 starts; `postern lines` prints what the mail server needs"]
        loud = ["error: journal: cannot write /var/log/postern/decisions.jsonl: No space left",
                "warning: changed, but in force only after a restart: listen.mode",
                "error: worker 813 was ended by signal 11 (Segmentation fault)",
                "error: decision=reject", "journal: decision=lost"]
        for stamp in stamps:
            lines = [stamp + line for line in quiet + loud]
            left = subprocess.run(["grep", "-Evf", str(rules)], input="\n".join(lines) + "\n",
                                  text=True, stdout=subprocess.PIPE, timeout=SECONDS, check=False)
            self.assertEqual(left.stdout.splitlines(), [stamp + line for line in loud])
        for golden in sorted((ROOT / "tests/golden/logline").iterdir()):
            for line in golden.read_text(encoding="utf-8").splitlines():
                if line.startswith("#") or not line:
                    continue
                left = subprocess.run(["grep", "-Evf", str(rules)], input=stamps[0] + line + "\n",
                                      text=True, stdout=subprocess.PIPE, timeout=SECONDS, check=False)
                self.assertEqual(left.stdout, "")

    def rotation(self, journal: pathlib.Path, user: str, *options: str) -> pathlib.Path:
        """The example for this machine, which may not have its user and its folder."""
        text = (self.place / "usr/share/doc/postern/logrotate/postern").read_text(encoding="utf-8")
        command = "/usr/sbin/postern reopen"
        self.assertIn(command, text)
        text = (text.replace("/var/log/postern/decisions.jsonl", str(journal))
                .replace("su postern postern", f"su {user}")
                .replace(command, " ".join([str(installed_program(self.place)), "reopen", *options])))
        tried = self.place / "tried"
        tried.write_text(text, encoding="utf-8")
        tried.chmod(0o644)
        return tried

    def rotate(self, tried: pathlib.Path) -> tuple[int, str]:
        done = subprocess.run(["logrotate", "--force", "--state", str(self.place / "state"),
                               str(tried)], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=SECONDS, check=False)
        return done.returncode, done.stdout

    def test_the_log_rotation_is_one_that_logrotate_understands(self) -> None:
        install("/usr", str(self.place))
        file = self.place / "usr/share/doc/postern/logrotate/postern"
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o644)
        text = file.read_text(encoding="utf-8")
        for word in ("rotate 30", "compress", "delaycompress", "missingok"):
            self.assertIn(word, text)

    @unittest.skipUnless(os.geteuid() == 0, "only root can rotate the files of others")
    def test_the_log_is_rotated_where_no_server_runs(self) -> None:
        install("/usr", str(self.place))
        journal = self.place / "log/decisions.jsonl"
        journal.parent.mkdir()
        tried = self.rotation(journal, "root root", "--control", f"unix:{self.place}/nobody")
        for _ in range(2):
            journal.write_text("{}\n", encoding="utf-8")
            self.assertEqual(self.rotate(tried), (0, ""))
            self.assertFalse(journal.exists())  # the server makes it
        self.assertEqual({p.name for p in journal.parent.iterdir()},
                         {journal.name + ".1", journal.name + ".2.gz"})

    @unittest.skipUnless(os.geteuid() == 0, "only root can rotate the files of others")
    def test_the_log_of_a_running_server_is_rotated_and_its_policy_left_alone(self) -> None:
        install("/usr", str(self.place))
        self.place.chmod(0o755)
        for folder in ("run/postern", "var/log/postern"):
            (self.place / folder).mkdir(parents=True)
            shutil.chown(self.place / folder, "nobody", "nogroup")
        config = self.place / "etc/postern/postern.toml"
        text = config.read_text(encoding="utf-8")
        text, edits = re.subn(r"^policy = .*$", 'policy = "unix:/run/postern/policy.sock"', text,
                              flags=re.MULTILINE)
        self.assertEqual(edits, 1)
        self.assertIn('#to = "auto"', text)
        text = text.replace('#to = "auto"', 'to = "stderr"')
        config.write_text(text, encoding="utf-8")
        journal = self.place / "var/log/postern/decisions.jsonl"
        where = ["--root", str(self.place)]
        tried = self.rotation(journal, "nobody nogroup", *where)
        server = subprocess.Popen([installed_program(self.place), "serve", "--user", "nobody", *where],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            assert server.stderr is not None
            for line in server.stderr:
                if "ready: " in line:
                    break
            self.ask(self.place / "run/postern/policy.sock")
            self.assertEqual(self.run_program("reopen", *where).returncode, 0)  # it is written now
            before = journal.stat().st_ino
            digest = self.digest(where)
            # Half of an edit, which would compile.
            config.write_text(text + "\n# more\n", encoding="utf-8")
            self.assertEqual(self.rotate(tried), (0, ""))
            self.assertEqual(journal.with_name(journal.name + ".1").stat().st_ino, before)
            self.assertNotEqual(journal.stat().st_ino, before)
            self.assertEqual(self.digest(where), digest)
            self.ask(self.place / "run/postern/policy.sock")
            self.assertEqual(self.run_program("reopen", *where).returncode, 0)
            self.assertGreater(journal.stat().st_size, 0)
            # A server that cannot open it says so through logrotate.
            shutil.chown(journal.parent, "root", "root")
            status, said = self.rotate_as_root(tried)
            self.assertEqual(status, 1, said)
            self.assertIn("Permission denied", said)
        finally:
            server.terminate()
            server.communicate(timeout=SECONDS)

    def rotate_as_root(self, tried: pathlib.Path) -> tuple[int, str]:
        tried.write_text(tried.read_text(encoding="utf-8").replace("su nobody nogroup", "su root root"),
                         encoding="utf-8")
        return self.rotate(tried)

    def digest(self, where: list[str]) -> str:
        told = self.run_program("status", "--json", *where)
        self.assertEqual(told.returncode, 0, told.stdout)
        return json.loads(told.stdout)["policy"]["digest"]

    def ask(self, path: pathlib.Path) -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(SECONDS)
            client.connect(str(path))
            client.sendall(b"request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
                           b"client_address=192.0.2.1\nclient_name=unknown\n"
                           b"reverse_client_name=unknown\nhelo_name=x.example\n"
                           b"sender=anna@example.net\nrecipient=bob@example.org\n"
                           b"instance=1.2.3.0\npolicy_context=recipient\n\n")
            self.assertTrue(client.recv(4096).startswith(b"action="))

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
