"""Kills and signals while mail is flowing: nobody is refused for good, nothing is lost for long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import unittest
from collections import Counter

from lab.load import Errand, Load
from lab.house import House
from lab.postern import CONFIG, JOURNAL, reference_in
from lab.postfix import Smtpd, milter_service, policy_service
from lab.process import wait_until
from lab.smtp import SmtpSession

_LONG = bool(os.environ.get("POSTERN_LONG"))
_KILLS = 20 if _LONG else 2
_SIGNALS = 10_000
_SENDERS = 4

_RULES = """\
[[rule]]
name = "nobody of that name"
stage = "rcpt"
when = 'recipient.local == "unknown"'
reject = "rcpt-unknown"

[[rule]]
name = "the mark of a policy"
stage = "rcpt"
when = 'recipient.local == "{mark}"'
reject = "mailbox-disabled"
"""

# With a rule at each stage the MTA waits for our word at each command. (A stage without rules is
# not negotiated, and then the MTA does not even notice there that we are gone.)
_EACH_STAGE = "".join(
    f'''
[[rule]]
name = "never at {stage}"
stage = "{stage}"
when = 'sender == "never@example.org"'
reject = "{reason}"
''' for stage, reason in (("mail", "sender-blocked"), ("data", "no-valid-recipients"),
                           ("end-of-message", "spam")))

# What an MTA says by itself when its plugin is gone in the middle of a session.
_BROKEN = {"milter": "451 4.7.1", "sendmail": "451 4.3.2", "policy": "451 4.3.5"}


class _Running(unittest.TestCase):
    """Postern, Postfix with both doors, sendmail; fresh for each test."""

    def setUp(self) -> None:
        self.house = self.enterContext(House(_RULES.format(mark="mark0") + _EACH_STAGE))
        self.postern = self.house.postern

    def load_policy(self, mark: str) -> None:
        self.house.write_rules(_RULES.format(mark=mark) + _EACH_STAGE)

    def errands(self) -> list[Errand]:
        return [Errand(door, port, recipient, verdict) for door, port in self.house.ports.items()
                for recipient, verdict in (("unknown@test.example", "550 5.1.1"),
                                           ("b@test.example", "250 2.0.0"))]

    def sessions_under_way(self, door: str) -> list[tuple[SmtpSession, str]]:
        """Sessions stopped after EHLO, MAIL, RCPT and DATA, each with what it would say next."""
        talk = ["MAIL FROM:<a@example.org>", "RCPT TO:<b@test.example>", "DATA",
                "Subject: test\r\n\r\nHello.\r\n."]
        under_way = []
        for said, next_line in enumerate(talk):
            session = self.house.session(door)
            self.addCleanup(session.close)
            for line in talk[:said]:
                self.assertIn(session.command(line).code, (250, 354))
            under_way.append((session, next_line))
        return under_way


class Kills(_Running):
    def test_kill_of_everything_under_load_costs_only_temporary_refusals(self) -> None:
        self.kill_and_return(whole=True)

    def test_kill_of_the_worker_under_load_costs_only_temporary_refusals(self) -> None:
        self.kill_and_return(whole=False)

    def kill_and_return(self, whole: bool) -> None:
        before = reference_in(self.house.ask("milter", "unknown@test.example").text)
        self.postern.record(before)
        with Load(self.errands()) as load:
            for _ in range(_KILLS):
                load.wait_for_more()
                under_way = {door: self.sessions_under_way(door) for door in ("milter", "sendmail")}
                worker = self.postern.worker()
                if whole:
                    self.postern.child.kill()
                    self.told_to_come_back(under_way)
                    self.postern.start()
                else:
                    os.kill(worker, signal.SIGKILL)
                    self.told_to_come_back(under_way)
                    self.another_worker_than(worker)
                load.wait_for_more()
        for name, verdicts in load.wrong().items():
            self.assertEqual(set(verdicts), {_BROKEN[name.split()[0]]}, f"{name}: {verdicts}")
        for door in self.house.ports:
            self.assertEqual(self.house.ask(door, "unknown@test.example").verdict, "550 5.1.1")
            self.assertEqual(self.house.ask(door, "b@test.example").code, 250)
        self.journal_is_readable(before)

    def another_worker_than(self, old: int) -> None:
        wait_until(lambda: self.postern.worker() != old, "another worker")

    def told_to_come_back(self, under_way: dict[str, list[tuple[SmtpSession, str]]]) -> None:
        for door, sessions in under_way.items():
            for session, line in sessions:
                with self.subTest(door=door, next=line[:4]):
                    self.assertEqual(session.command(line).verdict, _BROKEN[door])

    def journal_is_readable(self, before: str) -> None:
        """References from before the first kill and after the last are explained; each kill may
        have torn one line at most."""
        after = reference_in(self.house.ask("milter", "unknown@test.example").text)
        self.postern.record(after)
        for reference in (before, after):
            told = self.postern.ask("explain", reference)
            self.assertEqual(told.returncode, 0, told.stderr)
            self.assertIn("nobody of that name", told.stdout)
        whole = len(self.postern.journal())
        lines = self.house.root.outside(JOURNAL).read_bytes().count(b"\n")
        self.assertLessEqual(lines - whole, _KILLS)


class Hangs(unittest.TestCase):
    def test_a_worker_that_hangs_costs_only_temporary_refusals(self) -> None:
        """At services that lose patience sooner than real ones, so that nobody waits long."""
        def hasty(house: House) -> list[Smtpd]:
            return [milter_service("hasty-milter", house.milter_address,
                                   milter_connect_timeout="1s", milter_command_timeout="1s"),
                    policy_service("hasty-policy", house.policy_address,
                                   smtpd_policy_service_timeout="1s")]
        with House(_RULES.format(mark="mark"), hasty) as house:
            worker = house.postern.worker()
            os.kill(worker, signal.SIGSTOP)
            self.addCleanup(_go_on, worker)
            for door, verdict in (("hasty-milter", "451 4.7.1"), ("hasty-policy", "451 4.3.5")):
                with self.subTest(hanging=door):
                    self.assertEqual(house.ask(door, "b@test.example").verdict, verdict)
            os.kill(worker, signal.SIGCONT)
            for door in house.ports:
                with self.subTest(well_again=door):
                    self.assertEqual(house.ask(door, "unknown@test.example").verdict, "550 5.1.1")
                    self.assertEqual(house.ask(door, "b@test.example").code, 250)
            self.assertEqual(house.postern.worker(), worker)


class Signals(_Running):
    def test_bursts_of_hangup_lose_no_session_and_end_with_the_last_policy(self) -> None:
        worker = self.postern.worker()
        with Load(self.errands()) as load:
            load.wait_for_more()
            bursts = [subprocess.Popen([sys.executable, "-c",
                                        "import os, sys\n"
                                        "for _ in range(int(sys.argv[2])):\n"
                                        "    os.kill(int(sys.argv[1]), 1)\n",
                                        str(self.postern.pid), str(_SIGNALS // _SENDERS)])
                      for _ in range(_SENDERS)]
            changes = 0
            while any(burst.poll() is None for burst in bursts):
                changes += 1
                self.load_policy(f"mark{changes}")
                self.house.ask("policy", "b@test.example")
            self.assertEqual([burst.wait(60) for burst in bursts], [0] * _SENDERS)
            self.load_policy("last")
            self.postern.hang_up()
            load.wait_for_more()
            for door in self.house.ports:
                self.last_policy_in_force_at(door)
                self.assertEqual(self.house.ask(door, f"mark{changes}@test.example").code, 250)
            load.wait_for_more()
        self.assertEqual(load.wrong(), {}, "a session was lost or answered wrongly")
        self.assertEqual(self.postern.worker(), worker, "the worker lives on")

    def test_hangup_sent_to_the_worker_itself_does_nothing(self) -> None:
        worker = self.postern.worker()
        with Load(self.errands()) as load:
            load.wait_for_more()
            for _ in range(1000):  # libmilter alone would take the first as "stop"
                os.kill(worker, signal.SIGHUP)
            load.wait_for_more()
        self.assertEqual(load.wrong(), {})
        self.assertEqual(self.postern.worker(), worker)

    def last_policy_in_force_at(self, door: str) -> None:
        wait_until(lambda: self.house.ask(door, "last@test.example").verdict == "550 5.2.1",
                   f"the last policy is in force at {door}")

    def test_a_policy_with_faults_is_refused_and_the_old_one_stays(self) -> None:
        self.house.root.write(CONFIG, "[identity]\nhoost = 1\n")
        answer = self.postern.ask("reload")
        self.assertEqual(answer.returncode, 78, answer.stdout)
        self.assertIn("hoost", answer.stdout + answer.stderr)
        for door in self.house.ports:
            self.assertEqual(self.house.ask(door, "mark0@test.example").verdict, "550 5.2.1")

    def test_a_session_keeps_the_policy_it_began_with(self) -> None:
        with self.house.session("milter") as session:
            session.command("MAIL FROM:<a@example.org>")
            self.load_policy("other")
            self.assertEqual(self.postern.ask("reload").returncode, 0)
            self.assertEqual(session.command("RCPT TO:<mark0@test.example>").verdict, "550 5.2.1")
            self.assertEqual(session.command("RCPT TO:<other@test.example>").code, 250)
        self.assertEqual(self.house.ask("milter", "mark0@test.example").code, 250)
        self.assertEqual(self.house.ask("milter", "other@test.example").verdict, "550 5.2.1")

    def test_term_ends_the_server_and_its_sockets(self) -> None:
        self.assertEqual(self.house.ask("policy", "unknown@test.example").verdict, "550 5.1.1")
        self.assertEqual(self.postern.close(), 0)
        self.assertFalse(self.house.root.outside("/run/postern/control.sock").exists())
        verdicts = Counter({door: self.house.ask(door, "b@test.example").verdict for door in self.house.ports})
        self.assertEqual(verdicts, _BROKEN)


def _go_on(process: int) -> None:
    try:
        os.kill(process, signal.SIGCONT)
    except ProcessLookupError:
        pass


if __name__ == "__main__":
    unittest.main()
