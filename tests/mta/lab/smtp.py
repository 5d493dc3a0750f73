"""A raw SMTP client that keeps every octet of the dialogue."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass, field


class SmtpBroken(AssertionError):
    """The server closed the connection or sent something that is no SMTP reply."""


@dataclass(frozen=True)
class SmtpReply:
    """One reply as read from the socket."""

    raw: bytes

    @property
    def lines(self) -> list[str]:
        """Without line ends; octets beyond ASCII are kept as they are in latin-1."""
        return self.raw.decode("latin-1").split("\r\n")[:-1]

    @property
    def code(self) -> int:
        return int(self.raw[:3])

    @property
    def enhanced(self) -> str:
        """The enhanced code of the last line, or "" if there is none."""
        word = self.lines[-1][4:].split(" ", 1)[0]
        parts = word.split(".")
        return word if len(parts) == 3 and all(part.isdigit() for part in parts) else ""

    @property
    def verdict(self) -> str:
        return f"{self.code} {self.enhanced}".rstrip()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass
class SmtpSession:
    """One connection. Each operation ends at `limit` seconds or fails."""

    port: int
    host: str = "127.0.0.1"
    source: str = ""  # local address to come from; any 127.x.y.z will do
    limit: float = 30
    transcript: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        source = (self.source, 0) if self.source else None
        self._socket: socket.socket = socket.create_connection((self.host, self.port), self.limit, source)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pending = b""
        self.closed_by_server = False

    def __enter__(self) -> SmtpSession:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def send(self, octets: bytes) -> None:
        self.transcript.append(("C", octets))
        self._socket.sendall(octets)

    def read_reply(self) -> SmtpReply:
        """The next reply, multi-line ones whole."""
        end = time.monotonic() + self.limit
        raw = b""
        while True:
            line = self._read_line(end)
            raw += line
            if len(line) < 5 or not line[:3].isdigit() or line[3:4] not in (b" ", b"-", b"\r"):
                raise SmtpBroken(f"no SMTP reply line: {line!r}")
            if line[3:4] != b"-":
                break
        self.transcript.append(("S", raw))
        return SmtpReply(raw)

    def command(self, line: str) -> SmtpReply:
        self.send(line.encode("utf-8") + b"\r\n")
        return self.read_reply()

    def pipeline(self, lines: list[str]) -> list[SmtpReply]:
        """All commands in one write, then all replies."""
        self.send(b"".join(line.encode("utf-8") + b"\r\n" for line in lines))
        return [self.read_reply() for _ in lines]

    def hello(self, name: str = "mail.example.org") -> SmtpReply:
        """Greeting and EHLO; the reply to EHLO."""
        self.read_reply()
        return self.command(f"EHLO {name}")

    def appear_as(self, address: str, name: str = "", helo: str = "mail.example.org") -> SmtpReply:
        """XCLIENT after hello(): from now on this client is `address`. The reply to a new EHLO."""
        shown = f"IPV6:{address}" if ":" in address else address
        answer = self.command(f"XCLIENT ADDR={shown} NAME={name or '[UNAVAILABLE]'}")
        if answer.code != 220:
            return answer
        return self.command(f"EHLO {helo}")

    def start_tls(self, name: str = "mail.example.org") -> SmtpReply:
        """STARTTLS, the handshake, and EHLO again; the last reply. The certificate is not looked
        at. Octets are recorded as they are inside the encryption."""
        answer = self.command("STARTTLS")
        if answer.code != 220:
            return answer
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._socket = context.wrap_socket(self._socket)
        return self.command(f"EHLO {name}")

    def message(self, text: bytes = b"Subject: test\r\n\r\nHello.\r\n") -> SmtpReply:
        """After a 354: the message, dots doubled, and the final dot."""
        body = b"".join(b"." + line if line.startswith(b".") else line
                        for line in text.splitlines(keepends=True))
        self.send(body + b".\r\n")
        return self.read_reply()

    def transaction(self, sender: str, recipients: list[str],
                    text: bytes = b"Subject: test\r\n\r\nHello.\r\n",
                    mail_parameters: str = "") -> list[SmtpReply]:
        """MAIL to the final dot, as far as the server goes along; every reply in order."""
        replies = [self.command(f"MAIL FROM:<{sender}>{mail_parameters and ' ' + mail_parameters}")]
        if replies[-1].code != 250:
            return replies
        accepted = False
        for recipient in recipients:
            replies.append(self.command(f"RCPT TO:<{recipient}>"))
            accepted = accepted or replies[-1].code == 250
        if not accepted:
            return replies
        replies.append(self.command("DATA"))
        if replies[-1].code == 354:
            replies.append(self.message(text))
        return replies

    def quit(self) -> None:
        """QUIT; a server that has closed already (after 421 or 521) is fine."""
        try:
            self.command("QUIT")
        except (SmtpBroken, OSError):
            pass
        self.close()

    def server_closes(self) -> bool:
        """True when the server closes without saying more."""
        try:
            self._read_line(time.monotonic() + self.limit)
        except SmtpBroken:
            return self.closed_by_server
        return False

    def dialogue(self) -> list[str]:
        """Lines "C: ..." and "S: ..." as the client saw them."""
        return [f"{side}: {line}" for side, octets in self.transcript
                for line in octets.decode("latin-1").rstrip("\r\n").split("\r\n")]

    def _read_line(self, end: float) -> bytes:
        while b"\n" not in self._pending:
            self._socket.settimeout(max(0.001, end - time.monotonic()))
            try:
                chunk = self._socket.recv(65536)
            except TimeoutError:
                raise SmtpBroken(f"no reply within {self.limit:g} s") from None
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                self.closed_by_server = True
                raise SmtpBroken(f"the server closed the connection; unread: {self._pending!r}")
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return line + b"\n"
