"""The README's "Plug it in", done word for word on a machine with Debian's Postfix: a private root in
which everything lies where it is installed, smtpd is chrooted, and Postern is the user it is given."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import unittest
from pathlib import Path

from lab.postern import program_under_test
from lab.postfix import Postfix, Smtpd
from lab.process import Child
from lab.smtp import SmtpSession
from lines_test import settings_of

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "install"))

import readme  # noqa: E402

_PROGRAM = "/usr/sbin/postern"


class PlugItIn(unittest.TestCase):
    def setUp(self) -> None:
        self.smtpd = Smtpd("smtp", chroot=True)
        self.postfix = Postfix([self.smtpd])
        self.addCleanup(self.postfix.close)
        self.root = self.postfix.root
        # Its libraries; the program itself comes by the installation.
        self.root.install_program(program_under_test(), "/tmp/postern")

    def inside(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["chroot", str(self.root.path), *words], timeout=60, text=True,
                              capture_output=True, check=False,
                              env={"PATH": "/usr/sbin:/usr/bin"})

    def start_unit(self) -> None:
        """As the unit does it: at once as the user, with the groups that it has."""
        unit = next(self.root.path.rglob("postern.service")).read_text(encoding="utf-8")
        self.assertIn("\nUser=postern\nGroup=postern\n", unit)
        self.assertIn(f"\nExecStart={_PROGRAM} serve\n", unit)
        server = Child(["chroot", "--userspec=postern:postern", str(self.root.path), _PROGRAM,
                        "serve"], self.root.outside("/var/log/postern.out"), {"PATH": "/usr/sbin:/usr/bin"})
        self.addCleanup(server.stop)
        server.wait_for(lambda: self.inside(_PROGRAM, "status").returncode == 0,
                        "postern answers status")

    def do(self, command: list[str]) -> None:
        if readme.follow(command, self.root.path, program_under_test().parent):
            return
        line = shlex.join(command)
        if line == "systemctl enable --now postern":
            self.start_unit()
        elif line == "systemctl reload postfix":
            self.postfix.start()
        elif line != "systemctl daemon-reload":
            if line == "postern check":
                readme.listen_below_the_queue(self.root.path)
            done = self.inside(*command)
            self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}{done.stderr}")
            if line == "postern lines":
                main_cf = done.stdout.partition("main.cf:\n")[2].partition("\n\n")[0]
                self.smtpd.settings = settings_of(main_cf)
            if line == "postern doctor":
                self.assertIn("milter.sock negotiates (asked as user postfix)", done.stdout)
                self.assertIn("\nNo problem found.\n", done.stdout)

    def test_leads_to_a_mail_server_that_asks_us(self) -> None:
        self.assertEqual(os.geteuid(), 0)
        for command in readme.commands():
            self.do(command)
        with SmtpSession(self.postfix.port("smtp")) as session:
            session.hello()
            refused = session.transaction("a@example.com", ["nobody-here@example.org"])[-1]
        self.assertEqual(refused.verdict, "550 5.1.1", refused.text)
        # Waits until the record, which is written in its own time, is there.
        self.assertEqual(self.inside(_PROGRAM, "reopen").returncode, 0)
        told = self.inside(_PROGRAM, "explain", refused.text)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("unknown recipients", told.stdout)


if __name__ == "__main__":
    unittest.main()
