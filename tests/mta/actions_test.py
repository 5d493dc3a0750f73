"""What the actions of rules do to real messages: header fields arrive, what is to be held lies in the
hold queue, what is to be dropped is gone and recorded, copies and redirects have their recipients."""

from __future__ import annotations

import re
import unittest

from lab.house import House
from lab.place import PrivateRoot
from lab.process import wait_until
from lab.smtp import SmtpReply

_RULES = """
[[rule]]
name = "marks all"
add_header = ["X-Policy-Client: {client_address}", "X-Policy-Two: {sender}"]
stage = "mail"

[[rule]]
name = "takes out"
when = 'sender == "strip@example.com"'
remove_header = "X-Spam-Flag"

[[rule]]
name = "holds"
when = 'sender == "hold@example.com"'
quarantine = "odd senders are looked at"

[[rule]]
name = "drops"
when = 'sender == "drop@example.com"'
discard = "answers to our own bounces"
acknowledge_loss = true

[[rule]]
name = "sends away"
when = 'sender == "away@example.com"'
redirect = "inspection@example.org"

[[rule]]
name = "copies"
when = 'sender == "copy@example.com"'
bcc = ["one@example.org", "two@example.org"]
"""
_TEXT = (b"X-Spam-Flag: yes\r\nSubject: test\r\nx-spam-flag: no\r\nX-Other: kept\r\n\r\n"
         b"Hello.\r\n")
_RECIPIENTS = ("bob@example.org", "carol@example.org")
_ALL = ("milter", "policy", "sendmail")


def _queued_as(reply: SmtpReply) -> str:
    found = re.search(r"queued as (\w+)|2\.0\.0 (\w+) Message accepted", reply.text)
    assert found is not None, reply.text
    return found.group(1) or found.group(2)


class Message:
    """What lies in a queue: header fields by small name, in order, and recipients."""

    def __init__(self, headers: list[tuple[str, str]], recipients: set[str], held: bool) -> None:
        self.headers, self.recipients, self.held = headers, recipients, held

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]


def _in_postfix(root: PrivateRoot, queue_id: str) -> Message | None:
    """A message that waits: the laboratory's transport of this test never delivers."""
    spool = root.outside("/var/spool/postfix")
    found = [path for folder in ("deferred", "hold", "active", "incoming")
             for path in (spool / folder).rglob(queue_id)]
    if not found:
        return None
    held = any(path.parent.name == "hold" for path in found)
    text = root.run(["/usr/sbin/postcat", "-c", "/etc/postfix", "-q", queue_id])
    envelope, _, rest = text.partition("*** MESSAGE CONTENTS")
    content, _, extracted = rest.partition("*** HEADER EXTRACTED")
    # A redirect stands beside the recipients, whom the queue manager then passes over.
    records = envelope + extracted
    recipients = (set(re.findall(r"^redirect\w*: (\S+)$", records, re.MULTILINE))
                  or set(re.findall(r"^recipient: (\S+)$", records, re.MULTILINE)))
    head = content.split("\n", 1)[1].split("\n\n", 1)[0]
    return Message(_fields(head), recipients, held)


def _in_sendmail(root: PrivateRoot, queue_id: str) -> Message | None:
    queue = root.outside("/var/spool/mqueue")
    for letter in "qh":
        path = queue / f"{letter}f{queue_id}"
        if path.exists():
            text = path.read_text(encoding="latin-1")
            recipients = set(re.findall(r"^R[A-Z]*:<?([^<>\n]+)>?$", text, re.MULTILINE))
            head = "\n".join(re.findall(r"^H\?[^?]*\?(.*(?:\n\s.*)*)", text, re.MULTILINE))
            return Message(_fields(head), recipients, letter == "h")
    return None


def _fields(head: str) -> list[tuple[str, str]]:
    unfolded = re.sub(r"\n\s+", " ", head)
    fields = (line.split(":", 1) for line in unfolded.split("\n") if ":" in line)
    return [(name.lower(), value.strip()) for name, value in fields]


