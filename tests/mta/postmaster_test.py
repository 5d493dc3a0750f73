"""Mail for postmaster is accepted, with a domain and without (RFC 5321 4.5.1), at every door, while
everybody else is refused: the rule is the starter policy's own."""

from __future__ import annotations

import unittest
from pathlib import Path

from lab.house import House
from lab.postern import reference_in
from lab.smtp import SmtpReply

_CONF = Path(__file__).resolve().parents[2] / "conf"
_RULES = (_CONF / "rules" / "10-accept.toml").read_text(encoding="utf-8") + """
[table.local_domains]
kind = "domain"
entries = ["example.org"]

[table.always_reachable]
kind = "address"
entries = ["postmaster@", "abuse@"]

"""
_NOBODY = """
[[rule]]
name = "nobody else"
stage = "rcpt"
reject = "client-blocked"
"""
_DOORS = ("milter", "policy", "sendmail")


class Postmaster(unittest.TestCase):
    house: House

    @classmethod
    def setUpClass(cls) -> None:
        cls.house = cls.enterClassContext(House(_RULES + _NOBODY))

    def ask(self, door: str, recipient: str) -> SmtpReply:
        with self.house.session(door) as session:
            session.command("MAIL FROM:<a@example.com>")
            return session.command(f"RCPT TO:<{recipient}>")

    def test_is_reachable_in_every_spelling_at_every_door(self) -> None:
        for door in _DOORS:
            for recipient in ("postmaster", "PostMaster", "postmaster@example.org",
                              "POSTMASTER@Example.ORG"):
                with self.subTest(door=door, recipient=recipient):
                    self.assertEqual(self.ask(door, recipient).code, 250)

    def test_is_nobody_elses_name_or_domain(self) -> None:
        for door in _DOORS:
            for recipient in ("alice", "alice@example.org", "postmaster@elsewhere.example"):
                with self.subTest(door=door, recipient=recipient):
                    self.assertEqual(self.ask(door, recipient).verdict, "550 5.7.1")

    def test_the_record_shows_what_the_mail_server_said(self) -> None:
        for door in _DOORS:
            with self.subTest(door=door):
                reference = reference_in(self.ask(door, "Alice").text)
                record = self.house.postern.record(reference)
                self.assertEqual(record["transaction"]["recipient"], "Alice")


class WithoutTheRule(unittest.TestCase):
    """Why only milters need the rule for an address without a domain."""

    def test_postfix_does_not_ask_the_policy_service_about_bare_postmaster(self) -> None:
        with House(_NOBODY) as house:
            for door, recipient, code in (("policy", "postmaster", 250),
                                          ("policy", "postmaster@example.org", 550),
                                          ("milter", "postmaster", 550),
                                          ("sendmail", "postmaster", 550)):
                with self.subTest(door=door, recipient=recipient), house.session(door) as session:
                    session.command("MAIL FROM:<a@example.com>")
                    self.assertEqual(session.command(f"RCPT TO:<{recipient}>").code, code)


if __name__ == "__main__":
    unittest.main()
