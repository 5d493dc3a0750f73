"""For each stage and many reasons, at both doors and both MTAs: the octets that the client received
and the MTA's own log line are what Postern's record says was sent, apart from what the MTA adds."""

from __future__ import annotations

import unittest
from dataclasses import dataclass

from lab.house import House
from lab.observe import (Seen, postfix_log_pattern, sendmail_log_pattern, without_policy_prefix,
                         without_sendmail_prefix)
from lab.postern import reference_in
from lab.postfix import LISTS, Smtpd, policy_service
from lab.process import GrowingFile
from lab.smtp import SmtpReply, SmtpSession
from reasons_table import ROWS, STAGES, Row, rules

# The last stage whose rules a request of each list has reached, with smtpd_delay_reject=yes and no.
_LATE = {"client": "rcpt", "helo": "rcpt", "sender": "rcpt", "recipient": "rcpt", "data": "data",
         "end": "end-of-message"}
_EARLY = {"client": "connect", "helo": "helo", "sender": "mail"}


@dataclass(frozen=True)
class Door:
    name: str
    port: int
    log: GrowingFile
    context: str = ""  # of the policy door


def first_refusal(port: int, row: Row) -> tuple[Seen | None, list[str]]:
    """Talks as the row's client until something is refused; the dialogue comes along."""
    with SmtpSession(port, source=row.client) as session:
        steps = [("", "", ""), ("EHLO", row.helo, f"EHLO {row.helo}"),
                 ("MAIL", row.sender, f"MAIL FROM:<{row.sender}>"),
                 ("RCPT", row.recipient, f"RCPT TO:<{row.recipient}>"),
                 ("DATA", "", "DATA"), (".", "", "")]
        for command, argument, line in steps:
            reply: SmtpReply
            if command == "":
                reply = session.read_reply()
            elif command == ".":
                reply = session.message()
            else:
                reply = session.command(line)
            if reply.code >= 400:
                return Seen(command, argument, reply), session.dialogue()
        return None, session.dialogue()


