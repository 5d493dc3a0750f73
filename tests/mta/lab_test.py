"""The laboratory itself: what it records must be what the servers do, and nothing may be left."""

from __future__ import annotations

import os
import unittest
from collections.abc import Mapping

from lab.certificate import make_certificate
from lab.postfix import LISTS, Postfix, Smtpd, milter_service, policy_service
from lab.process import Child, GrowingFile, LabTimeout
from lab.sendmail import Sendmail
from lab.smtp import SmtpBroken, SmtpSession
from lab.toys import ToyMilter, ToyPolicyServer, reply_packet

_LONG = "x" * 900


def _policy_answer(request: Mapping[str, str]) -> str:
    """What the sender's local part asks for, at the list that the sender's domain names."""
    wish, _, where = request["sender"].partition("@")
    if request["policy_context"] != where.partition(".")[0]:
        return "DUNNO"
    return {"defer-if-permit": "DEFER_IF_PERMIT 4.7.0 Come back later",
            "reject": "550 5.7.1 Not you",
            "long": f"550 5.7.1 {_LONG}"}.get(wish, f"550 5.{wish} Text" if "." in wish else "DUNNO")


def _milter_answer(command: str, data: bytes) -> bytes | None:
    if command == "R" and data.startswith(b"<bad@"):
        return reply_packet("550-5.1.1", "Nobody.\r\n550 5.1.1 Of that name.")
    return None


