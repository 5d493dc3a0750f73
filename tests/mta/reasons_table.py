"""What the tests provoke: reasons, the stage their rule stands at, and what the client must see.

Written from the standards and the catalogue's documentation, not produced by the program. Each row
becomes one rule; what triggers it is a word in what the client says (see Row).
"""

from __future__ import annotations

from dataclasses import dataclass

STAGES = ("connect", "helo", "mail", "rcpt", "data", "end-of-headers", "end-of-message")


@dataclass(frozen=True)
class Row:
    """`replies`: what may be seen at the stage itself first; what later stages may make of it."""

    stage: str
    reason: str
    replies: tuple[str, ...]
    number: int

    @property
    def word(self) -> str:
        return f"{self.reason}.{self.stage}"

    @property
    def client(self) -> str:
        """Where the client of this row comes from; only connect rules look at it."""
        return f"127.1.{STAGES.index(self.stage)}.{self.number + 1}"

    @property
    def helo(self) -> str:
        return f"{self.word}.helo.example" if self.stage == "helo" else "mail.example.org"

    @property
    def sender(self) -> str:
        at_mail_or_later = self.stage not in ("connect", "helo", "rcpt")
        return f"{self.word}@sender.example" if at_mail_or_later else "a@example.org"

    @property
    def recipient(self) -> str:
        return f"{self.word}@test.example" if self.stage == "rcpt" else "b@test.example"

    @property
    def condition(self) -> str:
        return {"connect": f'client.ip == "{self.client}"',
                "helo": f'helo == "{self.helo}"',
                "rcpt": f'recipient.local == "{self.word}"',
                }.get(self.stage, f'sender.local == "{self.word}"')


_TABLE: dict[str, dict[str, tuple[str, ...]]] = {
    "connect": {
        "dnsbl-listed-connect": ("554 5.7.1",),
        "rate-connection": ("421 4.7.0",),
        "concurrency": ("421 4.7.0",),
        "overload": ("421 4.3.2",),
    },
    "helo": {
        "helo-syntax": ("501 5.5.4",),
        "helo-not-fqdn": ("550 5.7.1",),
        "helo-forged": ("550 5.7.1",),
        "helo-unresolvable": ("550 5.7.1",),
        "helo-lookup-temp": ("451 4.4.3", "421 4.4.3"),
        "client-no-rdns": ("550 5.7.25",),
        "client-rdns-temp": ("451 4.4.3", "421 4.4.3"),
        "dnsbl-listed": ("550 5.7.1",),
        "client-blocked": ("550 5.7.1",),
        "client-country": ("550 5.7.1",),
        "policy-defer": ("450 4.7.0", "451 4.7.0", "421 4.7.0"),
    },
    "mail": {
        "sender-syntax": ("501 5.1.7",),
        "sender-domain-bad": ("550 5.1.8",),
        "sender-domain-temp": ("451 4.1.8",),
        "sender-null-mx": ("550 5.7.27",),
        "sender-unverified": ("550 5.1.0",),
        "sender-blocked": ("550 5.7.1",),
        "sender-not-owner": ("550 5.7.1",),
        "helo-missing": ("503 5.5.1",),
        "tls-required": ("530 5.7.0",),
        "auth-required": ("530 5.7.0",),
        "spf-fail": ("550 5.7.23",),
        "spf-temperror": ("451 4.7.24",),
        "message-too-big": ("552 5.3.4",),
        "storage-full": ("452 4.3.1",),
        "rate-message": ("451 4.7.0", "450 4.7.0"),
        "mail-param-temp": ("455 4.3.3",),
    },
    "rcpt": {
        "rcpt-unknown": ("550 5.1.1",),
        "rcpt-lookup-failed": ("451 4.3.0",),
        "rcpt-domain-bad": ("550 5.1.2",),
        "rcpt-domain-null-mx": ("556 5.1.10",),
        "rcpt-syntax": ("501 5.1.3",),
        "rcpt-ambiguous": ("550 5.1.4",),
        "rcpt-moved": ("550 5.1.6",),
        "mailbox-disabled": ("550 5.2.1",),
        "mailbox-full": ("452 4.2.2",),
        "mailbox-full-perm": ("552 5.2.2",),
        "list-not-allowed": ("550 5.7.2",),
        "relay-denied": ("550 5.7.1",),
        "too-many-recipients": ("452 4.5.3",),
        "greylisted": ("450 4.7.0",),
        "rate-recipient": ("450 4.7.0",),
        "rrvs-owner-changed": ("550 5.7.17",),
        "harvest": ("421 4.7.0",),
    },
    "data": {
        "no-valid-recipients": ("554 5.5.1",),
        "too-many-recipients-policy": ("554 5.5.3",),
        "internal-error": ("451 4.3.0",),
        "dependency-down": ("451 4.3.0",),
    },
    "end-of-headers": {
        "malformed-message": ("554 5.6.0",),
        "dmarc-multiple-from": ("550 5.7.1",),
    },
    "end-of-message": {
        "spam": ("550 5.7.1",),
        "spam-defer": ("450 4.7.0",),
        "virus": ("550 5.7.1",),
        "dkim-none": ("550 5.7.20",),
        "dmarc-reject": ("550 5.7.1",),
        "attachment-forbidden": ("550 5.7.1",),
        "malformed-message": ("554 5.6.0",),
        "bare-newline": ("550 5.5.2",),
        "too-many-hops": ("554 5.4.6",),
        "message-too-big": ("552 5.3.4",),
        "mailbox-full": ("452 4.2.2",),
    },
}

ROWS = [Row(stage, reason, replies, number)
        for stage, reasons in _TABLE.items()
        for number, (reason, replies) in enumerate(reasons.items())]


def rules() -> str:
    """TOML of one rule a row."""
    return "".join(
        f'\n[[rule]]\nname = "{row.word}"\nstage = "{row.stage}"\nwhen = \'{row.condition}\'\n'
        f'{"defer" if row.replies[0][0] == "4" else "reject"} = "{row.reason}"\n'
        for row in ROWS)
