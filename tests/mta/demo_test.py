"""`make run`: what it shows, and that it notices a wrong reply."""

from __future__ import annotations

import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from lab.place import CHECKOUT, Folder
from lab.postern import program_under_test


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(CHECKOUT / "scripts/demo.py"), "--build",
                           str(program_under_test().parent), *options], timeout=300, text=True,
                          capture_output=True, check=False)


class Demo(unittest.TestCase):
    def test_shows_five_transactions_at_both_doors_and_an_explanation(self) -> None:
        done = demo()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for verdict in ("250 2.0.0", "550 5.1.1", "550 5.7.1", "552 5.3.4", "450 4.7.0"):
            self.assertEqual(done.stdout.count(f"\n  {verdict}: as expected\n"), 2, done.stdout)
        self.assertEqual(done.stdout.count("    S: 220 "), 10)
        self.assertNotIn("XCLIENT", done.stdout)
        self.assertNotIn("\033", done.stdout)
        told = done.stdout.partition("$ postern explain ")[2]
        self.assertIn("unknown recipients", told)

    def test_fails_when_a_reply_is_not_the_expected_one(self) -> None:
        folder = Folder("d")
        self.addCleanup(folder.close)
        conf = Path(shutil.copytree(CHECKOUT / "conf", folder.outside("/conf")))
        with (conf / "tables/local_recipients").open("a", encoding="ascii") as table:
            table.write("nobody-here@example.org\n")
        done = demo("--conf", str(conf))
        self.assertEqual(done.returncode, 1)
        self.assertIn("250 2.0.0: NOT as expected (expected 550 5.1.1)", done.stdout)
        self.assertIn("250 2.0.0: as expected", done.stdout)

    def test_fails_with_the_reason_when_postern_cannot_start(self) -> None:
        folder = Folder("d")
        self.addCleanup(folder.close)
        conf = Path(shutil.copytree(CHECKOUT / "conf", folder.outside("/conf")))
        with (conf / "rules/40-recipients.toml").open("a", encoding="ascii") as rules:
            rules.write("[[rule]]\nname = \"x\"\nwhenn = 'true'\n")
        done = demo("--conf", str(conf))
        self.assertEqual(done.returncode, 1)
        self.assertIn("40-recipients.toml", done.stderr)
        self.assertIn("whenn", done.stderr)


if __name__ == "__main__":
    unittest.main()
