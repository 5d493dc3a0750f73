"""Throw-away plugins, for testing the laboratory itself: a policy server and a milter."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Self

PolicyAnswer = Callable[[Mapping[str, str]], str]
MilterAnswer = Callable[[str, bytes], "bytes | None"]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Toy:
    """A server on a free port, in threads of its own until close()."""

    def __init__(self, handler: type[socketserver.BaseRequestHandler]) -> None:
        self._server = _Server(("127.0.0.1", 0), handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class ToyPolicyServer(_Toy):
    """Answers each request with `action=` and what `answer` returns for its attributes."""

    def __init__(self, answer: PolicyAnswer) -> None:
        self.requests: list[dict[str, str]] = []
        requests = self.requests

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                attributes: dict[str, str] = {}
                for line in self.rfile:
                    text = line.decode("utf-8", errors="replace").rstrip("\n")
                    if text:
                        name, _, value = text.partition("=")
                        attributes[name] = value
                        continue
                    requests.append(attributes)
                    self.wfile.write(f"action={answer(attributes)}\n\n".encode())
                    attributes = {}

        super().__init__(Handler)
        self.address = f"inet:127.0.0.1:{self.port}"


def reply_packet(code: str, text: str) -> bytes:
    """SMFIR_REPLYCODE as the MTA reads it; `text` may hold several whole lines."""
    return b"y" + f"{code} {text}".encode() + b"\0"


class ToyMilter(_Toy):
    """Speaks the milter protocol, version 6. `answer` gets a command letter of the protocol
    (H helo, M mail, R rcpt, T data, E end of message, ...) and its data, and returns a reply
    packet or None for "continue"."""

    def __init__(self, answer: MilterAnswer) -> None:
        self.commands: list[str] = []
        commands = self.commands

        class Handler(socketserver.BaseRequestHandler):
            request: socket.socket

            def handle(self) -> None:
                while header := _read(self.request, 5):
                    size, letter = struct.unpack("!Ic", header)
                    command, data = letter.decode("latin-1"), _read(self.request, size - 1)
                    commands.append(command)
                    if command == "Q":
                        return
                    packet = _respond(command, data)
                    if packet:
                        self.request.sendall(struct.pack("!I", len(packet)) + packet)

        def _respond(command: str, data: bytes) -> bytes:
            if command == "O":  # version 6, no changes, all steps
                return b"O" + struct.pack("!III", 6, 0, 0)
            if command in "DA":  # macros and abort are not answered
                return b""
            return answer(command, data) or b"c"

        super().__init__(Handler)
        self.postfix_address = f"inet:127.0.0.1:{self.port}"
        self.sendmail_address = f"inet:{self.port}@127.0.0.1"


def _read(connection: socket.socket, count: int) -> bytes:
    octets = b""
    while len(octets) < count:
        try:
            chunk = connection.recv(count - len(octets))
        except OSError:
            return b""
        if not chunk:
            return b""
        octets += chunk
    return octets
