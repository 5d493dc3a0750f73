"""Compares what a client saw with what the MTA logged and what Postern recorded as sent.

What the MTAs add is written here from measurements (README.md); nothing comes from Postern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .smtp import SmtpReply

# Postfix: "<NAME>: CLASS rejected: " by restriction list.
CLASSES = {"client": "Client host", "helo": "Helo command", "sender": "Sender address",
           "recipient": "Recipient address", "data": "Data command", "end": "End-of-data"}
_CODES = re.compile(r"(\d{3}[ -])(\d\.\d{1,3}\.\d{1,3} )?(.*)", re.DOTALL)


@dataclass(frozen=True)
class Seen:
    """A refusal as the client got it: `command` is the verb it answers, "" for the greeting and
    "." for the end of the message; `argument` the address given with it."""

    command: str
    argument: str
    reply: SmtpReply

    def stage(self) -> str:
        return {"": "connect", "EHLO": "helo", "MAIL": "mail", "RCPT": "rcpt", "DATA": "data",
                ".": "end-of-message"}[self.command]


def without_policy_prefix(line: str, context: str, name: str) -> str | None:
    """The reply without "<name>: CLASS rejected: "; None when Postfix put something else."""
    codes = _CODES.match(line)
    prefix = f"<{name}>: {CLASSES[context]} rejected: "
    if codes is None or not codes.group(3).startswith(prefix):
        return None
    return f"{codes.group(1)}{codes.group(2) or ''}{codes.group(3)[len(prefix):]}"


def without_sendmail_prefix(lines: list[str], seen: Seen) -> list[str]:
    """sendmail puts "<address>... " before the first line's text for 550 and 450 at MAIL and RCPT
    and for no other reply; lines without it where it is due come back unchanged."""
    codes = _CODES.match(lines[0])
    prefix = f"<{seen.argument}>... "
    due = seen.command in ("MAIL", "RCPT") and seen.reply.code in (450, 550)
    if codes is None or not due or not codes.group(3).startswith(prefix):
        return lines
    first = f"{codes.group(1)}{codes.group(2) or ''}{codes.group(3)[len(prefix):]}"
    return [first, *lines[1:]]


def postfix_log_pattern(seen: Seen, kind: str) -> str:
    """A pattern for Postfix's own line on this refusal; `kind` is "reject" or "milter-reject"."""
    lines = seen.reply.lines
    text = "??".join(lines)
    if kind == "milter-reject" and seen.command == ".":
        text = text[4:]  # cleanup logs no basic code
    where = {"": "CONNECT", ".": "END-OF-MESSAGE"}.get(seen.command, seen.command)
    return rf": {kind}: {where} from \S+: {re.escape(text)}(;|$)"


def sendmail_log_pattern(lines: list[str]) -> str:
    """A pattern for sendmail's own line; `lines` without what it put before the first. Its log
    shows what the filter said, so a percent sign is still doubled."""
    return "reject=" + re.escape(r"\r\n".join(lines).replace("%", "%%")) + "$"
