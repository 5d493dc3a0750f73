"""`postern doctor` on a machine with a real mail server: inside the private root, as the administrator
would run it there."""

from __future__ import annotations

import pwd
import subprocess
import unittest

from lab.place import PrivateRoot
from lab.postern import Postern
from lab.postfix import Postfix, Smtpd
from lab.sendmail import Sendmail
from lines_test import install, settings_of

_USER = "nobody"


def doctor(root: PrivateRoot, postern: Postern) -> subprocess.CompletedProcess[str]:
    """The program sees the root as the whole machine, with its users, programs and files."""
    root.install_program(postern.program, "/usr/sbin/postern")
    return subprocess.run(["chroot", str(root.path), "/usr/sbin/postern", "doctor"], timeout=60,
                          text=True, capture_output=True, check=False,
                          env={"PATH": "/usr/sbin:/usr/bin"})


class Doctor(unittest.TestCase):
    def postfix(self) -> tuple[Postfix, Postern]:
        """A chrooted smtpd with both doors, by the lines that Postern prints."""
        smtpd = Smtpd("smtp", chroot=True)
        postfix = Postfix([smtpd], pwd.getpwnam(_USER).pw_gid)
        self.addCleanup(postfix.close)
        install(postfix.root, "/var/spool/postfix/postern")
        postern = self.enterContext(Postern(postfix.root, _USER))
        printed = postern.ask("lines").stdout
        smtpd.settings = settings_of(printed.partition("main.cf:\n")[2].partition("\n\n")[0])
        postfix.start()
        return postfix, postern

    def test_finds_nothing_wrong_with_a_postfix_that_works(self) -> None:
        postfix, postern = self.postfix()
        found = doctor(postfix.root, postern)
        self.assertEqual(found.returncode, 0, found.stdout + found.stderr)
        for line in ("ok       Postfix 3.7.", "ok       libmilter 1.",
                     "milter.sock negotiates (asked as user postfix)",
                     "policy.sock answers (asked as user postfix)",
                     " uses the milter", "asks the policy service in smtpd_recipient_restrictions",
                     "No problem found."):
            self.assertIn(line, found.stdout)

    def test_sees_what_the_mail_server_sees_and_not_what_root_sees(self) -> None:
        postfix, postern = self.postfix()
        postfix.root.outside("/var/spool/postfix/postern/milter.sock").chmod(0o600)
        found = doctor(postfix.root, postern)
        self.assertEqual(found.returncode, 69, found.stdout + found.stderr)
        self.assertRegex(found.stdout, r"PROBLEM  cannot connect to unix:\S*/milter.sock: Permission "
                                       r"denied \(mode 0600, \S+\) \(asked as user postfix\)")
        self.assertIn("usermod -a -G", found.stdout)
        self.assertIn("policy.sock answers (asked as user postfix)", found.stdout)

    def test_knows_us_behind_the_spawn_service_that_lines_prints(self) -> None:
        smtpd = Smtpd("smtp", {"smtpd_recipient_restrictions":
                               "permit_mynetworks, check_policy_service { unix:private/policy-postern, "
                               "policy_context=recipient, timeout=15s }"})
        postfix = Postfix([smtpd], pwd.getpwnam(_USER).pw_gid)
        self.addCleanup(postfix.close)
        install(postfix.root, "/var/spool/postfix/postern")
        postern = self.enterContext(Postern(postfix.root, _USER))
        printed = postern.ask("lines").stdout.splitlines(keepends=True)
        first = next(number for number, line in enumerate(printed)
                     if line.startswith("policy-postern"))
        entry = "".join(printed[first:first + 2]).replace(str(postfix.root.path), "")
        postfix.add_to_master(entry.replace("user=postern", "user=programs"))
        postfix.root.install_program(postern.program, str(postern.program))
        postfix.start()
        found = doctor(postfix.root, postern)
        self.assertEqual(found.returncode, 0, found.stdout + found.stderr)
        self.assertIn("asks the policy service in smtpd_recipient_restrictions", found.stdout)
        self.assertIn("No problem found.", found.stdout)

    def test_knows_sendmail_by_its_version_and_user(self) -> None:
        sendmail = Sendmail("")
        self.addCleanup(sendmail.close)
        install(sendmail.root, "/run/postern")
        # As Debian's package does it at its installation.
        sendmail.root.outside("/usr/sbin/sendmail").symlink_to("../libexec/sendmail/sendmail")
        with Postern(sendmail.root, _USER) as postern:
            # smmsp is in no group that the sockets are for.
            sendmail.root.outside("/run/postern").chmod(0o755)
            for socket in ("milter", "policy"):
                sendmail.root.outside(f"/run/postern/{socket}.sock").chmod(0o666)
            found = doctor(sendmail.root, postern)
            self.assertEqual(found.returncode, 0, found.stdout + found.stderr)
            self.assertIn("ok       sendmail 8.17.", found.stdout)
            self.assertIn("milter.sock negotiates (asked as user smmsp)", found.stdout)
            self.assertNotIn("Postfix 3", found.stdout)


if __name__ == "__main__":
    unittest.main()
