"""Shows the laboratory at work: both servers with throw-away plugins, dialogues and logs."""

from __future__ import annotations

from collections.abc import Mapping

from .postfix import Postfix, milter_service, policy_service
from .sendmail import Sendmail
from .smtp import SmtpSession
from .toys import ToyMilter, ToyPolicyServer, reply_packet


def _policy_answer(request: Mapping[str, str]) -> str:
    return "550 5.1.1 nobody of that name" if request["recipient"].startswith("bad@") else "DUNNO"


def _milter_answer(command: str, data: bytes) -> bytes | None:
    if command == "R" and data.startswith(b"<bad@"):
        return reply_packet("550", "5.1.1 nobody of that name")
    return None


def _show(title: str, port: int, xclient: bool) -> None:
    print(f"--- {title}")
    with SmtpSession(port) as session:
        session.hello()
        if xclient:
            session.appear_as("192.0.2.7", "mail.example.org")
        session.transaction("a@example.org", ["b@test.example", "bad@test.example"])
        session.quit()
        print("\n".join(session.dialogue()))


def main() -> None:
    with ToyPolicyServer(_policy_answer) as policy, ToyMilter(_milter_answer) as milter:
        with Postfix([milter_service("milter", milter.postfix_address),
                      policy_service("policy", policy.address)]) as postfix:
            print(f"Postfix {postfix.version()}")
            for name in postfix.services:
                _show(f"Postfix, {name} only", postfix.port(name), xclient=True)
            postfix.log.wait(": removed$")
            print(postfix.log.text())
        with Sendmail(milter.sendmail_address) as sendmail:
            print(f"sendmail {sendmail.version()}")
            _show("sendmail", sendmail.port, xclient=False)
            sendmail.log.wait("queued")
            print(sendmail.log.text())


main()