class Queues(unittest.TestCase):
    """Every message stays where it can be looked at."""

    house: House

    def send(self, door: str, sender: str) -> str:
        with self.house.session(door) as session:
            replies = session.transaction(sender, list(_RECIPIENTS), _TEXT)
        self.assertEqual([reply.code for reply in replies], [250, 250, 250, 354, 250])
        return _queued_as(replies[-1])

    def look(self, door: str, queue_id: str) -> Message | None:
        if door == "sendmail":
            return _in_sendmail(self.house.sendmail.root, queue_id)
        return _in_postfix(self.house.postfix.root, queue_id)

    def message(self, door: str, sender: str) -> Message:
        queue_id = self.send(door, sender)
        found = wait_until(lambda: self.look(door, queue_id), f"{queue_id} in a queue")
        assert found is not None
        return found

    def last_record(self, queue_id: str) -> dict:
        def look() -> dict | None:
            return next((record for record in self.house.postern.journal()
                         if record["transaction"].get("queue_id") == queue_id
                         and record["stage"] == "end-of-message"
                         and record["kind"] == "decision"), None)
        found = wait_until(look, f"the record of {queue_id}")
        assert found is not None
        return found


class Actions(Queues):
    @classmethod
    def setUpClass(cls) -> None:
        cls.house = cls.enterClassContext(House(
            _RULES, postfix_settings={"defer_transports": "discard"},
            policy_contexts=("recipient", "data", "end")))

    def test_header_fields_arrive_above_the_others_and_once(self) -> None:
        for door in _ALL:
            with self.subTest(door=door):
                message = self.message(door, "a@example.com")
                self.assertEqual(message.values("X-Policy-Client"), ["127.0.0.1"])
                self.assertEqual(message.values("X-Policy-Two"), ["a@example.com"])
                # sendmail's queue file has a place for a field that it writes at delivery.
                names = [name for name, _ in message.headers if name != "return-path"]
                self.assertEqual(names[:2], ["x-policy-client", "x-policy-two"])
                self.assertEqual(message.values("X-Other"), ["kept"])
                self.assertFalse(message.held)

    def test_header_fields_are_removed_where_the_door_can(self) -> None:
        for door, left in (("milter", []), ("sendmail", []), ("policy", ["yes", "no"])):
            with self.subTest(door=door):
                message = self.message(door, "strip@example.com")
                self.assertEqual(message.values("X-Spam-Flag"), left)
                self.assertEqual(message.values("Subject"), ["test"])

    def test_what_could_not_be_done_is_recorded(self) -> None:
        record = self.last_record(self.send("policy", "strip@example.com"))
        fates = {effect["kind"]: fate["state"] for effect, fate in
                 zip(record["decision"]["effects"], record["sent"]["effects"])}
        self.assertEqual(fates["remove_header"], "failed")

    def test_a_held_message_lies_in_the_hold_queue(self) -> None:
        for door in _ALL:
            with self.subTest(door=door):
                message = self.message(door, "hold@example.com")
                self.assertTrue(message.held)
                self.assertEqual(message.recipients, set(_RECIPIENTS))

    def test_a_dropped_message_is_gone_and_recorded_and_logged(self) -> None:
        for door, stage in (("milter", "end-of-message"), ("sendmail", "end-of-message"),
                            ("policy", "rcpt")):
            with self.subTest(door=door):
                mark = self.house.postern.output.mark()
                queue_id = self.send(door, "drop@example.com")
                line = self.house.postern.output.wait(
                    rf"decision=discard .*why=\"answers to our own bounces\" .*stage={stage}", mark)
                reference = re.search(r"ref=(\S+)", line.strip().split("\n")[-1])
                assert reference is not None
                record = self.house.postern.record(reference.group(1))
                self.assertEqual(record["decision"]["verdict"], "discard")
                self.assertEqual(record["decision"]["note"], "answers to our own bounces")
                self.assertIsNone(self.look(door, queue_id))
        # Postfix does not ask again about a message that it was told to discard; its own line has
        # the reference.
        self.house.postfix.log.wait(
            r"discard: RCPT from .* answers to our own bounces \(ref [0-9A-Z-]{14}\)")

    def test_a_redirected_message_has_the_new_recipient_alone(self) -> None:
        for door in _ALL:
            with self.subTest(door=door):
                message = self.message(door, "away@example.com")
                self.assertEqual(message.recipients, {"inspection@example.org"})

    def test_copies_have_their_recipients_too(self) -> None:
        for door in _ALL:
            with self.subTest(door=door):
                message = self.message(door, "copy@example.com")
                self.assertEqual(message.recipients,
                                 {*_RECIPIENTS, "one@example.org", "two@example.org"})


