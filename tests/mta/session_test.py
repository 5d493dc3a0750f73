"""What belongs to one recipient, message or session must not reach the next; both doors agree."""

from __future__ import annotations

import unittest

from lab.certificate import make_certificate
from lab.house import House
from lab.postern import reference_in
from lab.postfix import LISTS, policy_service
from lab.process import wait_until
from lab.smtp import SmtpReply, SmtpSession

_RULES = """\
[[rule]]
name = "blocked sender"
stage = "mail"
when = 'sender.domain == "blocked.example"'
reject = "sender-blocked"

[[rule]]
name = "secret needs TLS"
stage = "rcpt"
when = 'recipient.local == "secret" and not tls'
reject = "tls-required"

[[rule]]
name = "unknown"
stage = "rcpt"
when = 'recipient.domain == "unknown.example"'
reject = "rcpt-unknown"

[[rule]]
name = "later"
stage = "rcpt"
when = 'recipient.local == "later"'
defer = "greylisted"

[[rule]]
name = "announced too large"
stage = "mail"
when = 'declared_size > 100000'
reject = "message-too-big"

[[rule]]
name = "too large"
stage = "end-of-message"
when = 'size > 200000'
reject = "message-too-big"

[[rule]]
name = "spam"
stage = "end-of-message"
when = 'sender.local == "spammer"'
reject = "spam"

[[rule]]
name = "three is a crowd"
stage = "data"
when = 'recipient_count >= 3'
reject = "too-many-recipients-policy"
"""

_DOORS = ("milter", "policy", "sendmail")


