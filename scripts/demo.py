#!/usr/bin/env python3
"""Shows Postern refuse mail behind a private Postfix, through both doors, and explain it.

Starts `postern serve` with conf/ as shipped and a throw-away Postfix on loopback with two smtpd
services: one asks Postern as milter only, one as policy service only. Sends the same mail through
both and prints what the remote sender sees. The machine's own mail server is not touched. Exit
status 0 only if each reply was the expected one and both doors agreed.
"""

from __future__ import annotations

import argparse
import pwd
import re
import shutil
import signal
import socket
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "tests" / "mta"))

from lab.packages import LabError  # noqa: E402
from lab.place import Folder  # noqa: E402
from lab.postern import CONFIG, Postern, reference_in  # noqa: E402
from lab.postfix import Postfix, milter_service, policy_service  # noqa: E402
from lab.smtp import SmtpReply, SmtpSession  # noqa: E402

_WHOLE_DEMO = 240  # seconds; nothing here takes longer than a few


@dataclass(frozen=True)
class Case:
    """One transaction and the verdict (code and enhanced code) of its last reply."""

    title: str
    verdict: str
    client: str = "192.0.2.25"
    name: str = "mail.example.com"
    sender: str = "alice@example.com"
    recipient: str = "bob@example.org"
    parameters: str = ""


# These speak of conf/ as shipped: tables/local_recipients, tables/blocked_networks, the size limit of
# rules/50-messages.toml, tables/put_off_senders.
CASES = [
    Case("An ordinary message is accepted", "250 2.0.0"),
    Case("A recipient that does not exist", "550 5.1.1", recipient="nobody-here@example.org"),
    Case("A client from a blocked network", "550 5.7.1", client="198.51.100.7",
         name="dhcp-7.example.net"),
    Case("A message larger than we take", "552 5.3.4", parameters="SIZE=99999999"),
    Case("A sender who is asked to come back later", "450 4.7.0", sender="later@example.com"),
]