class PostfixLab(unittest.TestCase):
    """One Postfix for all, with the policy server in every restriction list."""

    policy: ToyPolicyServer
    milter: ToyMilter
    postfix: Postfix

    @classmethod
    def setUpClass(cls) -> None:
        cls.policy = cls.enterClassContext(ToyPolicyServer(_policy_answer))
        cls.milter = cls.enterClassContext(ToyMilter(_milter_answer))
        cls.postfix = cls.enterClassContext(Postfix([
            milter_service("milter", cls.milter.postfix_address),
            policy_service("late", cls.policy.address, list(LISTS)),
            policy_service("early", cls.policy.address, list(LISTS), delay_reject=False),
        ]))

    def session(self, service: str) -> SmtpSession:
        session = SmtpSession(self.postfix.port(service))
        self.addCleanup(session.close)
        session.hello()
        self.assertEqual(session.appear_as("192.0.2.7", "mail.example.org").code, 250)
        return session

    def test_is_the_version_of_debian_12(self) -> None:
        self.assertEqual(self.postfix.version(), "3.7.11")

    def test_delivers_what_the_plugin_lets_pass(self) -> None:
        mark = self.postfix.log.mark()
        replies = self.session("milter").transaction("a@example.org", ["b@test.example"])
        self.assertEqual([reply.code for reply in replies], [250, 250, 354, 250])
        self.assertIn("dsn=2.0.0", self.postfix.log.wait("to=<b@test.example>.*status=sent", mark))

    def test_client_sees_a_multi_line_milter_reply_and_the_log_has_it(self) -> None:
        mark = self.postfix.log.mark()
        refused = self.session("milter").transaction("a@example.org", ["bad@test.example"])[-1]
        self.assertEqual(refused.raw, b"550-5.1.1 Nobody.\r\n550 5.1.1 Of that name.\r\n")
        self.assertEqual(refused.verdict, "550 5.1.1")
        self.assertIn("RCPT from mail.example.org[192.0.2.7]: 550-5.1.1 Nobody.??550 5.1.1 Of",
                      self.postfix.log.wait("milter-reject", mark))

    def test_policy_server_is_asked_by_every_list_with_its_context(self) -> None:
        for service in ("late", "early"):
            with self.subTest(service=service):
                self.policy.requests.clear()
                self.session(service).transaction("a@example.org", ["b@test.example"])
                asked = {request["policy_context"] for request in self.policy.requests
                         if request["client_address"] == "192.0.2.7"}
                self.assertEqual(asked, set(LISTS))

    def test_late_service_asks_everything_at_rcpt(self) -> None:
        for service, state in (("late", "RCPT"), ("early", "MAIL")):
            with self.subTest(service=service):
                self.policy.requests.clear()
                self.session(service).transaction("a@example.org", ["b@test.example"])
                states = [request["protocol_state"] for request in self.policy.requests
                          if request["policy_context"] == "sender"]
                self.assertEqual(states, [state])

    def test_defer_if_permit_keeps_its_enhanced_code_at_every_list(self) -> None:
        for context, words in {"client": "Client host", "sender": "Sender address",
                               "helo": "Helo command", "recipient": "Recipient address",
                               "data": "Data command", "end": "End-of-data"}.items():
            with self.subTest(context=context):
                session = self.session("late")
                reply = session.transaction(f"defer-if-permit@{context}.example",
                                            ["b@test.example"])[-1]
                self.assertEqual(reply.verdict, "450 4.7.0")
                self.assertTrue(reply.text.endswith(f">: {words} rejected: Come back later"),
                                reply.text)

    def test_codes_of_subject_1_survive_only_where_the_readme_says(self) -> None:
        survivors = {"sender": {0, 7, 8}, "recipient": {0, 1, 2, 3, 4, 5, 6}}
        for context in LISTS:
            for detail in range(12):
                with self.subTest(context=context, detail=detail):
                    reply = self.session("late").transaction(
                        f"1.{detail}@{context}.example", ["b@test.example"])[-1]
                    survives = detail in survivors.get(context, set())
                    self.assertEqual(reply.verdict == f"550 5.1.{detail}", survives, reply.text)

    def test_policy_text_is_neither_folded_nor_cut(self) -> None:
        reply = self.session("late").transaction("long@recipient.example", ["b@test.example"])[-1]
        self.assertEqual(len(reply.lines), 1)
        self.assertTrue(reply.text.endswith(_LONG))

    def test_many_refusals_neither_slow_down_nor_end_a_session(self) -> None:
        session = self.session("late")
        session.command("MAIL FROM:<reject@recipient.example>")
        replies = session.pipeline(["RCPT TO:<b@test.example>"] * 200)
        self.assertEqual({reply.verdict for reply in replies}, {"550 5.7.1"})
        self.assertEqual(session.command("NOOP").code, 250)

    def test_records_the_dialogue_as_the_client_saw_it(self) -> None:
        session = self.session("late")
        session.transaction("reject@recipient.example", ["b@test.example"])
        self.assertEqual(session.dialogue()[-4:], [
            "C: MAIL FROM:<reject@recipient.example>", "S: 250 2.1.0 Ok",
            "C: RCPT TO:<b@test.example>",
            "S: 550 5.7.1 <b@test.example>: Recipient address rejected: Not you"])

    def test_a_closed_connection_is_told_from_a_reply(self) -> None:
        session = self.session("late")
        session.command("QUIT")
        self.assertRaises(SmtpBroken, session.read_reply)
        self.assertTrue(session.closed_by_server)


class SendmailLab(unittest.TestCase):
    milter: ToyMilter
    sendmail: Sendmail

    @classmethod
    def setUpClass(cls) -> None:
        cls.milter = cls.enterClassContext(ToyMilter(_milter_answer))
        cls.sendmail = cls.enterClassContext(Sendmail(cls.milter.sendmail_address))

    def test_is_the_version_of_debian_12(self) -> None:
        self.assertEqual(self.sendmail.version(), "8.17.1.9")

    def test_client_sees_a_multi_line_milter_reply_and_the_log_has_it(self) -> None:
        mark = self.sendmail.log.mark()
        with SmtpSession(self.sendmail.port, source="127.0.0.7") as session:
            session.hello()
            refused = session.transaction("a@example.org", ["bad@test.example"])[-1]
        self.assertEqual(refused.raw, b"550-5.1.1 <bad@test.example>... Nobody.\r\n"
                                      b"550 5.1.1 Of that name.\r\n")
        self.sendmail.log.wait(r"connect from .*\[127\.0\.0\.7\]", mark)
        self.assertIn(r"reject=550-5.1.1 Nobody.\r\n550 5.1.1 Of that name.",
                      self.sendmail.log.wait("Milter: to=<bad@test.example>", mark))

    def test_accepted_mail_stays_in_the_queue(self) -> None:
        mark = self.sendmail.log.mark()
        with SmtpSession(self.sendmail.port) as session:
            session.hello()
            replies = session.transaction("a@example.org", ["b@test.example"])
        self.assertEqual([reply.code for reply in replies], [250, 250, 354, 250])
        self.sendmail.log.wait("to=<b@test.example>.*stat=queued", mark)