class EveryReason(unittest.TestCase):
    """One Postern, one Postfix with a service for each way to be asked, one sendmail."""

    house: House

    @classmethod
    def setUpClass(cls) -> None:
        def services(house: House) -> list[Smtpd]:
            address = house.policy_address
            late = [policy_service(f"late-{context}", address, [context]) for context in LISTS]
            early = [policy_service(f"early-{context}", address, [context], delay_reject=False)
                     for context in _EARLY]
            return late + early
        cls.house = cls.enterClassContext(House(rules(), services))

    def setUp(self) -> None:
        self.maxDiff = None

    def refusals(self, door: Door, rows: list[Row]) -> None:
        for row in rows:
            with self.subTest(door=door.name, rule=row.word):
                mark = door.log.mark()
                seen, dialogue = first_refusal(door.port, row)
                self.assertIsNotNone(seen, "\n".join(["nothing was refused:", *dialogue]))
                assert seen is not None
                self.compare(door, row, seen, mark)

    def compare(self, door: Door, row: Row, seen: Seen, mark: int) -> None:
        """The reply is one that the row allows; wire, log and record agree."""
        lines = seen.reply.lines
        reference = reference_in(seen.reply.text)
        self.assertTrue(reference, f"no reference of ours in {seen.reply.text}")
        record = self.house.postern.record(reference)
        sent = record["sent"]
        self.assertEqual(record["decision"]["rule"]["name"], row.word)
        self.assertEqual(record["decision"]["reason"], row.reason)
        # What we say at the end of the headers reaches the client after the final dot.
        spoken = {"end-of-headers": "end-of-message"}.get(sent["spoken"], sent["spoken"])
        self.assertEqual(spoken, seen.stage())
        if door.context:
            name = {"client": f"unknown[{row.client}]", "helo": row.helo, "sender": row.sender,
                    "recipient": row.recipient, "data": "DATA", "end": "END-OF-MESSAGE"}
            ours = without_policy_prefix(lines[0], door.context, name[door.context])
            self.assertEqual([ours, *lines[1:]], sent["expected"])
            door.log.wait(postfix_log_pattern(seen, "reject"), mark, 5)
        elif door.name == "sendmail":
            self.assertEqual(without_sendmail_prefix(lines, seen), sent["expected"])
            door.log.wait(sendmail_log_pattern(sent["expected"]), mark, 5)
        else:
            self.assertEqual(lines, sent["expected"])
            door.log.wait(postfix_log_pattern(seen, "milter-reject"), mark, 5)
        self.assertLessEqual(max(len(line) for line in lines), 510)
        if self.survives_unchanged(door, row):
            self.assertIn(seen.reply.verdict, row.replies)
        self.assertEqual(seen.reply.verdict[0], row.replies[0][0], "class of the reply")

    @staticmethod
    def survives_unchanged(door: Door, row: Row) -> bool:
        """Whether the table's reply is due: not where another form stands in for it."""
        if not door.context:
            return True
        about_address = ".1." in row.replies[0].split()[1][1:4]
        return not about_address and door.context not in ("data", "end") or row.stage == {
            "data": "data", "end": "end-of-message"}.get(door.context)

    def rows_up_to(self, stage: str) -> list[Row]:
        """Rows whose rules are asked by a policy request of `stage`."""
        last = STAGES.index(stage)
        return [row for row in ROWS if STAGES.index(row.stage) <= last
                and row.stage != "end-of-headers"]

    def test_covers_thirty_reasons_and_every_stage(self) -> None:
        self.assertGreaterEqual(len({row.reason for row in ROWS}), 30)
        self.assertEqual({row.stage for row in ROWS}, set(STAGES))

    def test_postfix_milter(self) -> None:
        self.refusals(Door("milter", self.house.ports["milter"], self.house.postfix.log), ROWS)

    def test_sendmail_milter(self) -> None:
        self.refusals(Door("sendmail", self.house.ports["sendmail"], self.house.sendmail.log), ROWS)

    def policy(self, service: str, context: str, stage: str) -> None:
        door = Door(service, self.house.ports[service], self.house.postfix.log, context)
        self.refusals(door, self.rows_up_to(stage))

    def test_postfix_policy_client_list_asked_at_rcpt(self) -> None:
        self.policy("late-client", "client", _LATE["client"])

    def test_postfix_policy_helo_list_asked_at_rcpt(self) -> None:
        self.policy("late-helo", "helo", _LATE["helo"])

    def test_postfix_policy_sender_list_asked_at_rcpt(self) -> None:
        self.policy("late-sender", "sender", _LATE["sender"])

    def test_postfix_policy_recipient_list(self) -> None:
        self.policy("late-recipient", "recipient", _LATE["recipient"])

    def test_postfix_policy_data_list(self) -> None:
        self.policy("late-data", "data", _LATE["data"])

    def test_postfix_policy_end_of_data_list(self) -> None:
        self.policy("late-end", "end", _LATE["end"])

    def test_postfix_policy_client_list_asked_at_connect(self) -> None:
        self.policy("early-client", "client", _EARLY["client"])

    def test_postfix_policy_helo_list_asked_at_ehlo(self) -> None:
        door = Door("early-helo", self.house.ports["early-helo"], self.house.postfix.log, "helo")
        rows = self.rows_up_to(_EARLY["helo"])
        mute = [row for row in rows if row.reason == "dnsbl-listed-connect"]
        self.refusals(door, [row for row in rows if row not in mute])
        for row in mute:  # EHLO must not be answered with 554 (RFC 5321 4.3.2)
            seen, dialogue = first_refusal(door.port, row)
            self.assertIsNone(seen, "\n".join(dialogue))

    def test_postfix_policy_sender_list_asked_at_mail(self) -> None:
        self.policy("early-sender", "sender", _EARLY["sender"])

    def test_a_client_that_nothing_speaks_against_gets_through_every_door(self) -> None:
        innocent = Row("mail", "nothing", (), 200)
        for name, port in self.house.ports.items():
            with self.subTest(door=name):
                seen, dialogue = first_refusal(port, innocent)
                self.assertIsNone(seen, "\n".join(dialogue))


if __name__ == "__main__":
    unittest.main()
