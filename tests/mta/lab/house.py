"""Everything together: one Postern, a Postfix that asks it through either door, a sendmail."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence

from .place import Folder
from .postern import CONFIG, Postern
from .postfix import Postfix, Smtpd, milter_service, policy_service
from .process import free_ports
from .sendmail import Sendmail
from .smtp import SmtpReply, SmtpSession

_SETTINGS = """\
[identity]
host = "mx1.example.org"
contact = "postmaster@example.org"
help = "https://mail.example.org/why/{{reason}}#{{ref}}"

[listen]
milter = "inet:127.0.0.1:{milter}"
policy = ["inet:127.0.0.1:{policy}"]
control = "unix:/run/postern/control.sock"

[journal]
path = "/var/log/postern/decisions.jsonl"

[log]
accepts = false

"""


class House:
    """Doors by name: "milter" and "policy" (one Postfix service each), "sendmail"; `more` makes
    further Postfix services from the addresses of this house; `policy_contexts` are the restriction
    lists of "policy"."""

    def __init__(self, rules: str, more: Callable[[House], list[Smtpd]] | None = None,
                 postfix_settings: Mapping[str, str] | None = None,
                 certificate: tuple[str, str] | None = None,
                 policy_contexts: Sequence[str] = ("recipient",)) -> None:
        self._stack = contextlib.ExitStack()
        self._milter, self._policy = free_ports(2)
        self.policy_address = f"inet:127.0.0.1:{self._policy}"
        self.milter_address = f"inet:127.0.0.1:{self._milter}"
        self._rules = rules
        self._more = more(self) if more else []
        self._postfix_settings = postfix_settings
        self._certificate = certificate
        self._policy_contexts = policy_contexts
        self.root: Folder
        self.postern: Postern
        self.postfix: Postfix
        self.sendmail: Sendmail
        self.ports: dict[str, int] = {}

    def __enter__(self) -> House:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def start(self) -> None:
        enter = self._stack.enter_context
        self.root = Folder("d")
        self._stack.callback(self.root.close)
        self.write_rules(self._rules)
        self.postern = enter(Postern(self.root))
        self.postfix = enter(Postfix(
            [milter_service("milter", self.milter_address),
             policy_service("policy", self.policy_address, self._policy_contexts), *self._more],
            settings=self._postfix_settings, certificate=self._certificate))
        self.sendmail = enter(Sendmail(f"inet:{self._milter}@127.0.0.1",
                                       certificate=self._certificate))
        self.ports = {name: self.postfix.port(name) for name in self.postfix.services}
        self.ports["sendmail"] = self.sendmail.port

    def close(self) -> None:
        self._stack.close()

    def write_rules(self, rules: str) -> None:
        """Replaces the policy file; the server does not know yet."""
        self.root.write(CONFIG, _SETTINGS.format(milter=self._milter, policy=self._policy) + rules)

    def session(self, door: str, source: str = "", helo: str = "mail.example.org") -> SmtpSession:
        """A new session after EHLO; the caller closes it."""
        session = SmtpSession(self.ports[door], source=source)
        session.hello(helo)
        return session

    def ask(self, door: str, recipient: str, sender: str = "a@example.org") -> SmtpReply:
        """The last reply of a new session with one transaction."""
        with self.session(door) as session:
            return session.transaction(sender, [recipient])[-1]