class Sessions(unittest.TestCase):
    house: House

    @classmethod
    def setUpClass(cls) -> None:
        cls.house = cls.enterClassContext(House(
            _RULES, certificate=make_certificate(),
            policy_contexts=("recipient", "data", "end"),
            more=lambda house: [policy_service("everywhere", house.policy_address,
                                               list(LISTS))]))

    def each(self, doors: tuple[str, ...] = _DOORS) -> list[tuple[str, SmtpSession]]:
        """A session at each door, closed after the test."""
        sessions = []
        for door in doors:
            session = self.house.session(door)
            self.addCleanup(session.close)
            sessions.append((door, session))
        return sessions

    def verdicts(self, replies: list[SmtpReply]) -> list[str]:
        return [reply.verdict if reply.code >= 400 else str(reply.code) for reply in replies]

    def test_a_refused_recipient_leaves_the_others_alone(self) -> None:
        for door, session in self.each():
            with self.subTest(door=door):
                replies = session.transaction("a@example.org", [
                    "first@test.example", "b@unknown.example", "later@test.example",
                    "last@test.example"])
                self.assertEqual(self.verdicts(replies), [
                    "250", "250", "550 5.1.1", "450 4.7.0", "250", "354", "250"])

    def test_only_the_recipients_that_were_not_refused_get_the_message(self) -> None:
        for door in ("milter", "policy"):
            with self.subTest(door=door):
                log = self.house.postfix.log
                mark = log.mark()
                with self.house.session(door) as session:
                    session.transaction("a@example.org", ["b@unknown.example", "c@test.example"])
                log.wait("to=<c@test.example>.*status=sent", mark)
                log.wait(": removed$", mark)
                self.assertNotIn("to=<b@unknown.example>, relay", log.since(mark))

    def test_each_refused_recipient_has_a_record_of_its_own(self) -> None:
        for door, session in self.each():
            with self.subTest(door=door):
                session.command("MAIL FROM:<a@example.org>")
                seen = []
                for name in ("b", "c"):
                    reply = session.command(f"RCPT TO:<{name}@unknown.example>")
                    record = self.house.postern.record(reference_in(reply.text))
                    self.assertEqual(record["transaction"]["recipient"], f"{name}@unknown.example")
                    seen.append(record["ref"])
                self.assertNotEqual(seen[0], seen[1])

    def test_lists_that_ask_again_get_the_same_answer_and_reference(self) -> None:
        reply = self.house.ask("everywhere", "later@test.example")
        self.assertEqual(reply.verdict, "450 4.7.0")
        reference = reference_in(reply.text)

        def kinds() -> list[str]:
            return sorted(record["kind"] for record in self.house.postern.journal()
                          if record["ref"] == reference)
        # DEFER_IF_PERMIT lets the helo, sender and recipient lists go on asking.
        wait_until(lambda: kinds() == ["decision", "repeat", "repeat", "repeat"],
                   f"one decision and three repeats, not {kinds()}")

    def test_a_second_message_is_judged_by_itself(self) -> None:
        for door, session in self.each():
            with self.subTest(door=door):
                first = session.transaction("a@example.org", ["b@unknown.example"])
                self.assertEqual(first[-1].verdict, "550 5.1.1")
                session.command("RSET")
                second = session.transaction("a@example.org", ["b@test.example"])
                self.assertEqual(self.verdicts(second), ["250", "250", "354", "250"])
                third = session.transaction("spammer@example.org", ["b@test.example"])
                self.assertEqual(third[-1].verdict, "550 5.7.1")
                session.command("RSET")  # Postfix goes on with the message a policy server refused
                fourth = session.transaction("a@example.org", ["b@test.example"])
                self.assertEqual(self.verdicts(fourth), ["250", "250", "354", "250"])

    def test_rset_forgets_the_sender_and_the_recipients(self) -> None:
        for door, session in self.each():
            with self.subTest(door=door):
                session.command("MAIL FROM:<spammer@example.org>")
                session.command("RCPT TO:<x@test.example>")
                session.command("RCPT TO:<y@test.example>")
                self.assertEqual(session.command("RSET").code, 250)
                replies = session.transaction("a@example.org", ["b@test.example"])
                self.assertEqual(self.verdicts(replies), ["250", "250", "354", "250"])

    def test_a_refused_sender_is_forgotten_at_the_next_mail(self) -> None:
        for door, session in self.each():
            with self.subTest(door=door):
                refused = session.transaction("a@blocked.example", ["b@test.example"])[-1]
                self.assertEqual(refused.verdict, "550 5.7.1")
                session.command("RSET")
                replies = session.transaction("a@example.org", ["b@test.example"])
                self.assertEqual(self.verdicts(replies), ["250", "250", "354", "250"])

    def test_encryption_counts_from_starttls_on(self) -> None:
        for door, session in self.each():
            with self.subTest(door=door):
                plain = session.transaction("a@example.org", ["secret@test.example"])[-1]
                self.assertEqual(plain.verdict, "530 5.7.0")
                session.command("RSET")
                self.assertEqual(session.start_tls().code, 250)
                secure = session.transaction("a@example.org", ["secret@test.example"])
                self.assertEqual(self.verdicts(secure), ["250", "250", "354", "250"])

    def test_pipelined_commands_get_the_same_replies(self) -> None:
        for door, session in self.each():
            with self.subTest(door=door):
                replies = session.pipeline(["MAIL FROM:<a@example.org>",
                                            "RCPT TO:<b@unknown.example>",
                                            "RCPT TO:<c@test.example>",
                                            "RCPT TO:<later@test.example>", "DATA"])
                self.assertEqual(self.verdicts(replies), ["250", "550 5.1.1", "250", "450 4.7.0",
                                                          "354"])
                self.assertEqual(session.message().code, 250)

    def test_the_null_sender_is_welcome(self) -> None:
        for door, session in self.each():
            with self.subTest(door=door):
                replies = session.transaction("", ["b@test.example"])
                self.assertEqual(self.verdicts(replies), ["250", "250", "354", "250"])

    def test_a_client_that_says_helo_is_judged_too(self) -> None:
        for door, port in ((door, self.house.ports[door]) for door in _DOORS):
            with self.subTest(door=door), SmtpSession(port) as session:
                session.read_reply()
                session.command("HELO mail.example.org")
                refused = session.transaction("a@example.org", ["b@unknown.example"])[-1]
                self.assertEqual(refused.verdict, "550 5.1.1")

    def test_announced_size_and_real_size_are_both_looked_at(self) -> None:
        large = b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 4000
        for door, session in self.each():
            with self.subTest(door=door):
                announced = session.transaction("a@example.org", ["b@test.example"],
                                                mail_parameters="SIZE=150000")[-1]
                self.assertEqual(announced.verdict, "552 5.3.4")
                session.command("RSET")
                sent = session.transaction("a@example.org", ["b@test.example"], large)
                self.assertEqual(self.verdicts(sent), ["250", "250", "354", "552 5.3.4"])

    def test_headers_beyond_64_kib_do_no_harm(self) -> None:
        header = b"X-Long: " + b"\r\n ".join([b"z" * 900] * 120)
        text = b"Subject: test\r\n" + header + b"\r\n\r\nHello.\r\n"
        # sendmail does not take such a message, and could not hand it to a milter.
        for door, session in self.each(("milter", "policy")):
            with self.subTest(door=door):
                self.assertEqual(session.transaction("a@example.org", ["b@test.example"],
                                                     text)[-1].code, 250)
                refused = session.transaction("spammer@example.org", ["b@test.example"], text)[-1]
                self.assertEqual(refused.verdict, "550 5.7.1")

    def test_recipients_are_counted_at_data(self) -> None:
        for door, session in self.each():
            with self.subTest(door=door):
                names = ["one@test.example", "two@test.example", "b@unknown.example"]
                two = session.transaction("a@example.org", names)
                self.assertEqual(two[-1].code, 250)
                three = session.transaction("a@example.org", [*names, "three@test.example"])[-1]
                self.assertEqual(three.verdict, "554 5.5.3")

    def test_strange_addresses_reach_the_client_whole_and_in_ascii(self) -> None:
        for door, session in self.each():
            for local in ("100%off", "50%%", "%s%d", "a&b", "o'neil", '"a b"', "x" * 64):
                with self.subTest(door=door, local=local):
                    session.command("RSET")
                    session.command("MAIL FROM:<a@example.org>")
                    reply = session.command(f"RCPT TO:<{local}@unknown.example>")
                    self.assertEqual(reply.verdict, "550 5.1.1")
                    sent = self.house.postern.record(reference_in(reply.text))["sent"]
                    for line, expected in zip(reply.lines, sent["expected"], strict=True):
                        self.assertTrue(line.endswith(expected[len("550 5.1.1 "):]), line)
                    self.assertTrue(reply.raw.isascii())
                    self.assertLessEqual(max(map(len, reply.raw.splitlines(keepends=True))), 512)

    def test_the_longest_addresses_leave_reason_and_reference_whole(self) -> None:
        # 254 octets are the most that fit into a path (RFC 5321 4.5.3.1); sendmail takes a few less.
        longest = "l" * 64 + "@" + ".".join(["d" * 60, "d" * 60, "d" * 55, "example"])
        for door, session in self.each():
            with self.subTest(door=door):
                # The policy door is asked at RCPT, the milter at MAIL.
                answers = session.pipeline([f"MAIL FROM:<{longest}> SIZE=150000",
                                            "RCPT TO:<b@test.example>"])
                refused = next(reply for reply in answers if reply.code >= 400)
                self.assertEqual(refused.verdict, "552 5.3.4")
                self.assertTrue(reference_in(refused.text), refused.text)
                self.assertLessEqual(max(map(len, refused.raw.splitlines(keepends=True))), 512)

    def test_addresses_beyond_ascii_do_not_reach_a_reply(self) -> None:
        for door, session in self.each(("milter", "policy")):
            with self.subTest(door=door):
                session.command("MAIL FROM:<a@example.org> SMTPUTF8")
                reply = session.command("RCPT TO:<zo\u00eb@unknown.example>")
                self.assertEqual(reply.verdict, "550 5.1.1")
                ours = reply.text.rpartition("rejected: ")[2]
                self.assertTrue(ours.isascii(), reply.text)

    def test_both_doors_say_the_same(self) -> None:
        for recipient in ("b@unknown.example", "later@test.example", "secret@test.example",
                          "b@test.example"):
            for sender in ("a@example.org", "a@blocked.example", "spammer@example.org"):
                with self.subTest(sender=sender, recipient=recipient):
                    verdicts = {door: self.house.ask(door, recipient, sender).verdict
                                for door in _DOORS}
                    self.assertEqual(len(set(verdicts.values())), 1, verdicts)

    def test_a_client_that_vanishes_leaves_nothing_behind(self) -> None:
        for door in _DOORS:
            for said in (["MAIL FROM:<a@example.org>"],
                         ["MAIL FROM:<a@example.org>", "RCPT TO:<b@test.example>"],
                         ["MAIL FROM:<a@example.org>", "RCPT TO:<b@test.example>", "DATA"]):
                with self.subTest(door=door, said=said[-1][:4]):
                    with self.house.session(door) as session:
                        for line in said:
                            session.command(line)
                    self.assertEqual(self.house.ask(door, "b@unknown.example").verdict, "550 5.1.1")


if __name__ == "__main__":
    unittest.main()