class Paint:
    """Colours on a terminal, plain text elsewhere."""

    def __init__(self, on: bool) -> None:
        self._on = on

    def _in(self, colour: str, text: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._on else text

    def heading(self, text: str) -> str:
        return self._in("1", text)

    def line(self, text: str) -> str:
        """A line of a dialogue: the client's plain, refusals in colour, the rest faint."""
        if text.startswith("S: 5"):
            return self._in("31", text)
        if text.startswith("S: 4"):
            return self._in("33", text)
        return self._in("2", text) if text.startswith("S: ") else text

    def mark(self, good: bool) -> str:
        return self._in("32", "as expected") if good else self._in("1;31", "NOT as expected")


def talk(port: int, case: Case) -> tuple[SmtpReply, list[str]]:
    """The last reply before QUIT, and the dialogue from the greeting on as that sender sees it."""
    with SmtpSession(port) as session:
        session.hello()
        before = len(session.transcript)
        # What only our loopback needs: from here on Postfix takes us for the case's client.
        session.appear_as(case.client, case.name, case.name)
        session.transcript[:before + 1] = []
        last = session.transaction(case.sender, [case.recipient],
                                   b"From: <" + case.sender.encode() + b">\r\nSubject: Lunch\r\n"
                                   b"\r\nAt noon?\r\n", case.parameters)[-1]
        session.quit()
        return last, session.dialogue()


def shortened(dialogue: list[str]) -> list[str]:
    """Without the middle of the reply to EHLO, which is Postfix's and the same each time."""
    keywords = [index for index, line in enumerate(dialogue) if line.startswith("S: 250-")]
    if len(keywords) < 3:
        return dialogue
    first, last = keywords[0] + 1, keywords[-1] + 1
    return [*dialogue[:first], f"S: ... ({last - first} more lines)", *dialogue[last:]]


def show_cases(postfix: Postfix, paint: Paint) -> tuple[bool, str]:
    """True when every verdict was right, and a reference worth explaining."""
    good, reference = True, ""
    for number, case in enumerate(CASES, 1):
        print(paint.heading(f"\n{number}. {case.title}"))
        for door, words in (("milter", "through the milter"),
                            ("policy", "through the policy service")):
            reply, dialogue = talk(postfix.port(door), case)
            right = reply.verdict == case.verdict
            good = good and right
            print(f"\n  {words}:")
            for line in shortened(dialogue):
                print("    " + paint.line(line))
            print(f"  {reply.verdict}: {paint.mark(right)}"
                  + ("" if right else f" (expected {case.verdict})"))
            reference = reference or reference_in(reply.text)
    return good, reference


def addresses(config: Path) -> tuple[str, str]:
    """Where conf/ makes Postern listen, in Postfix's notation: milter, policy."""
    listen = tomllib.loads(config.read_text(encoding="utf-8"))["listen"]
    policy = listen["policy"]
    return listen["milter"], policy if isinstance(policy, str) else policy[0]


def leave_out_taken_ports(config: Path) -> None:
    """The demo's copy of conf/ does without a loopback port that something on this machine has."""
    text = config.read_text(encoding="utf-8")
    for address in re.findall(r', "(inet:127\.0\.0\.1:\d+)"', text):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", int(address.rpartition(":")[2])))
            except OSError:
                print(f"{address} is in use on this machine, so the demo leaves it out")
                text = text.replace(f', "{address}"', "")
    config.write_text(text, encoding="utf-8")


def make_folders(root: Folder, milter: str, policy: str, user: str) -> None:
    """The sockets' folders, as a package installation makes them."""
    owner = pwd.getpwnam(user)
    for address in (milter, policy):
        if address.startswith("unix:"):
            root.folder(str(Path(address.removeprefix("unix:")).parent), owner.pw_uid,
                        owner.pw_gid)


def run(options: argparse.Namespace, paint: Paint) -> bool:
    milter, policy = addresses(options.conf / "postern.toml")
    group = pwd.getpwnam(options.user).pw_gid
    postfix = Postfix([milter_service("milter", milter), policy_service("policy", policy)], group)
    try:
        shutil.copytree(options.conf, postfix.root.outside("/etc/postern"))
        leave_out_taken_ports(postfix.root.outside(CONFIG))
        make_folders(postfix.root, milter, policy, options.user)
        with Postern(postfix.root, options.user, options.build.resolve() / "postern") as postern:
            postfix.start()
            print(f"Postern with {options.conf.name}/ as shipped, user {options.user}; Postfix "
                  f"{postfix.version()} on 127.0.0.1\n  port {postfix.port('milter')}: Postern as "
                  f"milter, {milter}\n  port {postfix.port('policy')}: Postern as policy service, "
                  f"{policy}")
            good, reference = show_cases(postfix, paint)
            if not reference:
                return False
            postern.record(reference)  # the journal is written a moment later
            told = postern.ask("explain", reference)
            print(paint.heading(f"\n$ postern explain {reference}"))
            print(told.stdout + told.stderr)
            return good and told.returncode == 0
    finally:
        postfix.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=CHECKOUT / "build/release",
                        help="folder of the program (default build/release)")
    parser.add_argument("--conf", type=Path, default=CHECKOUT / "conf",
                        help="folder of the policy (default conf)")
    parser.add_argument("--user", default="nobody", help="whom Postern runs as (default nobody)")
    options = parser.parse_args()
    # Ended from outside, or stuck: leave through the same clean-up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"the demo did not end in {_WHOLE_DEMO} s"))
    signal.alarm(_WHOLE_DEMO)
    paint = Paint(sys.stdout.isatty())
    try:
        good = run(options, paint)
    except (LabError, AssertionError) as trouble:
        print(f"The demo cannot go on: {trouble}", file=sys.stderr)
        return 1
    print(paint.heading("Every reply was the expected one, and both doors agreed." if good
                        else "Some replies were NOT the expected ones."))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