_RESULTS = """
[dns]
# Nobody answers here, and that is told at once.
servers = ["127.0.0.1:9"]

[[rule]]
name = "tells"
when = 'sender.domain == "example.com"'
authentication_results = ["iprev", "spf"]
received_spf = "spf"
"""
_FORGED = (b"Authentication-Results: mx1.example.org; spf=pass smtp.mailfrom=bank.example\r\n"
           b"Subject: test\r\n"
           b"AUTHENTICATION-results: (see (here)) \"MX1.Example\\.ORG\"\r\n 1\r\n ; dkim=pass\r\n"
           b"Authentication-Results: other.example; spf=pass\r\n"
           b"Authentication-Results: mx1.example.org.example.net; none\r\n\r\n"
           b"Hello.\r\n")


class Results(Queues):
    """Fields that tell what checks have found, and such as only claim to."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.house = cls.enterClassContext(House(
            _RESULTS, postfix_settings={"defer_transports": "discard"},
            policy_contexts=("recipient", "data")))

    def forged(self, door: str, sender: str) -> tuple[str, Message]:
        with self.house.session(door) as session:
            replies = session.transaction(sender, list(_RECIPIENTS), _FORGED)
        self.assertEqual([reply.code for reply in replies], [250, 250, 250, 354, 250])
        queue_id = _queued_as(replies[-1])
        found = wait_until(lambda: self.look(door, queue_id), f"{queue_id} in a queue")
        assert found is not None
        return queue_id, found

    def test_results_stand_on_top_and_forged_ones_are_gone(self) -> None:
        ours = (r"mx1\.example\.org; iprev=(pass|temperror) policy\.iprev=127\.0\.0\.1; "
                r"spf=temperror reason=\"[^\"]+\" smtp\.mailfrom=example\.com")
        others = ["other.example; spf=pass", "mx1.example.org.example.net; none"]
        for door in _ALL:
            with self.subTest(door=door):
                queue_id, message = self.forged(door, "a@example.com")
                values = message.values("Authentication-Results")
                self.assertRegex(values[0], f"^{ours}$")
                if door == "policy":
                    self.assertEqual(len(values), 5)
                else:
                    self.assertEqual(values[1:], others)
                    self.assertEqual(self.last_record(queue_id)["sent"]["forged_results"], 2)
                names = [name for name, _ in message.headers if name != "return-path"]
                self.assertEqual(names[:2], ["authentication-results", "received-spf"])
                self.assertRegex(message.values("Received-SPF")[0],
                                 r"^temperror \(.*\) receiver=mx1\.example\.org; .*"
                                 r"client-ip=127\.0\.0\.1; .*envelope-from=\"a@example\.com\"")

    def test_forged_ones_go_whatever_the_rule_says(self) -> None:
        for door in ("milter", "sendmail"):
            with self.subTest(door=door):
                _, message = self.forged(door, "a@example.net")
                self.assertEqual(message.values("Authentication-Results"),
                                 ["other.example; spf=pass", "mx1.example.org.example.net; none"])


if __name__ == "__main__":
    unittest.main()