class SendmailWithoutItsMilter(unittest.TestCase):
    def test_says_451_4_3_2_with_f_equals_t_and_accepts_without(self) -> None:
        for letter, verdict in (("T", "451 4.3.2"), ("", "250 2.1.0")):
            with self.subTest(F=letter), Sendmail("inet:1@127.0.0.1", letter) as sendmail:
                with SmtpSession(sendmail.port) as session:
                    session.hello()
                    reply = session.command("MAIL FROM:<a@example.org>")
                self.assertEqual(reply.verdict, verdict)


class Encryption(unittest.TestCase):
    def test_both_servers_offer_starttls_and_take_mail_over_it(self) -> None:
        certificate = make_certificate()
        with ToyMilter(_milter_answer) as milter, \
                Postfix([Smtpd("plain")], certificate=certificate) as postfix, \
                Sendmail(milter.sendmail_address, certificate=certificate) as sendmail:
            for name, port in (("Postfix", postfix.port("plain")), ("sendmail", sendmail.port)):
                with self.subTest(server=name), SmtpSession(port) as session:
                    self.assertIn("STARTTLS", session.hello().text)
                    self.assertEqual(session.start_tls().code, 250)
                    replies = session.transaction("a@example.org", ["b@test.example"])
                    self.assertEqual([reply.code for reply in replies], [250, 250, 354, 250])


class PostfixWithoutItsPlugin(unittest.TestCase):
    def test_says_451_with_its_own_texts(self) -> None:
        nowhere = "inet:127.0.0.1:1"
        services: list[Smtpd] = [milter_service("milter", nowhere),
                                 policy_service("policy", nowhere)]
        with Postfix(services) as postfix:
            for name, verdict in (("milter", "451 4.7.1"), ("policy", "451 4.3.5")):
                with self.subTest(service=name), SmtpSession(postfix.port(name)) as session:
                    session.hello()
                    reply = session.transaction("a@example.org", ["b@test.example"])[-1]
                    self.assertEqual(reply.verdict, verdict)


class Cleanliness(unittest.TestCase):
    def test_nothing_is_left_of_a_server(self) -> None:
        with Postfix([Smtpd("plain")]) as postfix:
            root = postfix.root.path
            self.assertTrue(root.is_dir())
        self.assertFalse(root.exists())
        left = [entry for entry in os.listdir("/proc") if entry.isdigit()
                and _root_of(entry) == str(root)]
        self.assertEqual(left, [])

    def test_waiting_ends_when_the_program_has_ended(self) -> None:
        with Postfix([Smtpd("plain")]) as postfix:
            output = postfix.root.outside("/var/log/child.out")
            child = Child(["/bin/sh", "-c", "echo reason; exit 3"], output)
            with self.assertRaisesRegex(LabTimeout, "ended with 3 before it is up:\nreason"):
                child.wait_for(lambda: False, "it is up", limit=20)

    def test_waiting_for_a_log_line_shows_what_came_instead(self) -> None:
        with Postfix([Smtpd("plain")]) as postfix:
            path = postfix.root.outside("/var/log/other.log")
            path.write_text("something else\n", encoding="ascii")
            with self.assertRaisesRegex(LabTimeout, "something else"):
                GrowingFile(path).wait("never", limit=0.05)


def _root_of(pid: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/root").removesuffix(" (deleted)")
    except OSError:
        return ""


if __name__ == "__main__":
    unittest.main()
