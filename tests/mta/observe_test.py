"""What lab/observe.py says the MTAs add is what they add: tried with a toy milter whose words are
known, at each stage, with codes that sendmail treats differently."""

from __future__ import annotations

import unittest

from lab.observe import (Seen, postfix_log_pattern, sendmail_log_pattern, without_policy_prefix,
                         without_sendmail_prefix)
from lab.postfix import LISTS, Postfix, milter_service, policy_service
from lab.sendmail import Sendmail
from lab.smtp import SmtpSession
from lab.toys import ToyMilter, ToyPolicyServer

# Command letter of the milter protocol, SMTP command, what is said until then.
_STAGES = {"M": "MAIL", "R": "RCPT", "T": "DATA", "E": "."}
_CODES = ("550 5.7.1", "450 4.7.0", "451 4.3.0", "552 5.2.2", "554 5.6.0", "530 5.7.0",
          "556 5.1.10", "501 5.1.3")


def whole_lines(codes: str) -> list[str]:
    """What the client shall see, without what the MTA adds."""
    code, enhanced = codes.split()
    return [f"{code}-{enhanced} 100% refused", f"{code}-{enhanced} Ask <postmaster@example.org>.",
            f"{code} {enhanced} https://mail.example.org/why?a=b&c#d"]


class MilterReplies(unittest.TestCase):
    def talk(self, port: int, stage: str) -> Seen:
        """A session up to the stage of that command letter."""
        with SmtpSession(port) as session:
            session.hello()
            sender, recipient = "a@example.org", "b@test.example"
            reply = session.command(f"MAIL FROM:<{sender}>")
            if stage == "M":
                return Seen("MAIL", sender, reply)
            reply = session.command(f"RCPT TO:<{recipient}>")
            if stage == "R":
                return Seen("RCPT", recipient, reply)
            reply = session.command("DATA")
            if stage == "T":
                return Seen("DATA", "", reply)
            return Seen(".", "", session.message())

    def answer(self, command: str, data: bytes) -> bytes | None:
        if command != self.stage:
            return None
        return b"y" + "\r\n".join(whole_lines(self.codes)).replace("%", "%%").encode() + b"\0"

    def setUp(self) -> None:
        self.stage, self.codes = "", ""
        self.milter = self.enterContext(ToyMilter(self.answer))

    def test_reach_the_client_of_postfix_as_they_are_and_its_log_as_told(self) -> None:
        with Postfix([milter_service("milter", self.milter.postfix_address)]) as postfix:
            for self.stage in _STAGES:
                for self.codes in _CODES:
                    with self.subTest(stage=self.stage, codes=self.codes):
                        mark = postfix.log.mark()
                        seen = self.talk(postfix.port("milter"), self.stage)
                        self.assertEqual(seen.reply.lines, whole_lines(self.codes))
                        postfix.log.wait(postfix_log_pattern(seen, "milter-reject"), mark, 5)

    def test_reach_the_client_of_sendmail_with_its_prefix_and_its_log_as_told(self) -> None:
        with Sendmail(self.milter.sendmail_address) as sendmail:
            for self.stage in _STAGES:
                for self.codes in _CODES:
                    with self.subTest(stage=self.stage, codes=self.codes):
                        mark = sendmail.log.mark()
                        seen = self.talk(sendmail.port, self.stage)
                        expected = whole_lines(self.codes)
                        self.assertEqual(without_sendmail_prefix(seen.reply.lines, seen), expected)
                        due = self.stage in "MR" and self.codes[:3] in ("550", "450")
                        self.assertEqual("... " in seen.reply.lines[0], due)
                        sendmail.log.wait(sendmail_log_pattern(expected), mark, 5)


class PolicyReplies(unittest.TestCase):
    def test_lose_exactly_the_prefix_of_their_list(self) -> None:
        text = "550 5.7.1 Not you, 100% sure <a@b>. https://mail.example.org/why?a=b&c#d"
        context = ""
        with ToyPolicyServer(lambda request: text if request["policy_context"] == context
                             else "DUNNO") as policy, \
                Postfix([policy_service("policy", policy.address, list(LISTS))]) as postfix:
            names = {"client": "unknown[127.0.0.9]", "helo": "mail.example.org",
                     "sender": "a@example.org", "recipient": "b@test.example", "data": "DATA",
                     "end": "END-OF-MESSAGE"}
            for context, name in names.items():
                with self.subTest(context=context), \
                        SmtpSession(postfix.port("policy"), source="127.0.0.9") as session:
                    session.hello()
                    mark = postfix.log.mark()
                    reply = session.transaction("a@example.org", ["b@test.example"])[-1]
                    self.assertEqual(without_policy_prefix(reply.text, context, name), text)
                    command = {"data": "DATA", "end": "."}.get(context, "RCPT")
                    postfix.log.wait(postfix_log_pattern(Seen(command, "", reply), "reject"), mark)
                    self.assertIsNone(without_policy_prefix(reply.text, context, "else"))


if __name__ == "__main__":
    unittest.main()
